"""The extension in both themes and on a narrow screen, and the colours of the SSVM kernel's cells."""

from __future__ import annotations

import json
import sys

import nbformat
import pytest
from playwright.sync_api import expect

from tests.kernel.guests import command_cell

from .harness import PATIENCE_MS, LabServer, NotebookPage
from .test_extension import ASKS, LOAD, WAT, click, revoke_all, wait_dialog
from .test_prompt import _CONTRAST

ARGUMENTS = ("git", "log", "--format=" + "x" * 90, "a\x1b[2K", "")


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    import wasmtime

    with LabServer(tmp_path_factory.mktemp("looks")) as server:
        spec = {"argv": [sys.executable, "-m", "ssvm_kernel.kernel", "-f", "{connection_file}"], "display_name": "SSVM"}
        folder = server.folder / "data/kernels/ssvm"
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps({**spec, "language": "ssvm"}))
        (server.notebooks / "hello.wasm").write_bytes(wasmtime.wat2wasm(WAT))
        yield server


@pytest.fixture(scope="module")
def context(browser, server):
    context = browser.new_context(viewport={"width": 1000, "height": 720})
    yield context
    context.close()


def test_both_themes_and_320_pixels(server, context, artifacts):
    page = NotebookPage(server, context).open("looks.ipynb", [LOAD, ASKS, command_cell("--name long", *ARGUMENTS)])
    page.run(0)
    page.expect_done(0)
    page.command("ssvm:show-panel")
    for dark in (False, True):
        name = "dark" if dark else "light"
        page.theme(dark=dark)
        page.run(1)
        shown = wait_dialog(page)
        shown.get_by_role("radio", name="This session").check()
        expect(shown.get_by_role("button", name="Allow for this session")).to_be_enabled()
        page.screenshot(artifacts / f"dialog-{name}.png")
        ratios = page.page.locator("dialog.ssvm-dialog").evaluate(_CONTRAST)
        assert len(ratios) > 20
        assert [pair for pair in ratios if pair[1] < 4.5] == []
        click(page, "Allow for this session")
        page.expect_done(1)
        panel = page.page.locator(".ssvm-panel")
        expect(panel.locator(".ssvm-grant")).to_be_visible(timeout=PATIENCE_MS)
        page.screenshot(artifacts / f"panel-{name}.png")
        assert [pair for pair in panel.evaluate(_CONTRAST) if pair[1] < 4.5] == []
        revoke_all(panel)
        expect(panel.locator(".ssvm-grant")).to_have_count(0, timeout=PATIENCE_MS)
        page.open_file("hello.wasm")
        viewer = page.page.locator(".ssvm-viewer")
        expect(viewer).to_contain_text("Impossible, whatever it does", timeout=PATIENCE_MS)
        page.screenshot(artifacts / f"viewer-{name}.png")
        assert [pair for pair in viewer.evaluate(_CONTRAST) if pair[1] < 4.5] == []
        page.command("application:close")
    page.theme(dark=False)

    page.run(2)
    page.page.set_viewport_size({"width": 320, "height": 640})
    shown = wait_dialog(page)
    page.screenshot(artifacts / "dialog-320.png")
    for part in shown.locator(".ssvm-item, label, button").all():
        box = part.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
    deny = shown.get_by_role("button", name="Deny")
    deny.scroll_into_view_if_needed()
    expect(deny).to_be_enabled()
    deny.click()
    page.expect_done(2)
    page.page.set_viewport_size({"width": 1000, "height": 720})
    page.close()


def test_cells_of_the_kernel_are_coloured_in_their_language(server, context, artifacts):
    spec = {"name": "ssvm", "display_name": "SSVM", "language": "ssvm"}
    sources = [
        "fn main() { let x = 1; } // a Rust note, isn't it",
        "%lang c --opt 2\nint main(void) { return 0; } /* a C note, isn't it */",
        "int f(void) { return 1; }",
        '%%wat\n(module (func (export "_start"))) ;; a WAT note',
        "%%python\ndef python():\n    return 1",
        f"%%wat --name asker\n{WAT}",
    ]
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": spec})
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(notebook, server.notebooks / "kernel.ipynb")
    page = NotebookPage(server, context).open("kernel.ipynb")
    keyword = page.cell(0).locator(".cm-line span", has_text="fn").first
    keyword.wait_for(timeout=PATIENCE_MS)
    coloured = keyword.get_attribute("class")
    for number, word in enumerate(("let", "return", "return", "module", "def")):
        cell = page.cell(number)
        expect(cell.locator(f'.cm-line span[class="{coloured}"]', has_text=word).first).to_be_visible()
    expect(page.cell(1).locator(".cm-line.ssvm-magicLine")).to_have_text(["%lang c --opt 2"])
    page.screenshot(artifacts / "kernel-cells.png")

    # This kernel calls before its first cell, perhaps before a busy page hears it; the panel asks it in any case.
    page.command("ssvm:show-panel")
    expect(page.page.locator(".ssvm-panel")).to_contain_text("Nothing is granted.")
    page.run(5)
    wait_dialog(page)
    click(page, "Allow once")
    page.expect_done(5)
    expect(page.cell(5).locator(".jp-OutputArea").first).to_contain_text("exit 0", timeout=PATIENCE_MS)
    page.close()
