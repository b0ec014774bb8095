"""`HeadStarts`: a known job begins early, and its run takes it over."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace

from ssvm_kernel.sandbox.headstart import Begun
from ssvm_kernel.sandbox.runner import Runner
from tests.attacks.test_head_starts import SAYS, begin, play, runner
from tests.host.approving import descriptors

__all__ = ["runner"]


def test_the_run_takes_it_over(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last, named=True)
    play(runner, SAYS)
    before = len(descriptors())
    early = begin(runner)
    assert early == runner.ahead._begun[threading.get_ident()].worker.pid
    assert play(runner, SAYS) == b"hello\n"
    assert begin(runner) == early
    assert play(runner, SAYS) == b"hello\n"
    assert len(descriptors()) == before  # the spare pipes are others each time


def test_its_name_is_that_of_the_cell_unless_it_has_its_own(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last, named=False)
    early = begin(runner, "cell-7")
    assert play(runner, replace(SAYS, argv=("cell-7",))) == b"hello\n"
    runner.ahead.learn("cell", runner.last, named=True)
    assert begin(runner, "cell-8") == early
    assert play(runner, replace(SAYS, argv=("cell-7",))) == b"hello\n"


def test_what_nobody_knows_does_not_begin(runner: Runner) -> None:
    assert begin(runner) == 0
    play(runner, SAYS)
    assert begin(runner) == 0
    runner.ahead.learn("cell", runner.last, named=True)
    runner.ahead.learn("cell", None, named=True)
    assert begin(runner) == 0


def test_a_worker_that_ended_meanwhile_is_replaced(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last, named=True)
    last = runner._pool._last
    assert last is not None
    os.kill(last.pid, signal.SIGKILL)
    os.waitid(os.P_PID, last.pid, os.WEXITED | os.WNOWAIT)
    assert begin(runner) == 0
    assert play(runner, SAYS) == b"hello\n"


def test_one_begins_on_each_thread_and_stays_with_it(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last, named=True)
    early = begin(runner)
    seen: list[Begun | None] = []
    other = threading.Thread(target=lambda: seen.append(runner.ahead.take(SAYS)))
    other.start()
    other.join()
    assert seen == [None]
    assert begin(runner) == early  # still that one, and no second
    assert play(runner, SAYS) == b"hello\n"
