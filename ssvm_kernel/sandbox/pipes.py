"""The descriptors that a run lends to a worker: pipes for what the guest prints, and a file of machine code."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["PIPE_SIZE", "OutputPipes", "SparePipes", "reopenable"]

PIPE_SIZE: Final = 1 << 20
"""Bytes that a guest may print before it waits for the kernel to read."""
_F_SETPIPE_SZ: Final = getattr(fcntl, "F_SETPIPE_SZ", 1031)


@contextmanager
def reopenable(path: Path) -> Iterator[int]:
    """Open a file so that a locked worker can open it once more by its descriptor.

    Landlock lets nothing but granted folders be opened, memory files excepted; the copy is made by the system.
    """
    with path.open("rb") as file:
        if not hasattr(os, "memfd_create"):
            yield file.fileno()
            return
        copy = os.memfd_create("machine-code", os.MFD_CLOEXEC)
        try:
            left = os.fstat(file.fileno()).st_size
            while left > 0 and (sent := os.sendfile(copy, file.fileno(), None, left)):
                left -= sent
            yield copy
        finally:
            os.close(copy)


class OutputPipes(NamedTuple):
    """Two pipes, for a guest's stdout and stderr; the read ends do not block.

    Large ones let a guest write a megabyte without waiting for the notebook.
    """

    out_read: int
    out_write: int
    err_read: int
    err_write: int

    @property
    def writing(self) -> tuple[int, int]:
        """The ends that are written to."""
        return self.out_write, self.err_write

    @classmethod
    def make(cls) -> OutputPipes:
        """Return new ones.

        Raises
        ------
        OSError
            When there are no descriptors left.
        """
        out = os.pipe()
        try:
            pipes = cls(*out, *os.pipe())
        except OSError:
            for fd in out:
                os.close(fd)
            raise
        os.set_blocking(pipes.out_read, False)
        os.set_blocking(pipes.err_read, False)
        with suppress(OSError):  # over the user's quota of pipe memory, or no Linux
            fcntl.fcntl(pipes.out_write, _F_SETPIPE_SZ, PIPE_SIZE)
        return pipes

    def close_writing(self) -> None:
        """Close our copies of the ends that are written to, so that the end of what is written will be seen."""
        os.close(self.out_write)
        os.close(self.err_write)

    def close_reading(self) -> None:
        """Close the ends that are read."""
        os.close(self.out_read)
        os.close(self.err_read)

    def close(self) -> None:
        """Close all ends."""
        self.close_writing()
        self.close_reading()


class SparePipes:
    """Pipes made while nobody waits: each system call lets other threads in, just when a run is to begin."""

    def __init__(self) -> None:
        self._made: OutputPipes | None = None

    def prepare(self) -> None:
        """Have pipes ready, if there are descriptors for them."""
        if self._made is None:
            with suppress(OSError):
                self._made = OutputPipes.make()

    def take(self) -> OutputPipes:
        """Return pipes, which belong to the caller; each is used for one run only.

        Raises
        ------
        OSError
            When there are no descriptors left.
        """
        pipes, self._made = self._made, None
        return pipes or OutputPipes.make()

    @contextmanager
    def lent(self) -> Iterator[OutputPipes]:
        """Take pipes whose writing ends a worker is sent in the block; only the reading ends stay open, if it was.

        Raises
        ------
        OSError
            When there are no descriptors left.
        """
        pipes = self.take()
        try:
            yield pipes
        except BaseException:
            pipes.close_reading()
            raise
        finally:
            pipes.close_writing()

    def close(self) -> None:
        """Close those that were not used."""
        pipes, self._made = self._made, None
        if pipes is not None:
            pipes.close()
