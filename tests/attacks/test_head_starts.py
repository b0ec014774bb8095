"""X24: a guest that begins before its cell is read has nothing, and is seen only if the cell comes to it."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ssvm_kernel.sandbox.job import Job
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.protocol import Call, Preopen
from ssvm_kernel.sandbox.runner import Runner
from tests.sandbox.test_runner import PRINT, Collected, job, no_commands

SAYS = job(PRINT % "(call $print (i32.const 1))")
GRANTED = {
    "a folder": replace(SAYS, preopens=(Preopen("/tmp", ".", False),)),
    "a variable": replace(SAYS, env=(("TOKEN", "secret"),)),
    "models": replace(SAYS, extras=("tflite",)),
    "a network": replace(SAYS, network=True),
    "something to read": replace(SAYS, stdin=b"secret"),
    "a call": replace(SAYS, call=Call("f", ())),
}


@pytest.fixture
def runner() -> Iterator[Runner]:
    pool = WorkerPool()
    runner = Runner(pool)
    yield runner
    runner.ahead.close()
    pool.close()


def play(runner: Runner, job: Job) -> bytes:
    output = Collected()
    assert runner.run(job, output, no_commands).exit_code == 0
    return bytes(output.out)


def begin(runner: Runner, name: str = "guest") -> int:
    """Begin what was learned as "cell", and wait until it has printed; return its process, 0 if nothing began."""
    runner.ahead.begin("cell", name)
    for begun in runner.ahead._begun.values():
        assert select.select([begun.pipes.out_read], [], [], 60)[0]
        return begun.worker.pid
    return 0


@pytest.mark.parametrize("what", sorted(GRANTED))
def test_x24_what_was_granted_something_never_begins_by_itself(runner: Runner, what: str) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", GRANTED[what])
    assert begin(runner) == 0


def test_x24_another_run_ends_it_unseen(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last)
    early = begin(runner)
    assert early
    assert play(runner, replace(SAYS, env=(("A", "1"),), memory_bytes=1 << 30)) == b"hello\n"
    with pytest.raises(ProcessLookupError):
        os.kill(early, 0)
    assert runner.last is not None  # what a run came to is known, but a grant in it keeps it from being begun
    runner.ahead.learn("cell", runner.last)
    assert begin(runner) == 0


def test_x24_a_cell_that_comes_to_nothing_ends_it_unseen(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last)
    early = begin(runner)
    assert runner.ahead.take(None) is None
    with pytest.raises(ProcessLookupError):
        os.kill(early, 0)
    assert play(runner, SAYS) == b"hello\n"
    assert begin(runner) == 0  # once it went wrong, it is not tried again before the cell has run


def test_x24_it_begins_in_its_own_worker_only(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last)
    play(runner, job(PRINT % ""))  # another guest's worker is the last one now
    assert begin(runner) == 0
