"""The time that a run may take, which stands still while a person is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ssvm_kernel.errors import LimitReached

__all__ = ["Deadline"]


class Deadline:
    """A point in time that moves away while the clock is paused.

    Parameters
    ----------
    seconds : float
        From now; 0 for no limit.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds if seconds else None

    def restart(self) -> None:
        """Begin anew, for the next of many runs."""
        if self._end is not None:
            self._end = time.monotonic() + self._seconds

    def left(self) -> float | None:
        """Return the seconds that are left, at least 0; None without a limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def sooner(self, seconds: float | None) -> float | None:
        """Return the shorter of `seconds` (None: for ever) and what is left."""
        left = self.left()
        if left is None or seconds is None:
            return left if seconds is None else seconds
        return min(left, seconds)

    def check(self) -> None:
        """Raise when the time is over.

        Raises
        ------
        LimitReached
            With the limit and its option.
        """
        if self.left() == 0.0:
            raise LimitReached("time", "--time-limit", f"the guest was ended: it ran for {self._seconds:g} s")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the clock stand still in the body: nobody is hurried to an answer."""
        started = time.monotonic()
        try:
            yield
        finally:
            if self._end is not None:
                self._end += time.monotonic() - started
