"""What is carried to a guest's stdin: all of it, no faster than it is read, and again in a second loop."""

from __future__ import annotations

import os
import selectors
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssvm_kernel.sandbox.feed import Feed, feeding
from tests.host.approving import descriptors

DATA = os.urandom(300_000)


@pytest.fixture(params=["file", "pipe"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """A descriptor that holds `DATA` and then ends: a file, and a pipe of a process that has written it all."""
    if request.param == "file":
        (tmp_path / "in").write_bytes(DATA)
        fd = os.open(tmp_path / "in", os.O_RDONLY)
        yield fd
        os.close(fd)
        return
    fd, write = os.pipe()
    writer = os.fork()
    if writer == 0:
        try:
            os.close(fd)
            view = memoryview(DATA)
            while view:
                view = view[os.write(write, view) :]
        finally:
            os._exit(0)
    os.close(write)
    yield fd
    os.close(fd)
    os.waitpid(writer, 0)  # and no other child of this process


def turn(selector: selectors.BaseSelector, most: float = 0.0) -> bool:
    """Take one turn of a loop; whether anything happened."""
    events = selector.select(most)
    for key, _ in events:
        key.data()
    return bool(events)


def read_all(feed: Feed, selector: selectors.BaseSelector, piece: int) -> bytes:
    os.set_blocking(feed.fileno, False)
    taken = bytearray()
    while True:
        turn(selector, 0.01)
        try:
            data = os.read(feed.fileno, piece)
        except BlockingIOError:
            continue
        if not data:
            return bytes(taken)
        taken += data


@pytest.mark.parametrize("piece", [7_000, 1 << 20])
def test_all_of_it(source: int, piece: int) -> None:
    with feeding(source) as feed, selectors.DefaultSelector() as selector:
        feed.attach(selector)
        assert read_all(feed, selector, piece) == DATA


def test_no_more_than_the_pipe_and_one_read_hold(source: int) -> None:
    with feeding(source) as feed, selectors.DefaultSelector() as selector:
        feed.attach(selector)
        for _ in range(100):
            turn(selector, 0.01)
        left = sum(len(piece) for piece in iter(lambda: os.read(source, 1 << 20), b""))
        assert left >= len(DATA) - 3 * (1 << 16)


def test_a_second_loop_goes_on_where_the_first_was(source: int) -> None:
    with feeding(source) as feed:
        with selectors.DefaultSelector() as first:
            feed.attach(first)
            for _ in range(20):
                turn(first, 0.01)
        with selectors.DefaultSelector() as second:
            feed.attach(second)
            assert read_all(feed, second, 1 << 16) == DATA


def test_an_end_that_was_seen_in_the_first_loop() -> None:
    source = os.open(os.devnull, os.O_RDONLY)
    with feeding(source) as feed:
        for _ in range(2):
            with selectors.DefaultSelector() as selector:
                feed.attach(selector)
                assert read_all(feed, selector, 10) == b""
    os.close(source)


def test_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    source = os.open(tmp_path, os.O_RDONLY)
    with feeding(source) as feed, selectors.DefaultSelector() as selector:
        feed.attach(selector)
        assert read_all(feed, selector, 10) == b""
    os.close(source)


def test_none() -> None:
    with feeding(None) as feed:
        assert feed is None


def test_nothing_stays_open() -> None:
    before = descriptors()
    source = os.open(os.devnull, os.O_RDONLY)
    with feeding(source) as feed, selectors.DefaultSelector() as selector:
        feed.attach(selector)
        turn(selector)
    os.close(source)
    assert descriptors() <= before
