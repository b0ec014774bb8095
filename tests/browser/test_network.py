"""The question about a connection, as a person meets it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.network.guests import needs_network

from .harness import PATIENCE_MS, LabServer, NotebookPage

pytestmark = needs_network
GUEST = Path(__file__).parents[1] / "network" / "guest.wasm"


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def test_a_connection_is_asked_for_allowed_and_recorded(notebook, server, artifacts):
    place = f"127.0.0.1:{server.getsockname()[1]}"
    load = f"get_ipython().run_line_magic('ssvm', 'load {GUEST} --name caller')"
    page = notebook("network.ipynb", ["%load_ext ssvm_kernel", load, f"%ssvm run caller --no-raise -- tcp:{place}"])
    for cell in (0, 1):
        page.run(cell)
        page.expect_done(cell)
    page.run(2)
    prompt = page.wait_prompt(2)
    expect(prompt).to_contain_text("Connect to the network?")
    expect(prompt).to_contain_text(place)
    expect(prompt).to_contain_text("this is a loopback address")
    assert prompt.get_by_role("radio").count() == 4  # how long; there is nothing to say of arguments
    expect(prompt.get_by_role("radio", name="Always for this guest")).to_be_visible()
    page.screenshot(artifacts / "network-prompt.png")
    page.click("Allow once", 2)
    connection, _ = server.accept()
    with connection:
        assert connection.recv(100) == b"ping\n"
        connection.sendall(b"hello from the server")
    page.expect_done(2)
    page.expect_output(2, f"Allowed once connect to {place}")
    page.expect_output(2, "got hello from the server")


def test_the_question_in_the_window_and_the_grant_in_the_panel(browser, server, tmp_path, artifacts):
    place = f"127.0.0.1:{server.getsockname()[1]}"
    load = f"get_ipython().run_line_magic('ssvm', 'load {GUEST} --name caller')"
    cells = ["%load_ext ssvm_kernel", load, f"%ssvm run caller --no-raise -- tcp:{place}"]
    with LabServer(tmp_path) as lab:
        context = browser.new_context(viewport={"width": 1100, "height": 850})
        page = NotebookPage(lab, context).open("window.ipynb", cells)
        for cell in (0, 1):
            page.run(cell)
            page.expect_done(cell)
        page.run(2)
        shown = page.page.get_by_role("alertdialog", name="Connect to the network?")
        shown.wait_for(timeout=PATIENCE_MS)
        expect(shown).to_contain_text(place)
        expect(shown).to_contain_text("this is a loopback address")
        expect(shown.get_by_role("button", name="Deny")).to_be_focused(timeout=PATIENCE_MS)
        shown.get_by_role("radio", name="This session").check()
        page.screenshot(artifacts / "network-dialog.png")
        allow = shown.get_by_role("button", name="Allow for this session")
        expect(allow).to_be_enabled(timeout=PATIENCE_MS)
        allow.click()
        connection, _ = server.accept()
        with connection:
            assert connection.recv(100) == b"ping\n"
            connection.sendall(b"hello from the server")
        page.expect_done(2)
        page.expect_output(2, "got hello from the server")
        page.command("ssvm:show-panel")
        panel = page.page.get_by_role("region", name="SSVM grants and ledger")
        expect(panel.locator(".ssvm-grant")).to_contain_text(place, timeout=PATIENCE_MS)
        expect(panel.locator(".ssvm-ledger-line").first).to_contain_text(place, timeout=PATIENCE_MS)
        page.screenshot(artifacts / "network-panel.png")
        page.close()
        context.close()
