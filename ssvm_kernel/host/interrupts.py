"""Holding back an interrupt while it would lose something, and letting it through where it can be handled.

Python raises KeyboardInterrupt between any two steps of the main thread, also between the start of a process and the
statement that would remember it.  Inside a gate that happens only where the code says so.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` converts to enum members and back, in ten times the time
import signal
import threading
from types import FrameType, TracebackType
from typing import Final

__all__ = ["InterruptGate"]

_SIGINT: Final = int(signal.SIGINT)


class InterruptGate:
    """A context in which SIGINT waits: until the gate is opened, or until the context ends.

    Gates may be nested; an inner one hands what it held to the outer one.  On other threads than the main one it does
    nothing, since Python never interrupts them, and neither where another library handles SIGINT.
    """

    def __init__(self) -> None:
        self._active = False
        self._open = False
        self._held: list[tuple[int, FrameType | None]] = []

    def __enter__(self) -> InterruptGate:
        if threading.current_thread() is threading.main_thread():
            self._before = _signal.getsignal(_SIGINT)
            if self._before is not None:  # None: a handler that Python did not install and could not put back
                self._active = True
                _signal.signal(_SIGINT, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._active:
            return
        self._open = self._active = False
        _signal.signal(_SIGINT, self._before)
        if self._held:
            self._deliver(*self._held[0])

    def open(self) -> None:
        """From here on an interrupt raises, as it did before this gate; also one that was held back until now.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts.
        """
        self._open = True
        if self._held:
            self._receive(*self._held.pop(0))

    def close(self) -> None:
        """From here on an interrupt waits again; it also does after one was raised."""
        self._open = False

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if not self._open:
            self._held.append((number, frame))
            return
        self._open = False  # whoever handles what is raised now must not be interrupted once more
        self._deliver(number, frame)
        self._open = True  # the handler only took notice

    def _deliver(self, number: int, frame: FrameType | None) -> None:
        if callable(self._before):
            self._before(number, frame)
        elif self._before == signal.SIG_DFL:
            self._kill_ourselves(number)

    def _kill_ourselves(self, number: int) -> None:
        """Do what SIGINT does to a program that never asked about it."""
        current = signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, current)
