"""A small process that outlives the kernel by a moment, to end the commands that would outlive it for good.

Run as a script, without the package.  It is told of process groups over a pipe, as numbers: one to watch, or, negative,
one that is over.  When the pipe closes or its parent ends, however hard that was, it kills those that are left.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import sys

NUMBER = struct.Struct("<i")


def watch(pipe: int, parent: int) -> None:
    """Take numbers until the parent is gone, then end what is left."""
    groups: set[int] = set()
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    with contextlib.suppress(AttributeError, OSError):  # no Linux, or an old one
        # A process that the kernel forked holds our pipe open: its end alone would not tell.
        poll.register(os.pidfd_open(parent), select.POLLIN)
    while os.getppid() == parent:
        ready = dict(poll.poll())
        data = os.read(pipe, 1024 * NUMBER.size) if pipe in ready else b""
        if not data:
            break
        for (number,) in NUMBER.iter_unpack(data[: len(data) - len(data) % NUMBER.size]):
            (groups.add if number > 0 else groups.discard)(abs(number))
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    watch(int(sys.argv[1]), int(sys.argv[2]))
