"""A descriptor that another thread can make readable."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

__all__ = ["Bell"]


class Bell:
    """Silent until it rings; readable from then on.

    Attributes
    ----------
    fileno : int
        What to wait for.
    rung : bool
        Whether it rang.
    """

    def __init__(self) -> None:
        self.fileno = self._write = -1
        self.rung = False
        if hasattr(os, "eventfd"):  # half of a pipe's system calls
            self.fileno = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        else:
            self.fileno, self._write = os.pipe()

    def ring(self) -> None:
        """Make it readable; from any thread."""
        self.rung = True
        with suppress(OSError):
            os.write(self.fileno if self._write < 0 else self._write, (1).to_bytes(8, sys.byteorder))

    def close(self) -> None:
        """Give its descriptors back; it must not ring any more."""
        for fileno in (self.fileno, self._write):
            if fileno >= 0:
                os.close(fileno)
        self.fileno = self._write = -1

    def __del__(self) -> None:
        self.close()
