"""In a real kernel: the question in the running cell, the interrupt, and the grant that is taken back meanwhile."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.deciders.frontend import PATIENT, FrontEnd

from .guests import needs_network

pytestmark = needs_network
GUEST = Path(__file__).with_name("guest.wasm")


class _FrontEnd(FrontEnd):
    setup = f"%load_ext ssvm_kernel\n{PATIENT}\n%ssvm load {GUEST} --name caller"


@pytest.fixture(scope="module")
def front_end(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SSVM_CACHE_DIR", "SSVM_CONFIG_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        with _FrontEnd(tmp_path_factory.mktemp("kernel")) as front_end:
            yield front_end


@pytest.fixture(autouse=True)
def able(front_end):
    """Let the front end be able to do everything again."""
    front_end.has_widgets = True


@pytest.fixture
def silent():
    """A server that takes a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def test_the_question_in_the_cell(front_end, echo):
    place = f"127.0.0.1:{echo.port}"
    before = len(echo.came)
    cell = front_end.start(f"%ssvm run caller -- tcp:{place}")
    prompt = front_end.wait_prompt()
    assert len(echo.came) == before
    front_end.expect_running(cell)
    assert (prompt["kind"], prompt["destination"]) == ("connection", place)
    assert prompt["care"] == "this is a loopback address: what answers there may trust your computer"
    assert [offer["id"] for offer in prompt["offers"]] == [
        *["deny", "once", "run", "session", "always"],
        *["deny:run", "deny:session", "deny:always"],
    ]
    front_end.choose("once")
    text = front_end.finish(cell)
    assert f"tcp:{place} -> got pong to ping" in text
    assert f"Allowed once: connect to {place} (asked by guest caller" in text
    assert "it cannot, whatever it does: run host commands" in text


def test_an_interrupt_while_it_is_asked(front_end, echo):
    before = len(echo.came)
    cell = front_end.start(f"%ssvm run caller -- tcp:127.0.0.1:{echo.port}")
    front_end.wait_prompt(armed=False)
    front_end.interrupt()
    text = front_end.finish(cell)
    assert "GuestInterrupted" in text
    assert len(echo.came) == before
    assert "got pong" in front_end.run(
        f"%ssvm run caller --allow-network 127.0.0.1:{echo.port} -- tcp:127.0.0.1:{echo.port}"
    )


def test_a_grant_that_is_taken_back_ends_the_guest_that_is_connected(front_end, silent):
    place = f"127.0.0.1:{silent.getsockname()[1]}"
    cell = front_end.start(f"%ssvm run caller -- tcp:{place}")
    front_end.wait_prompt()
    front_end.choose("session")
    connection, _ = silent.accept()
    with connection:
        connection.settimeout(60)
        assert connection.recv(100) == b"ping\n"
        front_end.expect_running(cell)
        (grant,) = front_end.request(do="look")["grants"]
        assert grant["what"] == f"--allow-network {place}"
        assert front_end.request(do="revoke", grant=grant["id"])
        assert connection.recv(100) == b""  # closed with the process
    text = front_end.finish(cell)
    assert "GrantRevoked: the grant of a connection was taken back, and the guest was ended" in text
    assert place not in front_end.run("%ssvm grants")


def test_what_it_can_ask_for_and_what_is_in_force(front_end):
    text = front_end.run("%ssvm inspect caller")
    assert "open connections that you allow" in text
    assert "wasi:http/outgoing-handler" in text
    assert "for components, each connection by grant or question" in front_end.run("%ssvm doctor")


def test_typed_answers_where_there_are_no_widgets(front_end, echo):
    place = f"127.0.0.1:{echo.port}"
    front_end.has_widgets = False
    cell = front_end.start(f"%ssvm run caller -- tcp:{place}")
    asked = front_end.wait_input_request()
    front_end.type_line("d")
    text = front_end.finish(cell)
    assert "[o]nce" in asked
    assert f"asks to connect to the network\n  destination: {place}" in text
    assert "connect: access-denied" in text
    assert f"to grant it: --allow-network {place}" in text
