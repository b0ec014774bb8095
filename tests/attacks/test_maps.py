"""Guests of a map: many in one process, where nobody watches, perhaps on another machine.

X20 is a guest that makes up the end of a run, or takes another's output; X21 one that asks where nobody is asked; X22
an executor that brings back what it likes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import msgspec
import pytest
import wasmtime

from ssvm_kernel.deciders.base import Answer, Question, Wait
from ssvm_kernel.errors import DeniedError, MapError, SsvmError, WorkerDied
from ssvm_kernel.guest import Guest
from ssvm_kernel.library.face import Library
from ssvm_kernel.parallel.tasks import Failure, MapRun, Refused, TaskResult, encoder
from ssvm_kernel.sandbox import workerprocess
from ssvm_kernel.sandbox.facts import TrapInfo
from ssvm_kernel.session import Session
from tests.parallel import guests

from .hostile_runs import DEEDS

BOOT = (
    "import sys; sys.path[:] = {{path!r}}; "
    "from tests.attacks.hostile_runs import main; main({{fd}}, {{parent}}, {deed!r})"
)


class Yes:
    """A person who allows everything, and is remembered to have been asked."""

    name = "yes"

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def decide(self, question: Question, wait: Wait) -> Answer:
        self.asked.append(question)
        return Answer(next(offer for offer in question.offers if offer.allow), self.name)


@pytest.fixture(scope="module")
def decider() -> Yes:
    return Yes()


@pytest.fixture(scope="module")
def program(decider: Yes) -> Iterator[Library]:
    session = Session(decider)
    guest = Guest("program", bytes(wasmtime.wat2wasm(guests.PROGRAM)))
    yield Library(session, guest, cell="In [1]")
    session.close()


@pytest.mark.parametrize("deed", sorted(DEEDS))
def test_x20_a_process_cannot_make_up_results(program: Library, deed: str, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(workerprocess, "_BOOT", BOOT.format(deed=deed))
        program._session._end_processes()
        found = program.map([], ["a1", "a2", "a3"], workers=1, batch=3, return_exceptions=True)
        program._session._end_processes()
    assert len(found) == 3
    errors = [each for each in found if isinstance(each, MapError)]
    assert errors
    assert all(isinstance(each.error, WorkerDied) for each in errors)
    assert [run.stdout for run in program.map([], ["a1", "a2"], workers=1)] == ["1", "2"]


def test_x20_what_looks_like_an_end_is_output(program: Library) -> None:
    ends = [bytes(8) + os.urandom(16) for _ in range(40)]
    found = program.map(["e"], [{"stdin": end * 3, "args": ["e"]} for end in ends], workers=1)
    assert [run.stdout_bytes for run in found] == [end * 3 for end in ends]


def test_x21_nobody_is_asked_and_nothing_runs(program: Library, decider: Yes) -> None:
    with pytest.raises(MapError) as caught:
        program.map([], ["cuname"], workers=1)
    assert isinstance(caught.value.error, DeniedError)
    assert decider.asked == []
    (line,) = program._session.ledger.lines()[-1:]
    assert (line.decision.effect, line.decision.origin, line.outcome.kind) == ("deny", "policy", "denied")


class Answers:
    """An executor that answers by itself."""

    _max_workers = 1

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def submit(self, function: Any, payload: bytes) -> Future[Any]:
        future: Future[Any] = Future()
        if isinstance(self._answer, Exception):
            future.set_exception(self._answer)
        else:
            future.set_result(self._answer)
        return future


class Trap:
    """What a pickle could bring; it is never looked into."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"no message", "something else"),
        (None, "something else"),
        (Trap(), "something else"),
        (encoder.encode(TaskResult()), "0 results for 1 items"),
        (encoder.encode(TaskResult(rows=((-5, b""), (6, b"")))), "something else|results for"),
        (encoder.encode(TaskResult(rows=((1, b""),))), "did not answer as it should"),
        (encoder.encode(TaskResult(needs_module=True)), "does not keep the guest's module"),
        (ValueError("gone"), "lost the batch: ValueError: gone"),
    ],
    ids=["noise", "none", "object", "too few", "numbers", "rows for runs", "no module", "error"],
)
def test_x22_what_an_executor_brings_back_is_checked(program: Library, answer: Any, said: str) -> None:
    with pytest.raises(MapError, match=said) as caught:
        program.map([], ["a"], executor=Answers(answer))
    assert isinstance(caught.value.error, SsvmError)


_ACTS = "\x1b]0;owned\x07\x1b[2J\r"


@pytest.mark.parametrize(
    "answer",
    [
        encoder.encode(TaskResult(problem=Failure("WorkerDied", _ACTS))),
        encoder.encode(TaskResult(runs=(MapRun(None, failure=Failure("WorkerDied", _ACTS)),))),
        encoder.encode(TaskResult(runs=(MapRun(None, trap_info=TrapInfo(_ACTS)),))),
        encoder.encode(TaskResult(runs=(MapRun(0, denials=(Refused(_ACTS, f"\n{_ACTS}", _ACTS),)),))),
        ValueError(_ACTS),
    ],
    ids=["problem", "failure", "trap", "denial", "error"],
)
def test_x22_no_word_that_an_executor_brings_back_acts_on_a_screen(program: Library, answer: Any) -> None:
    with pytest.raises(SsvmError) as caught:
        program.map([], ["a"], executor=Answers(answer))
    assert "\\x1b]0;owned\\x07\\x1b[2J\\r" in str(caught.value)
    assert not set("\x1b\x07\r") & set(str(caught.value))


def test_x22_lines_of_an_executor_s_ledger_are_text(program: Library) -> None:
    with pytest.raises(MapError):
        program.map([], ["cuname"], workers=1)
    line = program._session.ledger.lines()[-1]
    line = msgspec.structs.replace(line, request=msgspec.structs.replace(line.request, argv=[_ACTS]))
    answer = encoder.encode(TaskResult(runs=(MapRun(0),), ledger=(line,)))
    program.map([], ["a"], executor=Answers(answer))
    assert program._session.ledger.lines()[-1].request.argv == ["\\x1b]0;owned\\x07\\x1b[2J\\r"]


def test_x22_no_number_that_an_executor_brings_back_is_used_unchecked(program: Library) -> None:
    run = MapRun(0)
    answer = encoder.encode(TaskResult(runs=(run,), seconds=float("nan"), failed=(10**9,)))
    assert program.map([], ["a", "b"], executor=Answers(answer), batch=1) == [run, run]
