"""What is cut out of the output of many runs, and how much of a worker's word is taken for it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from ssvm_kernel.errors import WorkerDied
from ssvm_kernel.sandbox.manyruns import Ended, _Output

MARK = b"0123456789abcdef"
END = bytes(8) + MARK


Make = Callable[[int, list[Ended]], _Output]


@pytest.fixture
def output() -> Iterator[Make]:
    """What makes an output of a worker that has nothing to say."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield lambda most, ended: _Output(ours, MARK, 100, most, ended.append, None)


def test_each_run_has_its_own(output: Make) -> None:
    ended: list[Ended] = []
    both = output(2, ended)
    both.stdout(b"one" + END + b"two" + END[:9])
    both.stderr(END + b"?" + END)
    both.stdout(END[9:])
    assert ended == [Ended(0, b"one", 3, b"", 0), Ended(0, b"two", 3, b"?", 1)]


def test_a_worker_that_ends_more_runs_than_there_are_is_not_believed(output: Make) -> None:
    for stream in ("stdout", "stderr"):  # one alone would be kept until the other one comes
        with pytest.raises(WorkerDied):
            getattr(output(2, []), stream)(3 * END)
    ended: list[Ended] = []
    both = output(1, ended)
    both.stdout(END)
    both.stderr(END)
    with pytest.raises(WorkerDied):
        both.stdout(END)
    assert len(ended) == 1
