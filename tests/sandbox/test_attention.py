"""`Attention`: awake only after a quick answer, for a moment only, and never on a single processor."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest

from ssvm_kernel.sandbox import attention
from ssvm_kernel.sandbox.attention import Attention, processors


class Ends:
    """Two ends of a socket, and how often the waiting side let others go first."""

    def __init__(self, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.theirs, self.ours = socket.socketpair()
        self.attention = Attention(self.ours, count)
        self.yields = 0
        give_way = os.sched_yield

        def counted() -> None:
            self.yields += 1
            give_way()

        monkeypatch.setattr(os, "sched_yield", counted)
        monkeypatch.setattr(attention, "_CROWDED", 60.0)  # others do want the processor while tests run

    def wait(self, delay: float) -> int:
        """Have an answer come after `delay` seconds, wait for it, and return how often others were let go first."""
        self.yields = 0
        answer = threading.Timer(delay, self.theirs.send, [b"x"])
        answer.start() if delay else answer.function(*answer.args)
        self.attention.wait()
        assert self.ours.recv(1) == b"x"
        return self.yields


@pytest.fixture
def ends(request, monkeypatch):
    both = Ends(getattr(request, "param", 2), monkeypatch)
    yield both
    both.theirs.close()
    both.ours.close()


def test_it_sleeps_until_an_answer_came_quickly(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ends.wait(0.5) == 0
    assert ends.wait(0.5) == 0
    monkeypatch.setattr(attention, "AWAKE_SECONDS", 60.0)
    ends.wait(0)
    assert ends.wait(0.5) > 0


def test_it_is_awake_for_a_moment_only(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "AWAKE_SECONDS", 60.0)
    ends.wait(0)
    monkeypatch.setattr(attention, "AWAKE_SECONDS", 0.001)
    before = time.thread_time()
    ends.wait(1.0)
    assert time.thread_time() - before < 0.5  # of a second that it waited
    assert ends.wait(0.05) == 0, "a slow answer is not followed by another wait awake"


@pytest.mark.parametrize("ends", [1], indirect=True)
def test_on_one_processor_it_sleeps(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "AWAKE_SECONDS", 60.0)
    ends.wait(0)
    assert ends.wait(0.05) == 0


def test_where_others_want_the_processor_it_sleeps_ever_longer(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "AWAKE_SECONDS", 60.0)
    monkeypatch.setattr(attention, "_CROWDED", -1.0)  # every look takes longer than that
    monkeypatch.setattr(attention, "_GAIN", 1e-9)  # and takes what many waits would save
    monkeypatch.setattr(attention, "_MOST", 16)
    ends.wait(0)
    for _ in range(2):
        assert ends.wait(0.3) == 1, "one look, and then it sleeps"
        waits = 0
        while ends.attention._asleep > 1:
            assert ends.wait(0) == 0
            waits += 1
        assert waits == 15
    monkeypatch.setattr(attention, "_CROWDED", 60.0)
    assert ends.wait(0.3) > 1, "it is tried again"


def test_the_longer_others_took_the_longer_it_sleeps(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "AWAKE_SECONDS", 60.0)
    monkeypatch.setattr(attention, "_CROWDED", -1.0)
    monkeypatch.setattr(attention, "_MOST", 1 << 30)
    slept = []
    for pause in (0.0, 0.0, 0.1):
        monkeypatch.setattr(os, "sched_yield", lambda pause=pause: time.sleep(pause))
        ends.attention._asleep = 0
        ends.attention._quick = True
        ends.attention.came()
        slept.append(ends.attention._asleep)
    assert slept[2] >= 0.1 / attention._GAIN * 4, "twice as long each time in a row"
    assert slept[2] > slept[0]


def test_the_other_end_going_away_ends_the_wait(ends) -> None:
    threading.Timer(0.05, ends.theirs.close).start()
    ends.attention.wait()
    assert ends.ours.recv(1) == b""


def test_processors_are_those_that_may_be_used() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)


def test_what_came_late_is_not_looked_for(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "AWAKE_SECONDS", 0.2)
    assert not ends.attention.came(), "nothing came quickly yet"
    ends.attention.late(0.1)
    ends.theirs.send(b"x")
    assert ends.attention.came()
    ends.attention.late(0.3)
    assert not ends.attention.came()
