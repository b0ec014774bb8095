"""What a cell shows while it measures, and how the person stops it there."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Final

from ssvm_kernel.deciders.measuring import KEEPS, Button, MeasuringScreen, MeasuringView
from ssvm_kernel.display.surface import Bundle, Handle, Surface
from ssvm_kernel.display.text import escape

__all__ = ["Progress", "Stopped"]

_FIRST: Final = 0.7  # seconds; what is done sooner needs no button
_INTERVAL: Final = 0.5
_LOOK: Final = 0.2


class Stopped(Exception):
    """The person stopped the measurement."""


class Progress:
    """A line in the cell, with a stop button where widgets can be shown; in the end the result takes its place.

    Use as a context manager: whatever ends it, nothing unfinished stays in the cell.

    Parameters
    ----------
    surface : Surface
        Where to show it; nothing is shown where an output cannot be replaced.
    unfinished : str
        What takes its place when it does not come to its end.
    button : Button
        What stops it.
    """

    def __init__(
        self,
        surface: Surface,
        unfinished: str = "the measurement did not come to its end",
        button: Button = KEEPS,
    ) -> None:
        self.surface = surface
        self._unfinished = unfinished
        self._button = button
        self._view: MeasuringView | None = None
        self._handle: Handle | None = None
        self._due = time.monotonic() + _FIRST
        self._tried = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._view is not None or self._handle is not None:
            self.close(_line(self._unfinished))

    def poll(self) -> float | None:
        """Look whether the person stopped it, in the middle of a run; return the seconds until the next look.

        Raises
        ------
        Stopped
            When the person did.
        """
        if not self.surface.live:
            return None
        if not self._tried:
            self.tell(lambda: "measuring")
        self.check()
        return _LOOK

    def check(self) -> None:
        """Raise when the person stopped it.

        Raises
        ------
        Stopped
            When the person did.
        """
        if self._view is not None and self._view.stopped:
            raise Stopped

    def tell(self, words: Callable[[], str]) -> None:
        """Say how far it is, at most twice a second."""
        if not self.surface.live or time.monotonic() < self._due:
            return
        text = words()
        if not self._tried:
            self._tried = True
            self._view = _screen().open(text, self._button)
        if self._view is not None and self._view.lost:
            self._view.close(_line(text))
            self._view = None
        if self._view is not None:
            self._view.tell(text)
        elif self._handle is not None:
            self._handle.update(_line(text))
        else:
            self._handle = self.surface.show(_line(text))
        self._due = time.monotonic() + _INTERVAL

    def end(self, words: Callable[[], str]) -> None:
        """Say how it ended, where it was said how far it is."""
        if self._view is not None or self._handle is not None:
            self.close(_line(words()))

    def close(self, bundle: Bundle) -> None:
        """Show the result, in the place of the line where there is one."""
        if self._view is not None:
            self._view.close(bundle)
        elif self._handle is not None:
            self._handle.update(bundle)
        else:
            self.surface.show(bundle)
        self._view = self._handle = None


def _line(text: str) -> Bundle:
    return {"text/plain": text, "text/html": f"<em>{escape(text)}</em>"}


@functools.cache
def _screen() -> MeasuringScreen:
    """Return what remembers which front ends show widgets."""
    return MeasuringScreen()
