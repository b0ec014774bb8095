"""The clock of a run."""

from __future__ import annotations

import contextlib

import pytest

from ssvm_kernel.errors import LimitReached
from ssvm_kernel.sandbox import deadline as module
from ssvm_kernel.sandbox.deadline import Deadline


class Clock:
    """A time that stands still until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_without_a_limit_it_never_ends() -> None:
    deadline = Deadline()
    deadline.check()
    assert deadline.left() is None
    assert deadline.sooner(None) is None
    assert deadline.sooner(3.0) == 3.0


def test_it_ends_and_names_its_option(clock: Clock) -> None:
    deadline = Deadline(0.01)
    deadline.check()
    clock.now += 0.02
    assert deadline.left() == 0.0
    with pytest.raises(LimitReached, match=r"0\.01 s .*--time-limit") as raised:
        deadline.check()
    assert (raised.value.limit, raised.value.option) == ("time", "--time-limit")


def test_it_stands_still_while_paused_also_when_that_ends_in_an_error(clock: Clock) -> None:
    deadline = Deadline(1000.0)
    clock.now += 1
    with contextlib.suppress(KeyboardInterrupt), deadline.paused():
        clock.now += 200
        raise KeyboardInterrupt
    left = deadline.left()
    assert left == pytest.approx(999.0)
    assert deadline.sooner(5.0) == 5.0
    assert deadline.sooner(None) == left


def test_paused_time_is_given_back(clock: Clock) -> None:
    deadline = Deadline(0.3)
    with deadline.paused():
        clock.now += 0.5
    deadline.check()
    clock.now += 0.4
    with pytest.raises(LimitReached):
        deadline.check()


def test_it_is_the_time_that_goes_on_by_itself() -> None:
    deadline = Deadline(0.01)
    while deadline.left():
        pass
    with pytest.raises(LimitReached):
        deadline.check()
