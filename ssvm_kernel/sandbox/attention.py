"""Waiting for the kernel's answer, awake while answers come at once.

A guest that runs one short command after the other waits for each of them for less than a millisecond.  A process that
sleeps for so short a time wakes up with cold caches on another processor, and takes longer for its own part than the
rest of the way does: staying awake took a sixth off the whole.  It is done only after an answer that came quickly, so a
long command, a question to the person or a busy machine costs one such wait, and an idle worker nothing.
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


class Attention:
    """Waits for one socket.

    Parameters
    ----------
    sock : socket
        What to wait for.
    processors : int
        How many this process may use; on a single one, staying awake would only keep the others from working.
    """

    def __init__(self, sock: socket.socket, processors: int) -> None:
        self._ready = select.poll()
        self._ready.register(sock, select.POLLIN)
        self._may = processors > 1
        self._quick = False

    def wait(self) -> None:
        """Return when the socket has something, or its other end is gone."""
        started = time.perf_counter()
        if not (self._quick and self._may and self._awake(started + AWAKE_SECONDS)):
            self._ready.poll()
        self._quick = time.perf_counter() - started < AWAKE_SECONDS

    def _awake(self, until: float) -> bool:
        """Look again and again, behind all others who want the processor; tell whether something came in time."""
        while not self._ready.poll(0):
            if time.perf_counter() > until:
                return False
            os.sched_yield()
        return True


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
