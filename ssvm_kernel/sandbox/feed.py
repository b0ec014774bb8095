"""What a guest reads as its stdin, carried there: from a descriptor of this process, from bytes, or piece by piece.

The worker never gets the descriptor itself: a terminal in the hands of a worker that was taken over could be given keys
to type, and a file that is open for writing could be changed.  It gets the end of a pipe that can be read.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Feed", "feeding"]

_READ = 1 << 16


class Feed:
    """A pipe to a guest, filled while the guest runs, and not while it waits for a command.

    Parameters
    ----------
    source : int, bytes or None
        A descriptor to read, which stays open and is read ahead of the guest by no more than the pipe and one read
        hold; or all that there is to read; or None for what `put` gives.

    Attributes
    ----------
    fileno : int
        The end that the guest reads.
    is_open : bool
        Whether more may come.
    """

    def __init__(self, source: int | bytes | None) -> None:
        self.fileno, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._source = source if isinstance(source, int) else None
        self.is_open = True
        self._more = not isinstance(source, bytes)
        self._rest = memoryview(source if isinstance(source, bytes) else b"")
        self._selector: selectors.BaseSelector | None = None

    def attach(self, selector: selectors.BaseSelector) -> None:
        """Take part in a loop: keys of `selector` whose data is a callable are to be answered by calling it."""
        self._selector = selector
        if self.is_open:
            self._go_on()

    @property
    def waiting(self) -> bool:
        """Whether there is something that the guest has not read yet, or the end has come."""
        if not self.is_open or self._rest:
            return True
        (count,) = struct.unpack("i", fcntl.ioctl(self._write, termios.FIONREAD, b"\0\0\0\0"))
        return bool(count)

    def put(self, data: bytes | None) -> None:
        """Give the guest more to read, with None the end."""
        if data is None:
            self._end()
        elif self.is_open:
            self._rest = memoryview(data)
            self._give()

    def close(self) -> None:
        """Close both ends of the pipe."""
        self._end()
        os.close(self.fileno)

    def _go_on(self) -> None:
        """Wait for more to read, or for room when something is left to write; end when there is neither."""
        assert self._selector is not None
        if not self._rest:
            if not self._more:
                return self._end()
            if self._source is None:
                return None
            try:
                self._selector.register(self._source, selectors.EVENT_READ, self._take)
            except PermissionError:  # a file is always ready, and cannot be waited for
                self._selector.register(self._write, selectors.EVENT_WRITE, self._take)
            return None
        self._selector.register(self._write, selectors.EVENT_WRITE, self._give)
        return None

    def _take(self) -> None:
        self._leave()
        assert self._source is not None
        try:
            self._rest = memoryview(os.read(self._source, _READ))
        except (BlockingIOError, InterruptedError):
            return self._go_on()
        except OSError:  # a terminal that went away, a folder: nothing comes from it
            self._rest = memoryview(b"")
        if not self._rest:
            return self._end()
        return self._give()

    def _give(self) -> None:
        self._leave()
        try:
            self._rest = self._rest[os.write(self._write, self._rest) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # nobody reads any more
            return self._end()
        return self._go_on()

    def _leave(self) -> None:
        assert self._selector is not None
        registered = self._selector.get_map() or {}
        for fd in (self._source, self._write):
            if fd is not None and fd in registered:
                self._selector.unregister(fd)

    def _end(self) -> None:
        """Close our end, so that the guest reads the end of its stdin."""
        if self.is_open:
            self.is_open = False
            self._rest = memoryview(b"")
            os.close(self._write)


@contextmanager
def feeding(source: int | bytes | None, *, asks: bool = False) -> Iterator[Feed | None]:
    """Give a feed from `source` to the body; None for a guest whose stdin is empty, unless it `asks`."""
    if source is None and not asks:
        yield None
        return
    feed = Feed(source)
    try:
        yield feed
    finally:
        feed.close()
