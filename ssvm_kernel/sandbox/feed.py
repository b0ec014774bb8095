"""What comes in on a descriptor of this process, carried to the stdin of a guest.

The worker never gets the descriptor itself: a terminal in the hands of a worker that was taken over could be given keys
to type, and a file that is open for writing could be changed.  It gets the end of a pipe that can be read.
"""

from __future__ import annotations

import os
import selectors
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Feed", "feeding"]

_READ = 1 << 16


class Feed:
    """A pipe to a guest, filled from a descriptor while the guest runs, and not while it waits for a command.

    Parameters
    ----------
    source : int
        What to read; stays open, and is read ahead of the guest by no more than the pipe and one read hold.

    Attributes
    ----------
    fileno : int
        The end that the guest reads.
    """

    def __init__(self, source: int) -> None:
        self.fileno, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._source = source
        self._open = True
        self._rest = b""
        self._selector: selectors.BaseSelector | None = None

    def attach(self, selector: selectors.BaseSelector) -> None:
        """Take part in a loop: keys of `selector` whose data is a callable are to be answered by calling it."""
        self._selector = selector
        if self._open:
            self._wait()

    def close(self) -> None:
        """Close both ends of the pipe."""
        self._end()
        os.close(self.fileno)

    def _wait(self) -> None:
        """Wait for more to read, or for room when something is left to write."""
        assert self._selector is not None
        if not self._rest:
            try:
                self._selector.register(self._source, selectors.EVENT_READ, self._take)
            except PermissionError:  # a file is always ready, and cannot be waited for
                self._selector.register(self._write, selectors.EVENT_WRITE, self._take)
            return
        self._selector.register(self._write, selectors.EVENT_WRITE, self._give)

    def _take(self) -> None:
        self._leave()
        try:
            self._rest = os.read(self._source, _READ)
        except (BlockingIOError, InterruptedError):
            return self._wait()
        except OSError:  # a terminal that went away, a folder: nothing comes from it
            self._rest = b""
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
        return self._wait()

    def _leave(self) -> None:
        assert self._selector is not None
        registered = self._selector.get_map() or {}
        for fd in (self._source, self._write):
            if fd in registered:
                self._selector.unregister(fd)

    def _end(self) -> None:
        """Close our end, so that the guest reads the end of its stdin."""
        if self._open:
            self._open = False
            os.close(self._write)


@contextmanager
def feeding(source: int | None) -> Iterator[Feed | None]:
    """Give a feed from `source` to the body; None for a guest whose stdin is empty."""
    if source is None:
        yield None
        return
    feed = Feed(source)
    try:
        yield feed
    finally:
        feed.close()
