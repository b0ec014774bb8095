"""What is cut out of the output of many runs, and how much of a worker's word is taken for it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.errors import WorkerDied
from ssvm_kernel.sandbox.manyruns import Ended, NotAnswered, Separator, _Output

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


# Output that has parts of a mark in it, and statuses that look like output.
PIECE = st.one_of(st.binary(max_size=40), st.integers(0, 15).map(lambda size: MARK[:size]), st.just(bytes(8)))
PRINTED = st.lists(PIECE, max_size=5).map(b"".join).filter(lambda data: MARK not in data)
RUNS = st.lists(st.tuples(st.integers(-1, 2**32 - 1), PRINTED), max_size=6)


@given(RUNS, st.data(), st.integers(0, 60))
def test_each_run_gets_its_own(runs: list[tuple[int, bytes]], data: st.DataObject, keep: int) -> None:
    stream = b"".join(printed + code.to_bytes(8, "little", signed=True) + MARK for code, printed in runs)
    if stream.count(MARK) != len(runs):
        return  # output and status together made a mark, which chance does not do with random ones
    found: list[tuple[int, bytes, int]] = []
    separator = Separator(MARK, keep, lambda *end: found.append(end))
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        separator.take(stream[:size])
        stream = stream[size:]
    assert found == [(code, printed[:keep], len(printed)) for code, printed in runs]


def test_an_end_without_a_status_is_none() -> None:
    with pytest.raises(NotAnswered):
        Separator(MARK, 10, lambda *end: None).take(b"short" + MARK)
