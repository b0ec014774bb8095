"""The descriptors that a run lends to a worker: pipes for what the guest prints, and a file of machine code."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["PIPE_SIZE", "output_pipes", "reopenable"]

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


@contextmanager
def output_pipes() -> Iterator[tuple[int, int, int, int]]:
    """Two pipes as (stdout read, stdout write, stderr read, stderr write); the read ends do not block.

    The write ends belong to the body; large pipes let a guest write a megabyte without waiting for the notebook.
    """
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    try:
        os.set_blocking(out_read, False)
        os.set_blocking(err_read, False)
        with suppress(OSError):  # over the user's quota of pipe memory, or no Linux
            fcntl.fcntl(out_write, _F_SETPIPE_SZ, PIPE_SIZE)
        yield out_read, out_write, err_read, err_write
    finally:
        os.close(out_read)
        os.close(err_read)
