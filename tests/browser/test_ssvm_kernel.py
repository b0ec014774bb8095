"""The SSVM kernel in JupyterLab: in the launcher with its picture, and a cell that asks while it runs."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import expect

from ssvm_kernel.cli.main import main
from tests.kernel.guests import command_cell

from .harness import PATIENCE_MS, TOKEN

CELL = command_cell("", "echo", "granted").partition("\n")[2] + ";; a WAT note\n"


@pytest.fixture(scope="module")
def installed(lab):
    """The kernel where a person's JupyterLab looks for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(lab.folder / "data"))
        options = ["--language", "wat", "--display-name", "SSVM to try"]
        assert main(["kernel", "install", "--user", "--name", "to-try", *options]) == 0
    metadata = {"kernelspec": {"name": "to-try", "display_name": "SSVM to try", "language": "ssvm"}}
    notebook = nbformat.v4.new_notebook(metadata=metadata)
    notebook.cells = [nbformat.v4.new_code_cell(CELL), nbformat.v4.new_code_cell("%%ru")]
    nbformat.write(notebook, lab.notebooks / "guests.ipynb")
    return lab


def test_the_launcher_has_it(installed, browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"http://127.0.0.1:{installed.port}/lab?token={TOKEN}&reset")
    card = page.locator('.jp-LauncherCard[data-category="Notebook"][title^="SSVM to try"]')
    expect(card).to_be_visible(timeout=PATIENCE_MS)
    picture = card.locator("img")
    expect(picture).to_be_visible(timeout=PATIENCE_MS)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    context.close()


def test_a_cell_asks_while_it_runs_and_tab_completes(installed, notebook) -> None:
    page = notebook("guests.ipynb")
    # In the kernel's own language: to Rust, which the extension would take for it otherwise, this is no comment.
    note = page.cell(0).locator(".cm-line span", has_text=";; a WAT note").first
    expect(note).to_be_visible(timeout=PATIENCE_MS)
    page.run(0)
    page.wait_prompt()
    page.expect_running(0)
    page.click("Allow")
    page.expect_done(0)
    page.expect_output(0, "granted")
    page.cell(1).locator(".cm-content").click()
    page.page.keyboard.press("End")
    page.page.keyboard.press("Tab")
    expect(page.page.locator(".jp-Completer")).to_contain_text("%%rust", timeout=PATIENCE_MS)
