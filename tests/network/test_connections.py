"""Connections by grants: what is granted gets through, and nothing else does."""

from __future__ import annotations

import os
import signal
import time

import pytest
import wasmtime

from ssvm_kernel.errors import DeniedError, LoadError, UsageError, WorkerDied
from ssvm_kernel.guest import Guest
from ssvm_kernel.host.bell import Bell
from ssvm_kernel.options import RunTraits, parse
from ssvm_kernel.sandbox import oslock, runner

from .guests import needs_network

pytestmark = needs_network


def test_a_granted_connection_carries_bytes(network, echo):
    tried = network.tries([f"tcp:127.0.0.1:{echo.port}"], ["--allow-network", f"127.0.0.1:{echo.port}"])
    assert tried.error is None
    assert tried.outcomes == ["got pong to ping"]
    (line,) = tried.ledger
    assert (line.request.kind, line.outcome.kind) == ("connection", "connected")
    assert line.request.argv == ["connect", f"127.0.0.1:{echo.port}", "127.0.0.1"]
    assert line.decision.grant == f"--allow-network 127.0.0.1:{echo.port}"


def test_another_port_is_asked_for_and_denied(network, echo, other):
    before = len(other.came)
    tried = network.tries(
        [f"tcp:127.0.0.1:{echo.port}", f"tcp:127.0.0.1:{other.port}"],
        ["--allow-network", f"127.0.0.1:{echo.port}"],
        ["deny"],
    )
    assert tried.outcomes == ["got pong to ping", "connect: access-denied"]
    assert isinstance(tried.error, DeniedError)
    place = f"127.0.0.1:{other.port}"
    assert f"caller may not connect to {place}: you denied it\n  to grant it: --allow-network {place}" in str(
        tried.error
    )
    assert f"%ssvm run caller --allow-network 127.0.0.1:{echo.port} --allow-network {place} -- tcp:" in str(tried.error)
    assert tried.ends == ["connected", "denied"]
    report = tried.result.report.text()
    assert f"connection: 127.0.0.1:{echo.port} · 127.0.0.1 · connected" in report
    assert f"connection: {place} · you denied it" in report
    assert len(other.came) == before
    (question,) = tried.questions
    assert question.request.destination.text == place
    assert question.grant_line == f"--allow-network {place}"


def test_the_time_of_the_person_is_not_the_guests(network, other):
    def ponder(_):
        time.sleep(0.5)
        return "deny"

    tried = network.tries([f"tcp:127.0.0.1:{other.port}"], (), ponder)
    assert tried.result.timings.host >= 0.5
    assert tried.result.timings.guest == pytest.approx(tried.result.timings.run - tried.result.timings.host)


def test_every_port_only_where_it_is_spelled_so(network, echo, other):
    deeds = [f"tcp:127.0.0.1:{echo.port}", f"tcp:127.0.0.1:{other.port}"]
    assert network.tries(deeds, ["--allow-network", "127.0.0.1:*"]).outcomes == ["got pong to ping"] * 2


def test_what_is_denied_once_is_not_asked_again_in_the_run(network, other):
    tried = network.tries([f"tcp:127.0.0.1:{other.port}"] * 3, (), ["deny"])
    assert tried.outcomes == ["connect: access-denied"] * 3
    assert tried.ends == ["denied"]
    assert str(tried.error).count("may not connect") == 1


@pytest.mark.parametrize("answer", ["once", "run", "session"])
def test_an_answer_connects(network, echo, answer):
    network.session.grants.clear()
    deeds = [f"tcp:127.0.0.1:{echo.port}"] * 2
    tried = network.tries(deeds, (), [answer] * 2)
    assert tried.outcomes == ["got pong to ping"] * 2
    assert len(tried.questions) == (2 if answer == "once" else 1)
    rows = network.session.grant_rows()
    assert [row.what for row in rows] == ([f"--allow-network 127.0.0.1:{echo.port}"] if answer == "session" else [])
    if answer == "session":
        assert (rows[0].kind, rows[0].effect, rows[0].uses) == ("network", "allow", 2)
        assert network.tries(deeds, keep=True).outcomes == ["got pong to ping"] * 2


def test_an_answer_for_always_is_kept_for_this_module_and_can_be_taken_back(network, echo):
    deed = [f"tcp:127.0.0.1:{echo.port}"]
    assert network.tries(deed, (), ["always"]).outcomes == ["got pong to ping"]
    (row,) = network.session.grant_rows()
    assert (row.what, row.scope.value) == (f"--allow-network 127.0.0.1:{echo.port}", "always")
    assert row.module_sha256 == network.guest.sha256
    assert network.tries(deed).outcomes == ["got pong to ping"]
    assert network.session.revoke(row.id)
    assert network.tries(deed, (), ["deny:always"]).outcomes == ["connect: access-denied"]
    (row,) = network.session.grant_rows()
    assert f"%ssvm revoke {row.id}" in str(network.tries(deed).error)
    assert network.session.revoke(row.id)


def test_without_a_network_there_is_not_even_a_question(network, echo):
    tried = network.tries(["lookup:example.com"], ["--deny-network"])
    assert "wasi:http" in str(tried.error)


def test_where_it_cannot_be_guarded_there_is_none_and_the_reason_is_told(network, echo, monkeypatch, capsys):
    monkeypatch.setattr(oslock, "network_unavailable", lambda: "this is no Linux")
    tried = network.tries([f"tcp:127.0.0.1:{echo.port}"], ["--allow-network", f"127.0.0.1:{echo.port}"])
    assert "caller has no network here: this is no Linux" in capsys.readouterr().err
    assert isinstance(tried.error, LoadError)
    assert "This guest has no network" in str(tried.error)


def test_a_module_is_told_that_it_cannot_ask(network, capsys):
    network.session.guests.pop("module", None)
    guest = Guest("module", bytes(wasmtime.wat2wasm('(module (func (export "_start")))')))
    network.session.run(guest, parse(["--allow-network", "example.com:443"], RunTraits).options)
    assert "module is no component, so it cannot ask for the network" in capsys.readouterr().err


def test_a_dry_run_lists_what_was_tried(network, echo, capsys):
    place = f"127.0.0.1:{echo.port}"
    tried = network.tries([f"tcp:{place}"], ["--deny-all", "--allow-network", place])
    assert tried.outcomes == ["connect: access-denied"]
    assert f"{place}: this is a dry run" in capsys.readouterr().out


def test_only_tcp_and_only_outwards(network):
    tried = network.tries(["udp", "bind:127.0.0.1:0"])
    assert tried.outcomes == ["socket: access-denied", "bind: access-denied"]
    assert "caller may not wait for connections of others: guests can open connections by TCP" in str(tried.error)


def test_a_connection_that_is_refused_is_no_denial(network):
    tried = network.tries(["tcp:127.0.0.1:1"], ["--allow-network", "127.0.0.1:1"])
    assert tried.outcomes == ["connect: connection-refused"]
    assert tried.error is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("example.com", "it is HOST:PORT"),
        ("https://example.com:443", "no URL"),
        ("*.example.com:443", "no \\* for hosts"),
        ("127.1:80", "four numbers"),
        ("0x7f000001:80", "four numbers"),
        ("2130706433:80", "four numbers"),
        ("example.com:0", "a port is a number from 1 to 65535"),
        ("::1:80", "brackets"),
        ("exämple.com:80", "xn--"),
    ],
)
def test_w16_a_host_is_written_in_one_way(network, text, why):
    tried = network.tries(["udp"], ["--allow-network", text])
    assert isinstance(tried.error, UsageError)
    with pytest.raises(UsageError, match=why):
        raise tried.error


@pytest.fixture
def pondering(network, monkeypatch):
    """A person who does not come to an answer for as long as anybody waits for one; returns what happens meanwhile."""
    meanwhile = []

    def decide(question, wait):
        for deed in meanwhile:
            deed()
        bell = Bell()
        assert not wait(bell.fileno, 60), "nobody rang"
        pytest.fail("the guest is still waited for")

    monkeypatch.setattr(network, "decide", decide)
    return meanwhile


def unanswered(tried):
    (line,) = tried.ledger
    return (line.outcome.kind, line.decision.reason) == ("denied", "the run ended before there was an answer")


def test_a_guest_that_does_not_wait_for_an_answer_ends_as_it_does(network, echo, pondering):
    before = len(echo.came)
    for millions in (100, 1000, 4000):  # until the engine has got to the connection meanwhile
        tried = network.tries([f"leave:127.0.0.1:{echo.port}/", f"spin:{millions}"])
        assert (tried.error, tried.outcomes) == (None, ["begun", "done"])
        if tried.ledger:
            break
    assert unanswered(tried)
    assert len(echo.came) == before
    assert network.tries(["lookup:example.com"]).outcomes == ["240.0.0.1"]


def test_what_a_guest_left_behind_is_not_asked_about_in_the_next_run(network, echo):
    asked = 0
    for _ in range(20):
        network.tries([f"leave:127.0.0.1:{echo.port}/"], (), lambda _: "deny")
        asked += len(network.tries(["lookup:example.com", "spin:5"], (), lambda _: "deny").questions)
    assert asked <= 3  # and not each second time: only where the engine gets to it after the next run has begun


def test_a_process_that_ends_while_a_person_is_asked_says_so(network, echo, pondering, monkeypatch):
    workers = []
    begin = runner.begin_network
    monkeypatch.setattr(runner, "begin_network", lambda worker: (workers.append(worker), begin(worker)))
    pondering.append(lambda: os.kill(workers[0].pid, signal.SIGKILL))
    tried = network.tries([f"tcp:127.0.0.1:{echo.port}"])
    assert isinstance(tried.error, WorkerDied)
    assert "killed by signal 9" in str(tried.error)
    assert unanswered(tried)
