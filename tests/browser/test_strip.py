"""A prompt that is out of sight is announced at the foot of its notebook, with a way to it and no power of its own."""

from __future__ import annotations

from playwright.sync_api import expect

from .harness import PATIENCE_MS
from .test_prompt import SETUP

FILLING = "\n".join(["pass"] * 40)  # a tall cell


def run_all(page):
    """Run all cells; JupyterLab's command ends when they have ended, and is not waited for."""
    page.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")


def strip(page):
    return page.page.locator(".jp-NotebookPanel > .ssvm-strip")


def bottom(page):
    page.page.locator(".jp-WindowedPanel-outer").first.evaluate("node => { node.scrollTop = node.scrollHeight; }")


def test_run_all_in_a_long_notebook(notebook, artifacts):
    page = notebook("long.ipynb", [SETUP, FILLING, "ask();", *[FILLING] * 6])
    run_all(page)
    page.wait_prompt(2)  # its focus brings it into sight, once
    bottom(page)
    expect(strip(page)).to_be_visible(timeout=PATIENCE_MS)
    expect(strip(page)).to_have_text("A guest waits for your answer: In [3]Show")
    for dark in (False, True):
        page.theme(dark=dark)
        page.screenshot(artifacts / f"strip-{'dark' if dark else 'light'}.png")
    page.theme(dark=False)
    page.expect_running(2)
    strip(page).get_by_role("button", name="Show").click()
    expect(page.prompt(2)).to_be_in_viewport()
    expect(strip(page)).to_have_count(0)
    page.expect_running(2)  # it leads there and answers nothing
    bottom(page)
    expect(strip(page)).to_be_visible()
    page.page.evaluate("document.querySelector('.ssvm-strip button').click()")  # a script may scroll too, and no more
    expect(page.prompt(2)).to_be_in_viewport()
    page.expect_running(2)
    page.wait_prompt(2)
    page.click("Allow once", 2)
    page.expect_done(2)
    page.expect_output(2, "ANSWER once")
    expect(strip(page)).to_have_count(0)


def test_it_goes_when_the_cell_is_interrupted(notebook):
    page = notebook("long-interrupted.ipynb", [SETUP, "ask();", *[FILLING] * 4])
    run_all(page)
    page.wait_prompt(1)  # its focus brings it into sight, once
    bottom(page)
    expect(strip(page)).to_be_visible(timeout=PATIENCE_MS)
    page.interrupt()
    page.expect_done(1)
    expect(strip(page)).to_have_count(0)


def test_the_cells_name_is_text(notebook):
    page = notebook("strip-text.ipynb", [SETUP, "import dataclasses, kernel_side\n"
        "from msgspec import structs\nwas = kernel_side.request\n"
        "kernel_side.request = lambda **c: structs.replace(r := was(**c), asker=dataclasses.replace(r.asker, cell="
        "'<img src=x onerror=alert(1)>\\u202e'))\nask();", *[FILLING] * 4])  # fmt: skip
    run_all(page)
    page.wait_prompt(1)  # its focus brings it into sight, once
    bottom(page)
    expect(strip(page)).to_contain_text(r"<img src=x onerror=alert(1)>\u202e", timeout=PATIENCE_MS)
    assert page.page.locator(".ssvm-strip img").count() == 0


def test_a_cell_that_jupyterlab_hides_is_asked_about_and_found(notebook):
    page = notebook("windowed.ipynb", [SETUP, FILLING, "ask();", *[FILLING] * 12])
    page.page.evaluate("""() => {
      const content = window.jupyterapp.shell.currentWidget.content;
      content.notebookConfig = {...content.notebookConfig, windowingMode: 'full'};
    }""")
    run_all(page)
    page.prompt(2).wait_for(state="attached", timeout=PATIENCE_MS)
    bottom(page)
    expect(strip(page)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.page.locator(".ssvm-prompt:not(.ssvm-strip)")).to_be_hidden()
    strip(page).get_by_role("button", name="Show").click()
    expect(page.page.locator(".ssvm-prompt:not(.ssvm-strip)")).to_be_in_viewport(timeout=PATIENCE_MS)
    page.click("Deny", 2)
    expect(page.page.get_by_text("ANSWER deny")).to_be_visible(timeout=PATIENCE_MS)
    expect(strip(page)).to_have_count(0)
