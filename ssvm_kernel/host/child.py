"""A started process together with our ends of its pipes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Child", "enlarge_pipe"]

_NAMES: Final = ("stdin", "stdout", "stderr")
_LARGE_PIPE: Final = 1024 * 1024


@dataclass
class Child:
    """A process that leads its own group.

    Parameters
    ----------
    process : subprocess.Popen
        The process; its ``stdin``, ``stdout`` and ``stderr`` are not used.
    stdin, stdout, stderr : int
        Our ends of its pipes; -1 for a closed one.
    """

    process: subprocess.Popen[Any]
    stdin: int
    stdout: int
    stderr: int

    def close(self) -> None:
        """Close all pipes."""
        for name in _NAMES:
            self.close_one(name)

    def close_one(self, name: str) -> None:
        """Close the pipe `name`, unless it is closed."""
        fileno = getattr(self, name)
        if fileno >= 0:
            setattr(self, name, -1)
            os.close(fileno)


def enlarge_pipe(fileno: int) -> None:
    """Let a pipe hold a megabyte, where the system has that and the user's share of pipe memory allows it."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(fileno, fcntl.F_SETPIPE_SZ, _LARGE_PIPE)
