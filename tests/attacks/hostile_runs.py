"""A worker that its guest has taken over in the middle of a map; see `tests.attacks.hostile`."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.manymessages import decode_given
from ssvm_kernel.sandbox.worker import Worker

__all__ = ["DEEDS", "main"]

_WELL = (0).to_bytes(8, "little")
Deed = Callable[[bytes, list[int], int], protocol.Ran]


def _end(mark: bytes, fds: list[int], times: int = 1, code: bytes = _WELL) -> None:
    for fd in fds[:2]:
        os.write(fd, (code + mark) * times)


def more_ends_than_runs(mark: bytes, fds: list[int], count: int) -> protocol.Ran:
    """End each run twice."""
    _end(mark, fds, 2 * count)
    return protocol.Ran(count)


def fewer_ends_than_runs(mark: bytes, fds: list[int], count: int) -> protocol.Ran:
    """End one run less than it says."""
    _end(mark, fds, count - 1)
    return protocol.Ran(count)


def more_runs_than_items(mark: bytes, fds: list[int], count: int) -> protocol.Ran:
    """End more runs than there are items, and say so."""
    _end(mark, fds, count + 5)
    return protocol.Ran(count + 5)


def two_statuses(mark: bytes, fds: list[int], count: int) -> protocol.Ran:
    """Give a run another status in each of its streams."""
    os.write(fds[0], _WELL + mark)
    os.write(fds[1], (1).to_bytes(8, "little") + mark)
    return protocol.Ran(1)


def no_status(mark: bytes, fds: list[int], count: int) -> protocol.Ran:
    """End a run with a status that is none."""
    _end(mark, fds, code=(-7).to_bytes(8, "little", signed=True))
    return protocol.Ran(1)


def mark_alone(mark: bytes, fds: list[int], count: int) -> protocol.Ran:
    """End a run without any status."""
    _end(mark, fds, 3, b"")
    return protocol.Ran(3)


def stop_in_the_middle(mark: bytes, fds: list[int], count: int) -> protocol.Ran:
    """Leave runs out without a reason."""
    _end(mark, fds, 1)
    return protocol.Ran(1)


def nothing_at_all(mark: bytes, fds: list[int], count: int) -> protocol.Ran:
    """Say that it is done without a run: asked again for ever, nobody would come to an end."""
    return protocol.Ran(0)


DEEDS: dict[str, Deed] = {
    deed.__name__: deed
    for deed in (
        more_ends_than_runs,
        fewer_ends_than_runs,
        more_runs_than_items,
        two_statuses,
        no_status,
        mark_alone,
        stop_in_the_middle,
        nothing_at_all,
    )
}


class Hostile(Worker):
    """A worker whose runs are a deed."""

    deed: Deed

    def _work(self, message: protocol.ToWorker, blob: bytes, fds: list[int]) -> tuple[protocol.FromWorker, bytes]:
        if isinstance(message, protocol.Run) and message.mark:
            return type(self).deed(message.mark, fds, len(decode_given(blob))), b""
        return super()._work(message, blob, fds)


def main(fd: int, parent: int, deed: str) -> None:
    """Serve the kernel as `ssvm_kernel.sandbox.worker.main` does."""
    Hostile.deed = staticmethod(DEEDS[deed])
    Hostile(socket.socket(fileno=fd), parent).serve()
