"""Where a cell's output goes: a notebook, whose outputs can be replaced in place, or a terminal, where they cannot."""

from __future__ import annotations

import sys
from typing import Any, Protocol

from ssvm_kernel.display.publish import publish
from ssvm_kernel.display.survive import survivable_bundle
from ssvm_kernel.display.text import inert, tame

__all__ = ["Bundle", "Handle", "NotebookSurface", "Surface", "TerminalSurface", "current_surface", "running_cell"]

Bundle = dict[str, Any]
"""An output in several forms by MIME type; always with a complete ``text/plain`` and a script-free ``text/html``."""


class Handle(Protocol):
    """An output that was shown."""

    def update(self, bundle: Bundle) -> None:
        """Show `bundle` instead."""


class Surface(Protocol):
    """A place to show output.

    Attributes
    ----------
    live : bool
        Whether an output can be replaced while the cell runs.
    """

    live: bool

    def write(self, stream: str, text: str) -> None:
        """Write text to ``"stdout"`` or ``"stderr"``, at once."""

    def show(self, bundle: Bundle) -> Handle:
        """Show an output."""


class NotebookSurface:
    """A notebook's cell, through the running kernel."""

    live = True

    def write(self, stream: str, text: str) -> None:
        """Write text to the cell, at once; it may be shown by a console (attack W17)."""
        out = getattr(sys, stream)
        shown = tame(text)
        if not publish(out, shown):
            out.write(shown)
            out.flush()

    def show(self, bundle: Bundle) -> Handle:
        """Show an output that can be replaced later."""
        from IPython.display import display

        shown = display(survivable_bundle(bundle), raw=True, display_id=True)
        return _NotebookHandle(shown)


class _NotebookHandle:
    def __init__(self, shown: Any) -> None:
        self._shown = shown

    def update(self, bundle: Bundle) -> None:
        self._shown.update(survivable_bundle(bundle), raw=True)


class TerminalSurface:
    """A terminal, or plain Python: text only, and no escape sequence of a guest reaches it (attack W17)."""

    live = False

    def write(self, stream: str, text: str) -> None:
        """Write text with everything but colours made inert; they end with it, or they could hide a prompt (U07)."""
        out = getattr(sys, stream)
        shown = inert(text, keep_colours=True)
        out.write(f"{shown}\x1b[0m" if "\x1b" in shown else shown)
        out.flush()

    def show(self, bundle: Bundle) -> Handle:
        """Print the text form."""
        sys.stdout.write(bundle["text/plain"] + "\n")
        sys.stdout.flush()
        return _TerminalHandle()


class _TerminalHandle:
    def update(self, bundle: Bundle) -> None:
        """Do nothing: what was printed stays, and callers look at ``Surface.live``."""


def current_surface() -> Surface:
    """Return the surface of the running kernel, or the terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return NotebookSurface() if getattr(shell, "kernel", None) is not None else TerminalSurface()


def running_cell() -> object:
    """Return what tells the running cell from others; None outside of one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "execution_count", None)
