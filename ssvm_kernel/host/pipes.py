"""Pipes made before they are needed: those of a guest's next command, while the guest reads the answer to its last."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from itertools import repeat, starmap
from typing import Final, TypeAlias

__all__ = ["NewPipe", "Pipes"]

NewPipe: TypeAlias = Callable[[], tuple[int, int]]
"""Returns the reading and the writing end of a pipe, which belong to the caller; raises `OSError` as ``os.pipe``."""

_FOR_ONE: Final = 4
"""What a command takes: one for each of its streams, and one that tells of an error of ``exec``."""


class Pipes:
    """Some spare pipes of one guest; each is given out once.

    A forked process lets go of its copies: a copy of a writing end would keep the end of a stream from being seen.
    """

    def __init__(self) -> None:
        self._made: list[tuple[int, int]] = []

    def prepare(self) -> None:
        """Have enough of them for a command; none at all where descriptors run short."""
        _all.add(self)
        try:
            # No Python code in between, where an interrupt would lose one.
            self._made.extend(starmap(os.pipe, repeat((), _FOR_ONE - len(self._made))))
        except OSError:
            self.close()

    def take(self) -> tuple[int, int]:
        """Return a pipe, a new one when there is none; see `NewPipe`."""
        return self._made.pop() if self._made else os.pipe()

    def close(self) -> None:
        """Close those that nobody took."""
        while self._made:
            for end in self._made.pop():
                os.close(end)


_all: Final[weakref.WeakSet[Pipes]] = weakref.WeakSet()


def _close_copies() -> None:
    for pipes in list(_all):
        pipes.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_copies)
