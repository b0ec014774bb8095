"""`SparePipes`: pipes of their own for each run, none left behind."""

from __future__ import annotations

import os

import pytest

from ssvm_kernel.sandbox.pipes import OutputPipes, SparePipes
from tests.host.approving import descriptors


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = descriptors()
    yield
    assert descriptors() <= before


@pytest.mark.parametrize("ready", [False, True])
def test_each_run_has_pipes_that_no_other_had(ready: bool) -> None:
    spare = SparePipes()
    for text in (b"one", b"two"):
        if ready:
            spare.prepare()
            spare.prepare()  # once is enough
        pipes = spare.take()
        os.write(pipes.out_write, text)
        os.write(pipes.err_write, text[:1])
        pipes.close_writing()
        assert [os.read(fd, 100) for fd in (pipes.out_read, pipes.out_read)] == [text, b""]
        assert os.read(pipes.err_read, 100) == text[:1]
        pipes.close_reading()
    spare.close()


def test_reading_does_not_wait_and_writing_does() -> None:
    pipes = OutputPipes.make()
    with pytest.raises(BlockingIOError):
        os.read(pipes.out_read, 1)
    with pytest.raises(BlockingIOError):
        os.read(pipes.err_read, 1)
    assert os.get_blocking(pipes.out_write)
    assert os.get_blocking(pipes.err_write)
    pipes.close()


def test_unused_ones_are_closed_once() -> None:
    spare = SparePipes()
    spare.prepare()
    spare.close()
    spare.close()


def test_without_descriptors_a_run_fails_and_preparing_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, int]] = []
    pipe = os.pipe

    def one() -> tuple[int, int]:
        if made:
            raise OSError(24, "Too many open files")
        made.append(pipe())
        return made[0]

    spare = SparePipes()
    monkeypatch.setattr(os, "pipe", one)
    spare.prepare()
    made.clear()
    with pytest.raises(OSError, match="Too many"):
        spare.take()
