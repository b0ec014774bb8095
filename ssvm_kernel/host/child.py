"""A started process together with our ends of its pipes."""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from typing import Final, Protocol

__all__ = ["Child", "Process", "Started", "enlarge_pipe"]

_NAMES: Final = ("stdin", "stdout", "stderr")
_LARGE_PIPE: Final = 1024 * 1024


class Process(Protocol):
    """A child of this process, as far as it is needed here: a `Started`, or a `subprocess.Popen`.

    Attributes
    ----------
    pid : int
        Its number.
    returncode : int or None
        Exit status, or minus a signal's number; None until somebody has taken it.
    """

    pid: int
    returncode: int | None


class Started:
    """A process that was started without more around it."""

    __slots__ = ("pid", "returncode")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None


@dataclass
class Child:
    """A process that leads its own group.

    Parameters
    ----------
    process : Process
        The process.
    stdin, stdout, stderr : int
        Our ends of its pipes; -1 for a closed one.
    held : tuple of int
        Its own ends of the last two, as long as we hold them too: until `release`, their end is not told.  They belong
        to this object.
    """

    process: Process
    stdin: int
    stdout: int
    stderr: int
    held: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _held.update(self.held)

    def release(self) -> None:
        """Let the pipes end when the process, and whoever has them from it, lets go of them."""
        ends, self.held = self.held, ()
        _held.difference_update(ends)
        for fileno in ends:
            os.close(fileno)

    def close(self) -> None:
        """Close all pipes."""
        self.release()
        for name in _NAMES:
            self.close_one(name)

    def close_one(self, name: str) -> None:
        """Close the pipe `name`, unless it is closed."""
        fileno = getattr(self, name)
        if fileno >= 0:
            setattr(self, name, -1)
            os.close(fileno)


_held: Final[set[int]] = set()
"""Writing ends that are held for a while: a forked process lets go of its copies, or they would keep the pipes open."""


def _close_copies() -> None:
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_copies)


def enlarge_pipe(fileno: int) -> None:
    """Let a pipe hold a megabyte, where the system has that and the user's share of pipe memory allows it."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(fileno, fcntl.F_SETPIPE_SZ, _LARGE_PIPE)
