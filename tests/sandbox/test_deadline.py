"""The clock of a run."""

from __future__ import annotations

import contextlib
import time

import pytest

from ssvm_kernel.errors import LimitReached
from ssvm_kernel.sandbox.deadline import Deadline


def test_without_a_limit_it_never_ends() -> None:
    deadline = Deadline()
    deadline.check()
    assert deadline.left() is None
    assert deadline.sooner(None) is None
    assert deadline.sooner(3.0) == 3.0


def test_it_ends_and_names_its_option() -> None:
    deadline = Deadline(0.01)
    time.sleep(0.02)
    assert deadline.left() == 0.0
    with pytest.raises(LimitReached, match=r"0\.01 s .*--time-limit") as raised:
        deadline.check()
    assert (raised.value.limit, raised.value.option) == ("time", "--time-limit")


def test_it_stands_still_while_paused_also_when_that_ends_in_an_error() -> None:
    deadline = Deadline(1000.0)
    with contextlib.suppress(KeyboardInterrupt), deadline.paused():
        time.sleep(0.2)
        raise KeyboardInterrupt
    left = deadline.left()
    assert left is not None
    assert left > 999.9
    assert deadline.sooner(5.0) == 5.0
    assert deadline.sooner(None) == pytest.approx(left, abs=1.0)


def test_paused_time_is_given_back() -> None:
    deadline = Deadline(0.3)
    with deadline.paused():
        time.sleep(0.5)
    deadline.check()
