"""The record of what was asked, decided and done (rule 17)."""

from __future__ import annotations

import enum
import json
import threading
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given

from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import Decision, Effect, Origin, Scope
from ssvm_kernel.capabilities.records import LedgerLine
from ssvm_kernel.capabilities.resolved import Resolved, Trouble
from tests.capabilities.build import GUEST, grant, nasty_bytes, quick, request

CompletionKind = enum.Enum("CompletionKind", "EXITED SIGNALLED TIMED_OUT EXEC_FAILED NOT_STARTED WAIT_FAILED")


@dataclass(frozen=True)
class Stream:
    total: int = 0
    truncated: bool = False


@dataclass(frozen=True)
class Completed:
    """As the host layer tells an end."""

    kind: CompletionKind
    status: int = 0
    stdout: Stream = Stream()
    stderr: Stream = Stream()
    seconds: float = 0.0


ALLOWED = Decision("request-1", Effect.ALLOW, Origin.PERSON, Scope.SESSION, "allowed by you", grant("git", id="g1"))
DENIED = Decision("request-1", Effect.DENY, Origin.POLICY, reason="PATH can make git run other code")


def clock():
    return 1_700_000_000.1234


def test_a_line_tells_who_asked_what_and_what_became_of_it():
    ledger = Ledger(clock=clock)
    asked = request("git", "log", "a b", env={"COUNT": "hunter2"}, stdin=b"12345", cwd="/work")
    ended = Completed(CompletionKind.EXITED, 3, Stream(100, truncated=True), Stream(7), 0.0123456)
    line = ledger.record(asked, ALLOWED, ended)
    written = json.loads(ledger.to_jsonl())
    assert written == json.loads(msgspec.json.encode(line))
    assert (written["version"], written["seq"], written["time"]) == (1, 1, "2023-11-14T22:13:20.123Z")
    assert written["request"] == {
        "version": 1,
        "kind": "command",
        "id": "request-1",
        "guest": "clock",
        "module_sha256": "ab" * 32,
        "cell": "In [3]",
        "program": "/usr/bin/git",
        "argv": ["git", "log", "a b"],
        "cwd": "/work",
        "env_names": ["COUNT"],
        "stdin_bytes": 5,
        "timeout_ms": 10_000,
        "output_bytes": 256 * 1024 * 1024,
    }
    assert written["decision"] == {
        "version": 1,
        "request_id": "request-1",
        "effect": "allow",
        "scope": "session",
        "origin": "person",
        "reason": "allowed by you",
        "grant": "--allow-command git",
        "grant_id": "g1",
    }
    assert written["outcome"] == {
        "kind": "exited",
        "status": 3,
        "signal": None,
        "stdout_bytes": 100,
        "stderr_bytes": 7,
        "truncated": True,
        "ms": 12.346,
    }
    assert b"hunter2" not in ledger.to_jsonl()


@pytest.mark.parametrize(
    ("decision", "ended", "kind", "status", "signal"),
    [
        (DENIED, None, "denied", None, None),
        (ALLOWED, None, "interrupted", None, None),
        (ALLOWED, Completed(CompletionKind.SIGNALLED, 9), "signalled", 9, "SIGKILL"),
        (ALLOWED, Completed(CompletionKind.SIGNALLED, 11), "signalled", 11, "SIGSEGV"),
        (ALLOWED, Completed(CompletionKind.SIGNALLED, 63), "signalled", 63, "SIG63"),
        (ALLOWED, Completed(CompletionKind.TIMED_OUT), "timed_out", None, None),
        (ALLOWED, Completed(CompletionKind.EXEC_FAILED, 13), "exec_failed", 13, None),
        (ALLOWED, Completed(CompletionKind.NOT_STARTED, 11), "not_started", 11, None),
        (ALLOWED, Completed(CompletionKind.WAIT_FAILED), "wait_failed", None, None),
    ],
)
def test_p19_p21_every_way_to_end_is_its_own(decision, ended, kind, status, signal):
    outcome = Ledger().record(request("git"), decision, ended).outcome
    assert (outcome.kind, outcome.status, outcome.signal) == (kind, status, signal)


def test_the_host_layers_ends_are_the_ones_that_are_known_here():
    execute = pytest.importorskip("ssvm_kernel.host.execute")
    known = {kind.name for kind in CompletionKind}
    assert {kind.name for kind in execute.CompletionKind} == known


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (Trouble.NOT_FOUND, "not_found"),
        (Trouble.NOT_EXECUTABLE, "not_found"),
        (Trouble.RELATIVE, "denied"),
        (Trouble.INVALID, "denied"),
    ],
)
def test_what_is_no_program_is_recorded_too(trouble, kind):
    line = Ledger().record_unresolved(GUEST, (b"./x\x1b", b"y"), Resolved(b"./x\x1b", trouble=trouble))
    assert (line.outcome.kind, line.decision.effect, line.request.program) == (kind, "deny", "")
    assert line.request.argv == ["./x\\x1b", "y"]
    assert line.decision.reason == trouble.value


@quick
@given(nasty_bytes, nasty_bytes)
def test_u01_no_raw_text_of_a_guest_is_written(name, argument):
    ledger = Ledger()
    asked = request(b"git", name, argument, env={"A": "x"}, cwd="/\u202e")
    line = ledger.record(asked, DENIED)
    for text in (*line.request.argv, line.request.cwd):
        assert text.isprintable()
    assert msgspec.json.decode(ledger.to_jsonl(), type=LedgerLine) == line


def test_a_guest_that_asks_without_end_fills_no_memory():
    ledger = Ledger(kept=10)
    for _ in range(25):
        ledger.record(request("git"), DENIED)
    assert (len(ledger), ledger.dropped) == (10, 15)
    assert [line.seq for line in ledger.lines()] == list(range(16, 26))
    big = ledger.record(request("git", *["x" * 100_000] * 1000), DENIED)
    assert len(msgspec.json.encode(big)) < 250_000
    assert big.request.argv[-1] == "\\…(801 arguments not shown)"


def test_lines_are_rows_of_a_table():
    ledger = Ledger(clock=clock)
    ledger.record(request("git", "log"), ALLOWED, Completed(CompletionKind.EXITED, 0, seconds=0.5))
    ledger.record(request("git", "push"), DENIED)
    rows = ledger.rows()
    assert [row["decision"] for row in rows] == ["allow", "deny"]
    assert rows[0]["ms"] == 500.0
    assert rows[0].keys() == rows[1].keys()
    assert not any(isinstance(value, dict) for row in rows for value in row.values())


def test_threads_may_write_together():
    ledger = Ledger()
    threads = [
        threading.Thread(target=lambda: [ledger.record(request("git"), DENIED) for _ in range(100)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line.seq for line in ledger.lines()] == list(range(1, 401))


def test_rows_of_the_newest_lines_alone() -> None:
    ledger = Ledger(kept=5)
    for _ in range(8):
        ledger.record(request(b"git"), ALLOWED)

    def numbers(*what: int) -> list[int]:
        return [row["seq"] for row in ledger.rows(*what)]

    assert numbers() == numbers(0) == numbers(2) == [4, 5, 6, 7, 8]
    assert numbers(6) == [7, 8]
    assert numbers(0, 2) == [7, 8]
    assert numbers(8) == numbers(2**53) == []
