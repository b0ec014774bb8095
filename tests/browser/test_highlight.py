"""The JupyterLab extension in a real JupyterLab: colours of a cell, by the classes that the editor gives to words."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

PYTHON = "def python():  # a Python note\n    return 1"
RUST = "%%ssvm rust --allow-command \"it's\"\nfn main() { let x = 1; } // a Rust note, isn't it"
C = "%%ssvm c\nint main(void) { return 0; } /* a C note, isn't it */"
WAT = '%%ssvm wat\n(module (func (export "_start"))) ;; a WAT note'
GO = '%%ssvm go\npackage main\nfunc main() { println("x") } // a Go note'
OTHER = "%%writefile x.rs\nfn main() { } // isn't it"


@pytest.fixture(autouse=True)
def _installed() -> None:
    prefix = Path(os.environ.get("SSVM_TEST_LAB_PYTHON", sys.executable)).parent.parent
    if not (prefix / "share/jupyter/labextensions/ssvm-kernel/package.json").exists():
        pytest.fail("the extension is not installed in this environment: pip install -e .")


def style_of(cell, word: str) -> str:
    """Return the class of the first token that is `word`, once the editor has coloured it."""
    return cell.locator(".cm-line span", has_text=word).first.get_attribute("class") or ""


def test_body_is_coloured_in_its_own_language(notebook, artifacts):
    page = notebook("languages.ipynb", [PYTHON, RUST, C, WAT, GO, OTHER])
    python, rust, c, wat, go, other = (page.cell(number) for number in range(6))
    keyword = style_of(python, "def")
    comment = style_of(python, "# a Python note")
    assert keyword
    assert comment
    assert keyword != comment

    for cell, word in ((rust, "fn"), (rust, "let"), (c, "return"), (wat, "module"), (go, "func")):
        expect(cell.locator(f'.cm-line span[class="{keyword}"]', has_text=word).first).to_be_visible()
    for cell, note in ((rust, "// a Rust"), (c, "/* a C"), (wat, ";; a WAT"), (go, "// a Go")):
        expect(cell.locator(f'.cm-line span[class="{comment}"]', has_text=note).first).to_be_visible()
    for cell in (rust, c, wat, go):
        expect(cell.locator(".cm-line.ssvm-magicLine")).to_have_count(1)
    expect(other.locator(".ssvm-magicLine")).to_have_count(0)
    expect(other.locator(f'.cm-line span[class="{keyword}"]', has_text="fn")).to_have_count(0)
    page.screenshot(artifacts / "highlight.png")


def test_colours_follow_the_magic_line(notebook):
    page = notebook("edited.ipynb", [PYTHON, "%%ssvm rust\nfn main() { } // note"])
    keyword, cell = style_of(page.cell(0), "def"), page.cell(1)
    coloured = cell.locator(f'.cm-line span[class="{keyword}"]', has_text="fn")
    expect(coloured).to_have_count(1)

    cell.locator(".cm-line").first.click()
    page.page.keyboard.press("End")
    page.page.keyboard.type("x")  # %%ssvm rustx
    expect(coloured).to_have_count(0)
    page.page.keyboard.press("Backspace")
    expect(coloured).to_have_count(1)


def test_comment_key_uses_the_language_of_the_body(notebook):
    page = notebook("comment.ipynb", ["%%ssvm rust\nfn main() { }"])
    cell = page.cell(0)
    expect(cell.locator(".ssvm-magicLine")).to_have_count(1)
    cell.locator(".cm-line").nth(1).click()
    page.page.keyboard.press("Control+/")
    expect(cell.locator(".cm-line").nth(1)).to_have_text("// fn main() { }")


def test_switch_in_the_settings_turns_it_off(notebook):
    page = notebook("switched.ipynb", ["%%ssvm rust\nfn main() { }"])
    mark = page.cell(0).locator(".ssvm-magicLine")
    expect(mark).to_have_count(1)
    set_switch = """async on => {
      const settings = await window.jupyterapp.serviceManager.settings.fetch('@jupyterlab/codemirror-extension:plugin');
      const raw = JSON.stringify({defaultConfig: {ssvmCellMagic: on}});
      await window.jupyterapp.serviceManager.settings.save(settings.id, raw);
    }"""
    page.page.evaluate(set_switch, False)
    try:
        page.page.reload()
        expect(page.cell(0).locator(".cm-line").nth(1)).to_contain_text("fn main")
        page.wait_idle()
        expect(mark).to_have_count(0)
    finally:
        page.page.evaluate(set_switch, True)
