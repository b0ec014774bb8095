"""Connections of a guest whose functions are called: granted when it is opened, or asked for in the call."""

from __future__ import annotations

import time

import pytest

from ssvm_kernel.deciders.scripted import ScriptedDecider
from ssvm_kernel.errors import DeniedError, GuestInterrupted
from ssvm_kernel.library.face import Library

from .guests import needs_network

pytestmark = needs_network


@pytest.fixture
def library(network):
    network.session.grants.clear()
    network.session.guests["caller"] = network.guest
    return Library(network.session, network.guest)


def test_a_call_connects_by_a_grant_and_by_an_answer(network, library, echo, other, capsys):
    network._decider = ScriptedDecider(["session", "deny"])
    with library.open(allow_network=[f"localhost:{echo.port}"]) as guest:
        assert guest.attempt(f"name:localhost:{echo.port}").endswith("got pong to ping ")
        assert guest.attempt(f"tcp:127.0.0.1:{other.port}").endswith("got pong to ping ")
        with pytest.raises(DeniedError, match=rf"caller may not connect to 127.0.0.1:{echo.port}: you denied it"):
            guest.attempt(f"tcp:127.0.0.1:{echo.port}")
        (grant,) = [row for row in network.session.grant_rows() if row.scope.value == "session"]
        assert network.session.revoke(grant.id)
        assert guest.attempt("lookup:example.com").endswith("240.0.0.1")  # a new instance, without its connection
        assert "without the state of the one that had a connection which was taken back" in capsys.readouterr().err


def test_a_guest_that_is_not_being_called_is_ended_too_when_its_connection_is_taken_back(network, library, echo):
    network._decider = ScriptedDecider(["session"])
    with library.open() as guest:
        assert guest.attempt(f"tcp:127.0.0.1:{echo.port}").endswith("got pong to ping ")
        worker = guest._opened._held.caller._worker
        (grant,) = [row for row in network.session.grant_rows() if row.scope.value == "session"]
        assert worker.alive
        assert network.session.revoke(grant.id)
        deadline = time.monotonic() + 60
        while worker.alive and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not worker.alive
        assert guest.attempt("lookup:example.com").endswith("240.0.0.1")


def test_a_question_without_an_answer_is_written_down(network, library, echo):
    class Interrupting(ScriptedDecider):
        def decide(self, question, wait):
            raise KeyboardInterrupt

    network._decider = Interrupting([])
    written = network.session.ledger.written
    with library.open() as guest, pytest.raises(GuestInterrupted):
        guest.attempt(f"tcp:127.0.0.1:{echo.port}")
    (line,) = network.session.ledger.since(written)
    assert (line.decision.effect, line.outcome.kind) == ("deny", "denied")
    assert line.decision.reason == "the run ended before there was an answer"


def test_each_call_that_is_denied_a_connection_is_told_and_written_down(network, library, echo):
    place = f"127.0.0.1:{echo.port}"
    network._decider = ScriptedDecider(["deny", "deny", "once"])
    with library.open() as guest:
        for _ in range(2):
            written = network.session.ledger.written
            with pytest.raises(DeniedError, match="you denied it"):
                guest.attempt(f"tcp:{place}")
            assert [line.outcome.kind for line in network.session.ledger.since(written)] == ["denied"]
        assert guest.attempt(f"tcp:{place}").endswith("got pong to ping ")


def test_no_network_is_open_to_a_call_that_was_denied_it(library, echo):
    with library.open(deny_network=True) as guest, pytest.raises(Exception, match="has no network"):
        guest.attempt(f"tcp:127.0.0.1:{echo.port}")
