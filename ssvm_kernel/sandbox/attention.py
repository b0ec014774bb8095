"""Waiting for the other side's next message, awake while messages come at once.

A guest that runs one short command after the other waits for each of them for less than a millisecond.  A process that
sleeps for so short a time wakes up with cold caches, and takes longer for its own part than the rest of the way does:
staying awake took a sixth off the whole.  It is done only after an answer that came quickly, and not for a while where
somebody else wanted the processor meanwhile: there it costs more than it gives.  So a long command or a question to the
person costs one such wait, a busy machine hardly any, and an idle worker nothing.  The kernel does the same for a
guest's next command.
"""

from __future__ import annotations

import os
import select
import socket
import time
from typing import Final

__all__ = ["AWAKE_SECONDS", "Attention", "processors"]

AWAKE_SECONDS: Final = 0.0015
"""Longest that a wait stays awake, and longest wait after which the next one does."""

_CROWDED: Final = 0.0001
"""Seconds for a look at the socket that tell of somebody else on this processor."""
_GAIN: Final = 0.00005
"""Seconds that staying awake is sure to save of a wait.

After a look that told of somebody else, as many waits are slept through as make up for it, twice as many each time in a
row: a timer or the hypervisor takes a fraction of a millisecond, another process several.
"""
_MOST: Final = 256
"""Most waits that are slept through at once."""


class Attention:
    """Waits for one socket.

    Parameters
    ----------
    sock : socket
        What to wait for.
    processors : int
        How many this process may use; on a single one, staying awake would only keep the others from working.
    """

    def __init__(self, sock: socket.socket | int, processors: int) -> None:
        self._ready = select.poll()
        self._ready.register(sock, select.POLLIN)
        self._may = processors > 1 and hasattr(os, "sched_yield")
        self._quick = False
        self._asleep = 0  # waits to sleep through
        self._in_a_row = 0  # looks that told of somebody else

    def wait(self) -> None:
        """Return when the socket has something, or its other end is gone."""
        started = time.perf_counter()
        if not (self._quick and self._may and self._is_awake() and self._look(started)):
            self._ready.poll()
        self._quick = time.perf_counter() - started < AWAKE_SECONDS

    def came(self) -> bool:
        """Tell whether the socket has something now or in a moment; a moment is spent only after messages that came so.

        A message that comes later is to be told by `late`.
        """
        return self._quick and self._may and self._is_awake() and self._look(time.perf_counter())

    def late(self, seconds: float) -> None:
        """Take notice of a message that was waited for in another way, for so long."""
        self._quick = seconds < AWAKE_SECONDS

    def _is_awake(self) -> bool:
        self._asleep = max(0, self._asleep - 1)
        return not self._asleep

    def _look(self, started: float) -> bool:
        """Look again and again, behind all others who want the processor; tell whether something came in time."""
        last = started
        while not self._ready.poll(0):
            os.sched_yield()
            now = time.perf_counter()
            if now - last > _CROWDED:
                self._asleep = min(int((now - last) / _GAIN) << self._in_a_row, _MOST)
                self._in_a_row = min(self._in_a_row + 1, 10)
                return False
            if now - started > AWAKE_SECONDS:
                return False
            last = now
        self._in_a_row = max(0, self._in_a_row - 1)
        return True


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
