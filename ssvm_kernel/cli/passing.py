"""The guest's own streams: its bytes go out as they come, and nothing of ours is among them."""

from __future__ import annotations

import contextlib
import os
import select
from typing import Final

from ssvm_kernel.host.display import NOT_GRANTED

__all__ = ["PassThrough", "open_standard_streams"]

STDOUT: Final = 1
STDERR: Final = 2


class PassThrough:
    """Hands a guest's output to this process's own stdout and stderr, unchanged and at once."""

    def __init__(self) -> None:
        self._closed: set[int] = set()

    def stdout(self, data: bytes) -> None:
        """Write to stdout.

        Raises
        ------
        BrokenPipeError
            Once, when nobody reads it any more; the guest has no use any more then.
        """
        self._write(STDOUT, data)

    def stderr(self, data: bytes) -> None:
        """Write to stderr; where nobody reads it, it is lost."""
        with contextlib.suppress(BrokenPipeError):
            self._write(STDERR, data)

    def display(self, mime: bytes, data: bytes) -> int:
        """Show nothing: a terminal shows text only."""
        del mime, data
        return NOT_GRANTED

    @property
    def one_stream(self) -> bool:
        """Whether stdout and stderr are one terminal, file or pipe, so that the order between them can be seen."""
        return os.path.sameopenfile(STDOUT, STDERR)

    def poll(self) -> float | None:
        """Hold nothing back."""
        return None

    def flush(self) -> None:
        """Hold nothing back."""

    def _write(self, fd: int, data: bytes) -> None:
        if fd in self._closed:
            return
        view = memoryview(data)
        try:
            while view:
                view = view[_write_once(fd, view) :]
        except BrokenPipeError:
            self._closed.add(fd)
            raise


def _write_once(fd: int, data: memoryview) -> int:
    try:
        return os.write(fd, data)
    except BlockingIOError:  # somebody else who has the same terminal made it so
        select.select([], [fd], [])
        return 0


def open_standard_streams() -> None:
    """Put something into the places of closed streams, or the next descriptor that is opened would be taken for one."""
    while (fd := os.open(os.devnull, os.O_RDWR)) < 3:  # the lowest free number each time
        pass
    os.close(fd)
