"""Ask on the terminal that a command line runs in, whatever its stdin and stdout are."""

from __future__ import annotations

import os
import sys
from typing import Final

from ssvm_kernel.capabilities.model import Scope
from ssvm_kernel.deciders.base import Answer, Offer, Question, Wait
from ssvm_kernel.deciders.stdin import StdinDecider, Terminal

__all__ = ["TtyDecider"]

_READ: Final = 4096
_OF_A_KERNEL: Final = "JPY_PARENT_PID"
"""Set by Jupyter in a kernel, and so in what a cell starts; not in JupyterLab's terminals."""
_PLAIN: Final = (
    "\x18\x1b\\"  # end a sequence that was begun: it would swallow the question
    "\x1b[!p\x1b[?1047l\x1b[r\x1b[0m\x0f\x1b(B"  # soft reset, main screen, whole screen, plain ASCII
    "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\"  # its own colours: text in the background's colour cannot be read
    "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?2004l"  # no reports that look typed
    "\x1b[999B\r\n\x1b[J"  # below all that was printed
)
"""What undoes whatever a guest's output did to the terminal, without taking away what can be read on it (U04)."""


class TtyDecider(StdinDecider):
    """Asks on ``/dev/tty``, where stdin and stderr both are terminals; the rules are those of `StdinDecider`.

    The guest has no part in it: its output went through this process and is complete by now, its stdin is not read
    while the question stands, and what was typed before it is thrown away.
    """

    name = "terminal"

    def decide(self, question: Question, wait: Wait) -> Answer | None:
        """Return what the person typed, or None without a terminal."""
        try:
            return super().decide(question, wait)
        finally:
            self._close()

    def __init__(self) -> None:
        self._tty: int | None = None

    def _close(self) -> None:
        if self._tty is not None:
            os.close(self._tty)
            self._tty = None

    def _choices(self, question: Question) -> dict[str, Offer]:
        """Leave out the session: a command line has one run."""
        return {key: offer for key, offer in super()._choices(question).items() if offer.scope is not Scope.SESSION}

    def _terminal(self, wait: Wait) -> Terminal | None:
        tty = self._tty = _own_terminal()
        if tty is None:
            return None

        def write(text: str) -> None:
            data = text.encode("utf-8", "replace")
            while data:
                data = data[os.write(tty, data) :]

        def ask(prompt: str) -> str:
            write(prompt)
            return _line(tty, wait)

        write(_PLAIN)
        return Terminal(write, ask, lambda: _flush(tty))


def _own_terminal() -> int | None:
    """Open the terminal that both stdin and stderr are, if this process may use it now."""
    if not (_is_terminal(sys.__stdin__) and _is_terminal(sys.__stderr__)):
        return None
    if (
        _OF_A_KERNEL in os.environ
    ):  # "!ssvm" in a notebook has a terminal that nobody can type in: it would wait for ever
        return None
    try:
        tty = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        in_front = os.tcgetpgrp(tty) == os.getpgrp()
    except OSError:
        in_front = False
    if not in_front:  # in the background: to read would stop this process, and nobody looks
        os.close(tty)
        return None
    return tty


def _is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    try:
        return bool(isatty is not None and isatty())
    except ValueError:  # closed
        return False


def _line(tty: int, wait: Wait) -> str:
    """Read one line; raises EOFError where it ends before."""
    data = b""
    while not data.endswith((b"\n", b"\r")):
        wait(tty)  # notices that the guest is gone, which a blocking read would not
        piece = os.read(tty, _READ)
        if not piece:
            raise EOFError
        data += piece
    return data.decode("utf-8", "replace")


def _flush(tty: int) -> None:
    import termios

    termios.tcflush(tty, termios.TCIFLUSH)
