"""Ending a guest that waits for a command when nobody waits for the guest: its thread is busy with the command."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["ended_when_unwanted"]

_LOOK: Final = 0.2
"""Seconds between two looks."""


@contextmanager
def ended_when_unwanted(wanted: Callable[[], bool], stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop`, on another thread, when something is not wanted any more before the body ends."""
    watch = _watch()
    entry = watch.add(wanted, stop)
    try:
        yield
    finally:
        watch.remove(entry)


class _Watch:
    """One thread that looks after all of them, since a thread for each command would cost a tenth of a small one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: dict[object, tuple[Callable[[], bool], Callable[[], None]]] = {}
        threading.Thread(target=self._run, name="ssvm-ending", daemon=True).start()

    def add(self, wanted: Callable[[], bool], stop: Callable[[], None]) -> object:
        entry = object()
        with self._changed:
            if not self._entries:
                self._changed.notify()
            self._entries[entry] = wanted, stop
        return entry

    def remove(self, entry: object) -> None:
        with self._changed:
            self._entries.pop(entry, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._entries:
                    self._changed.wait()
                self._changed.wait(_LOOK)
                for entry, (wanted, stop) in list(self._entries.items()):
                    if not wanted():
                        stop()  # inside the lock: once the body has ended, nothing is stopped any more
                        del self._entries[entry]


@functools.cache
def _watch() -> _Watch:
    return _Watch()
