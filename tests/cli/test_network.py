"""The network on the command line: granted, asked for in a real terminal, denied."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.network.guests import Echo, needs_network, serving

from .test_asking import QUESTION, READ, terminal

__all__ = ["terminal"]
pytestmark = needs_network
GUEST = Path(__file__).parents[1] / "network" / "guest.wasm"


@pytest.fixture
def echo():
    with serving() as echo:
        yield echo


def test_by_option_and_without(ssvm, echo: Echo):
    place = f"127.0.0.1:{echo.port}"
    ended = ssvm("--allow-network", place, GUEST, f"tcp:{place}")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout == f"tcp:{place} -> got pong to ping \n".encode()
    ended = ssvm(GUEST, f"tcp:{place}")
    assert b"connect: access-denied" in ended.stdout
    line = (
        f"ssvm: guest.wasm may not connect to {place}: nobody can be asked here (to grant it: --allow-network {place})"
    )
    assert ended.stderr.decode().splitlines() == [line]
    assert len(echo.came) == 1


def test_u30_the_name_in_a_denial_does_not_act_on_the_terminal(ssvm, place: Path):
    (place / "\x1b]0;owned\x07.wasm").write_bytes(GUEST.read_bytes())
    ended = ssvm("\x1b]0;owned\x07.wasm", "tcp:127.0.0.1:9")
    assert ended.stderr.startswith(rb"ssvm: \x1b]0;owned\x07.wasm may not connect to 127.0.0.1:9")
    assert not set(b"\x1b\x07") & set(ended.stderr)


def test_more_connections_than_a_guest_may_ask_for_end_it_as_other_limits_do(place: Path):
    start = "import sys; from ssvm_kernel import cli, connections; connections._MOST = 1; sys.exit(cli.main())"
    words = [sys.executable, "-c", start, str(GUEST), "tcp:127.0.0.1:9", "tcp:127.0.0.1:9"]
    ended = subprocess.run(words, cwd=place, capture_output=True, timeout=60, check=False, start_new_session=True)
    assert ended.stderr == b"ssvm: the guest was ended: it asked for more than 1 connections\n"
    assert ended.returncode == 134


def test_asked_in_a_terminal(terminal, echo: Echo):
    place = f"127.0.0.1:{echo.port}"
    child = terminal(GUEST, f"tcp:{place}")
    child.expect("guest guest.wasm .* asks to connect to the network")
    child.expect(f"destination: {place}")
    child.expect(QUESTION)
    assert echo.came == []
    time.sleep(READ)
    child.sendline("o")
    child.expect(f"Allowed once: connect to {place}")
    child.expect("got pong to ping")
    child.expect(os.linesep)
