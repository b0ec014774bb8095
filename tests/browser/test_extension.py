"""The extension's parts as a person meets them: in the newest and the oldest JupyterLab, and in Notebook 7."""

from __future__ import annotations

import contextlib
import os
import re
import sys

import nbformat
import pytest
import wasmtime
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from ssvm_kernel.capabilities.manifest import manifest_of
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.cli.main import main
from tests.kernel.guests import command_cell

from .fixtures import missing
from .harness import PATIENCE_MS, LabServer, NotebookPage

LOAD = "%load_ext ssvm_kernel"
ASKS = command_cell("--name asker", "echo", "said by the host")
WAT = ASKS.partition("\n")[2]


in_newest = pytest.mark.parametrize("front", ["lab"], indirect=True, scope="module")


@pytest.fixture(scope="module", params=["lab", "oldest-lab", "notebook"])
def front(request, browser, tmp_path_factory):
    """A server with all parts of the extension, and one page of it."""
    app, python = ("notebook" if request.param == "notebook" else "lab"), ""
    if request.param == "oldest-lab":
        python = os.environ.get("SSVM_OLDEST_PYTHON", "")
        if not python:
            missing("set SSVM_OLDEST_PYTHON, as 'make test' does, for the oldest JupyterLab")
    elif os.environ.get("SSVM_TEST_LAB_PYTHON", sys.executable) != sys.executable:
        pytest.skip("another interpreter is under test")
    with LabServer(tmp_path_factory.mktemp(request.param), app=app, python=python) as server:
        (server.notebooks / "hello.wasm").write_bytes(wasmtime.wat2wasm(WAT))
        (server.notebooks / "hello.wat").write_text(WAT)
        context = browser.new_context(viewport={"width": 1100, "height": 850})
        page = NotebookPage(server, context).open("cells.ipynb", [LOAD, ASKS, "bystander = 1"])
        page.run(0)
        page.expect_done(0)
        page.name = request.param
        yield page
        page.close()
        context.close()


def dialog(page):
    return page.page.get_by_role("alertdialog", name="Run a program on this computer?")


def ask(page):
    page.run(1)
    return wait_dialog(page)


def wait_dialog(page):
    shown = dialog(page)
    shown.wait_for(timeout=PATIENCE_MS)
    expect(shown.get_by_role("button", name="Deny")).to_be_enabled(timeout=PATIENCE_MS)
    return shown


def click(page, name):
    dialog(page).get_by_role("button", name=name).click()
    expect(dialog(page)).to_have_count(0, timeout=PATIENCE_MS)


def expect_output(page, text):
    expect(page.cell(1).locator(".jp-OutputArea").first).to_contain_text(text, timeout=PATIENCE_MS)


def revoke_all(panel):
    """Press the buttons as a person would, again while one is there: a grant may be drawn anew under a key."""
    revoke = panel.get_by_role("button", name=re.compile("^Revoke"))
    for _ in range(20):
        with contextlib.suppress(PlaywrightTimeout):  # it was gone before the key came
            revoke.first.press("Enter", timeout=3000)
        panel.page.wait_for_timeout(1500)
        if not revoke.count():
            return
    raise AssertionError("the grants are not taken back")


def test_a_question_in_the_window_and_its_answers(front, artifacts):
    shown = ask(front)
    expect(shown.get_by_role("button", name="Deny")).to_be_focused()
    expect(front.page.locator("dialog.ssvm-dialog")).to_contain_text("cells.ipynb")
    assert front.page.evaluate("document.querySelector('.ssvm-dialog').matches(':modal')")
    expect(front.prompt(1)).to_have_count(0)  # it is not in the cell
    front.expect_running(1)
    busy = front.page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]')
    expect(busy).to_be_visible()  # the control channel tells no "idle" in mid-cell
    front.screenshot(artifacts / f"dialog-{front.name}.png")
    front.page.keyboard.press("Escape")
    expect(shown).to_have_count(0)
    front.expect_done(1)
    expect_output(front, "DeniedError")

    ask(front)
    click(front, "Allow once")
    front.expect_done(1)
    expect_output(front, "Allowed once")
    expect_output(front, "exit 0")


@in_newest
def test_looking_at_the_notebook_first(front):
    ask(front)
    front.page.get_by_role("button", name="Look at the notebook first").click()
    expect(dialog(front)).to_have_count(0)
    front.expect_running(1)
    front.page.locator(".ssvm-waiting").get_by_role("button", name="Show").click()
    wait_dialog(front)
    front.page.keyboard.press("Enter")  # the focus is on Deny
    front.expect_done(1)
    expect_output(front, "DeniedError")
    expect(front.page.locator(".ssvm-waiting")).to_have_count(0)


def test_grants_and_ledger_in_the_panel(front, artifacts):
    shown = ask(front)
    if front.name != "notebook":  # it has no status bar
        expect(front.page.locator(".ssvm-status-button")).to_have_text("SSVM: 1 request waits")
    shown.get_by_role("radio", name="This session").check()
    expect(shown.get_by_role("button", name="Allow for this session")).to_be_enabled()
    click(front, "Allow for this session")
    front.expect_done(1)
    if front.name != "notebook":
        expect(front.page.locator(".ssvm-status-button")).to_have_text("SSVM: 1 grant", timeout=PATIENCE_MS)
    front.command("ssvm:show-panel")
    panel = front.page.get_by_role("region", name="SSVM grants and ledger")
    expect(panel.locator(".ssvm-grant")).to_contain_text("session", timeout=PATIENCE_MS)
    expect(panel.locator(".ssvm-ledger-line").first).to_contain_text("allowed echo 'said by the host'")
    front.screenshot(artifacts / f"panel-{front.name}.png")
    before = panel.locator(".ssvm-ledger-line").count()
    front.run(1)  # granted: no question, and the ledger grows by itself
    front.expect_done(1)
    expect(panel.locator(".ssvm-ledger-line")).to_have_count(before + 1, timeout=PATIENCE_MS)
    revoke_all(panel)
    expect(panel).to_contain_text("Nothing is granted.", timeout=PATIENCE_MS)
    ask(front)
    click(front, "Deny")
    front.expect_done(1)


@in_newest
def test_the_report_of_a_run(front):
    ask(front)
    click(front, "Allow once")
    front.expect_done(1)
    report = front.cell(1).locator(".ssvm-report:not(.ssvm-fold)")
    expect(report.locator("summary")).to_contain_text("exit 0", timeout=PATIENCE_MS)
    expect(report.locator(".ssvm-report-bar").first).to_be_hidden()
    report.locator("summary").click()
    expect(report).to_contain_text("instantiate")
    expect(report.locator(".ssvm-report-facts")).to_contain_text("sha256")


@in_newest
def test_a_command_and_a_manifest_are_folded_and_stay_as_they_were_left(front):
    ask(front)
    click(front, "Allow once")
    front.expect_done(1)
    manifest, command = (front.cell(1).locator(".ssvm-fold").nth(number) for number in (0, 1))
    expect(manifest.locator("summary")).to_contain_text("asker can run host commands", timeout=PATIENCE_MS)
    expect(manifest.locator("pre")).to_be_hidden()
    manifest.locator("summary").focus()
    front.page.keyboard.press("Enter")
    expect(manifest.locator("pre")).to_contain_text("cannot use the network")
    expect(command.locator("summary code")).to_have_text("echo 'said by the host'")
    expect(command.locator("summary")).to_contain_text("exit 0")
    expect(command.locator("pre")).to_have_text("said by the host")  # it is short, so it is open
    command.locator("summary").click()
    expect(command.locator("pre")).to_be_hidden()


def test_a_module_is_opened_and_a_cell_inserted(front, browser, artifacts):
    if front.name == "notebook":
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(front.server.url("hello.wasm").replace("/notebooks/", "/edit/"))
    else:
        page = front.page
        front.open_file("hello.wasm")
    viewer = page.locator(".ssvm-viewer")
    expect(viewer.get_by_role("heading", name="hello.wasm")).to_be_visible(timeout=PATIENCE_MS)
    manifest = manifest_of(read_binary(wasmtime.wat2wasm(WAT)))  # the kernel and the page tell the same
    for part, statements in (("can", manifest.can), ("cannot", manifest.cannot)):
        told = [f"{statement.text} ({statement.because})" for statement in statements]
        expect(viewer.locator(f".ssvm-viewer-{part} li")).to_have_text(told)
    expect(viewer.get_by_role("row", name="ssvm_process.ssvm_process_run")).to_contain_text("() -> (i32)")
    expect(viewer.get_by_role("row", name="_start")).to_contain_text("function")
    assert page.locator(".ssvm-viewer-wat").count() == 0
    page.screenshot(path=artifacts / f"viewer-{front.name}.png")
    viewer.get_by_role("button", name="Show the code as text (WAT)").click()
    expect(page.get_by_label("Code as text")).to_contain_text("(func $set_name (;2;)", timeout=PATIENCE_MS)
    viewer.get_by_role("button", name="Insert a cell that runs this").click()
    if front.name == "notebook":
        expect(viewer.get_by_role("status")).to_have_text("Open a notebook first.")
        page.context.close()
        return
    expect(viewer.get_by_role("status")).to_have_text("Inserted into cells.ipynb")
    front.open_file("hello.wat")
    editor = page.locator(".jp-FileEditor .cm-content")
    expect(editor.locator(".cm-line span", has_text="module").first).to_be_visible(timeout=PATIENCE_MS)
    for path in ("hello.wat", "hello.wasm"):
        front.open_file(path)
        front.command("application:close")
    inserted = front.page.locator(".jp-Notebook .jp-CodeCell", has_text="%ssvm load hello.wasm")
    expect(inserted).to_contain_text("%ssvm run hello", timeout=PATIENCE_MS)


def test_a_page_that_is_reloaded_in_mid_question_gets_it_back(front, artifacts):
    front.save()
    ask(front)
    front.page.reload()
    wait_dialog(front)
    click(front, "Allow once")
    front.wait_idle()
    front.run_code("print('the kernel lives')", 2)
    expect(front.cell(2).locator(".jp-OutputArea").first).to_contain_text("the kernel lives", timeout=PATIENCE_MS)


@in_newest
def test_the_ssvm_kernel_under_another_name_asks_in_the_window_and_gets_a_cell_of_its_own(front, browser, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(front.server.folder / "data"))
    assert main(["kernel", "install", "--user", "--name", "guests-c", "--language", "wat"]) == 0
    kernelspec = {"name": "guests-c", "display_name": "SSVM", "language": "ssvm"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernelspec})
    notebook.cells = [nbformat.v4.new_code_cell(WAT)]
    nbformat.write(notebook, front.server.notebooks / "guests.ipynb")
    context = browser.new_context(viewport={"width": 1100, "height": 850})
    page = NotebookPage(front.server, context).open("guests.ipynb")
    page.run(0)  # the kernel's first call was before this page could hear it
    wait_dialog(page)
    click(page, "Allow once")
    page.expect_done(0)
    page.expect_output(0, "said by the host")
    page.open_file("hello.wasm")
    page.page.locator(".ssvm-viewer").get_by_role("button", name="Insert a cell that runs this").click()
    page.command("application:close")
    inserted = page.cell(1).locator(".cm-content")
    expect(inserted).to_contain_text("%ssvm run hello")
    expect(inserted).not_to_contain_text("%load_ext")
    page.close()
    context.close()
