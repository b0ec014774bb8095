"""A place in memory for what commands print, which the guest's process can read and only this one can write.

A megabyte that goes through a new file each time costs more than the command that printed it: every page is taken,
cleared, filled by one copy, read by another and given back.  A shelf is made once for each worker that needs it: what a
command prints is read from the pipe straight into it, and the worker copies from there into its guest.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
from collections.abc import Callable
from typing import Final, NamedTuple

from ssvm_kernel.host.pipes import NewPipe

__all__ = ["GuestEnd", "Shelf", "ShelfReader", "Shelved", "make_shelf", "no_shelf"]

_BYTES: Final = 4 * 1024 * 1024
_SEAL_FUTURE_WRITE: Final = 0x10
"""Nobody but who has mapped the file already can write to it from now on (Linux 5.1; Python has no name for it)."""


class Shelved:
    """Bytes on a shelf; good until the next command of the same worker.

    Parameters
    ----------
    data : memoryview
        They themselves.
    """

    __slots__ = ("_data", "size")

    def __init__(self, data: memoryview) -> None:
        self._data: memoryview | bytes = data
        self.size = len(data)

    def __len__(self) -> int:
        return self.size

    def read_into(self, target: memoryview) -> None:
        """Fill `target` with the first bytes."""
        target[:] = self._data[: len(target)]

    def settle(self) -> None:
        """Take a copy, since the shelf is about to be used again."""
        self._data = bytes(self._data)

    def close(self) -> None:
        """Let go of the bytes."""
        self._data, self.size = b"", 0


class Shelf:
    """The kernel's side of a shelf, which it alone writes to.

    What it shows and logs of a command is taken from here, so the guest's process must not be able to change it: the
    file is sealed against all writing but through the mapping that was there before.

    Attributes
    ----------
    fileno : int
        Descriptor for the worker; -1 once it has it.
    view : memoryview
        The place.

    Raises
    ------
    OSError
        Where the system has no such file or seal.
    """

    def __init__(self) -> None:
        self.fileno = os.memfd_create("ssvm-shelf", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.fileno, _BYTES)
            self._map = mmap.mmap(self.fileno, _BYTES)
            seals = _SEAL_FUTURE_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self.fileno, fcntl.F_ADD_SEALS, seals)
        except BaseException:
            os.close(self.fileno)
            raise
        self.view = memoryview(self._map)

    def given(self) -> None:
        """Close the descriptor: the worker has it."""
        if self.fileno >= 0:
            os.close(self.fileno)
            self.fileno = -1

    def close(self) -> None:
        """Give the memory back, as soon as nobody looks at it any more."""
        self.given()
        self.view.release()
        with contextlib.suppress(BufferError):  # some output is still looked at: it goes with that
            self._map.close()


def make_shelf() -> Shelf | None:
    """Return a new shelf, or None where the system cannot have one, or has no descriptor left."""
    if not hasattr(os, "memfd_create") or not hasattr(fcntl, "F_SEAL_SEAL"):
        return None
    try:
        return Shelf()
    except OSError:
        return None


def no_shelf() -> None:
    """Have none: outputs go into files."""


class GuestEnd(NamedTuple):
    """The process of a guest that wants a command.

    Parameters
    ----------
    fileno : int
        A socket to it, which hangs up when it is gone.
    shelf : callable
        Returns its shelf, or None.
    new_pipe : callable
        Makes the pipes of its commands.
    """

    fileno: int
    shelf: Callable[[], Shelf | None] = no_shelf
    new_pipe: NewPipe = os.pipe


class ShelfReader:
    """The worker's side of a shelf."""

    def __init__(self) -> None:
        self._map: mmap.mmap | None = None
        self._last: Shelved | None = None

    def attach(self, fileno: int) -> None:
        """Take the kernel's shelf; the descriptor is not needed afterwards."""
        self._map = mmap.mmap(fileno, 0, prot=mmap.PROT_READ)

    def take(self, size: int) -> Shelved:
        """Return what lies there."""
        assert self._map is not None  # the kernel sends it with the first that lies there
        self._last = Shelved(memoryview(self._map)[:size])
        return self._last

    def clear(self) -> None:
        """Make room for another command's output; who still has the last one gets a copy."""
        if self._last is not None:
            self._last.settle()
            self._last = None
