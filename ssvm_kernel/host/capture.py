"""Keeping what a command prints: small outputs in memory, large ones in a file that exists in memory only.

A large output never becomes a Python object.  A few megabytes lie on a shelf that is used again and again
(`ssvm_kernel.host.shelf`); more goes through one small buffer, which stays in the processor's cache, into a file whose
descriptor the guest's process gets.  That was measured to beat ``splice`` (which moves 64 KiB pipes page by page),
reading into a new mapping (a page fault for every 4 KiB) and growing a ``bytes``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from typing import Final, TypeAlias

from ssvm_kernel.host.child import enlarge_pipe
from ssvm_kernel.host.shelf import Shelf, Shelved, no_shelf
from ssvm_kernel.host.stored import StoredBytes

__all__ = ["Captured", "Collector", "Preview"]

_SMALL: Final = 64 * 1024
"""Bytes of a first read: what an ordinary pipe holds, and what is kept in memory."""
_BUFFER: Final = 256 * 1024
_SEALS: Final = sum(getattr(fcntl, name, 0) for name in ("F_SEAL_SEAL", "F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_WRITE"))

Bytes: TypeAlias = bytes
"""The type, for a class that has a method of its name."""


class Captured:
    """What a command printed to one stream.

    Parameters
    ----------
    data : bytes, Shelved or StoredBytes
        What was kept.
    total : int
        How many bytes came; more than were kept when the limit cut the rest off.
    """

    __slots__ = ("data", "size", "total")

    def __init__(self, data: Bytes | Shelved | StoredBytes = b"", total: int | None = None) -> None:
        self.data = data
        self.size = len(data)
        self.total = self.size if total is None else total

    @property
    def truncated(self) -> bool:
        """Whether the command printed more than was kept."""
        return self.total > self.size

    def fileno(self) -> int | None:
        """Return the descriptor of the file that holds a large output, sealed against changes; None for a small one."""
        return self.data.fileno if isinstance(self.data, StoredBytes) else None

    def bytes(self, limit: int | None = None) -> Bytes:
        """Return what was kept, or its first `limit` bytes."""
        if isinstance(self.data, bytes):
            return self.data[:limit]
        copy = bytearray(self.size if limit is None else min(limit, self.size))
        self.data.read_into(memoryview(copy))
        return bytes(copy)

    def close(self) -> None:
        """Close the file of a large output; its bytes are gone."""
        if not isinstance(self.data, bytes):
            self.data.close()
            self.data = b""

    def __repr__(self) -> str:
        return f"Captured(size={self.size}, total={self.total})"


class Preview:
    """The first bytes of a stream on their way to a person, at a pace that a front end can take.

    Parameters
    ----------
    show : callable
        Takes bytes; called with none, once, when the stream goes on after `limit` bytes.
    limit : int
        Bytes to show.
    interval : float
        Least seconds between two calls.
    """

    def __init__(self, show: Callable[[bytes], None], limit: int, interval: float = 0.1) -> None:
        self._show = show
        self._left = limit
        self._interval = interval
        self._waiting = bytearray()
        self._last = float("-inf")
        self._ended = False

    @property
    def wants_more(self) -> bool:
        """Whether bytes that come now would still be shown or counted as cut."""
        return not self._ended

    @property
    def due(self) -> float | None:
        """When `flush` should be called, on the monotonic clock; None when nothing waits."""
        return self._last + self._interval if self._waiting else None

    def add(self, data: bytes | memoryview) -> None:
        """Take bytes of the stream."""
        part = data[: self._left]
        self._waiting += part
        self._left -= len(part)
        now = time.monotonic()
        if self._last + self._interval <= now:
            self.flush(now)
        if len(data) > len(part) and not self._ended:
            self._ended = True
            self.flush(now)
            self._show(b"")

    def flush(self, now: float) -> None:
        """Show what waits."""
        if self._waiting:
            data, self._waiting = bytes(self._waiting), bytearray()
            self._last = now
            self._show(data)


class Collector:
    """Takes a stream from a pipe.

    Parameters
    ----------
    limit : int
        Bytes to keep; what comes after is read, counted and dropped, so that the command can end.
    preview : Preview or None
        Gets the first bytes while they come.
    shelf : callable
        Returns where an output lies that is not small; asked when there is one.

    Attributes
    ----------
    total : int
        Bytes that came.
    """

    def __init__(
        self, limit: int, preview: Preview | None = None, shelf: Callable[[], Shelf | None] = no_shelf
    ) -> None:
        self._limit = limit
        self._shelf = shelf
        self._shelved: memoryview | None = None
        self.preview = preview
        self.total = 0
        self._kept = 0
        self._start = bytearray()
        self._file: int | None = None
        self._buffer: memoryview | None = None

    def read(self, fileno: int) -> bool:
        """Take once what a pipe holds; return False at its end.

        Raises
        ------
        BlockingIOError
            When the pipe is empty and does not block.
        """
        if self._shelved is not None and (room := self._shelved[self._kept :]):
            data: bytes | memoryview = room[: os.readv(fileno, [room])]
            self._kept += len(data)
        else:
            if self.total < _SMALL:
                data = os.read(fileno, _SMALL)
                if self.total + len(data) >= _SMALL:
                    enlarge_pipe(fileno)
            else:
                self._buffer = self._buffer or memoryview(bytearray(_BUFFER))
                data = self._buffer[: os.readv(fileno, [self._buffer])]
            if data and self._kept < self._limit:
                self._keep(data[: self._limit - self._kept])
        if not data:
            return False
        self.total += len(data)
        if self.preview is not None and self.preview.wants_more:
            self.preview.add(data)
        return True

    def flush(self) -> None:
        """Show what waits to be shown."""
        if self.preview is not None:
            self.preview.flush(time.monotonic())

    def finish(self) -> Captured:
        """Return what was kept."""
        if self._shelved is not None:
            return Captured(Shelved(self._shelved[: self._kept]), self.total)
        if self._file is None:
            return Captured(bytes(self._start), self.total)
        stored, self._file = StoredBytes(self._file, self._kept), None
        if _SEALS:
            with contextlib.suppress(OSError):  # a file system without seals
                # The guest's process gets this very file; it must not change what the kernel shows and logs.
                fcntl.fcntl(stored.fileno, fcntl.F_ADD_SEALS, _SEALS)
        return Captured(stored, self.total)

    def close(self) -> None:
        """Drop what was kept."""
        self.finish().close()

    def _keep(self, data: bytes | memoryview) -> None:
        kept = self._kept
        self._kept = end = kept + len(data)
        if self._file is None and end <= _SMALL:
            self._start += data
            return
        if self._file is None and self._shelved is None and (shelf := self._shelf()) and end <= len(shelf.view):
            self._shelved = shelf.view[: self._limit]
            self._shelved[:kept] = self._start
            self._shelved[kept:end] = data
            return
        if self._file is None:
            self._file = _open_file()
            _write_all(self._file, memoryview(self._start) if self._shelved is None else self._shelved)
            self._start, self._shelved = bytearray(), None
        _write_all(self._file, memoryview(data))


def _open_file() -> int:
    """Return a new file without a name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("ssvm-output", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    import tempfile  # takes milliseconds to load, and Linux never needs it

    with tempfile.TemporaryFile(buffering=0) as file:
        return os.dup(file.fileno())


def _write_all(fileno: int, data: memoryview) -> None:
    while data:
        data = data[os.write(fileno, data) :]
