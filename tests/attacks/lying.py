"""A worker that keeps a guest and lies about its calls; runs in the worker's process."""

from __future__ import annotations

import msgspec

from ssvm_kernel.sandbox import protocol, worker
from tests.attacks.hostile import NOISE

__all__ = ["LIES", "main"]

_TRAP = protocol.TrapInfo(f"a trap{NOISE}", (protocol.StackFrame(f"function{NOISE}"),))

LIES = {
    "fewer results": (protocol.Returned(1), b""),
    "more results": (protocol.Returned(1), b"\0" * 4096),
    "more calls than were asked for": (protocol.Returned(2), b"\0" * 16),
    "calls below zero": (protocol.Returned(-1), b""),
    "an end that is none": (protocol.Returned(0), b""),
    "an end after all calls": (protocol.Returned(1, trap=_TRAP), b"\0" * 8),
    "a length without end": (protocol.Returned(1), b"\xff" * 8),
    "another answer": (protocol.MemoryPart(0), b"\0" * 8),
    "another answer to another question": (protocol.Finished(0, None, 0.0, 0.0, 0.0, 0.0, 0), b""),
    "noise": (protocol.Returned(0, trap=_TRAP), b""),
    "noise in a refusal": (protocol.Failed("call", f"refused{NOISE}"), b""),
    "code that it was not given": (protocol.Failed("stale", "of another engine"), b""),
    "a value that is no UTF-8": (protocol.Returned(1), b"\x91\xa2\xff\xff"),
    "a value whose length lies": (protocol.Returned(1), b"\x91\xdb\xff\xff\xff\xffab"),
    "a value of another type": (protocol.Returned(1), b"\x91\xc4\x02ab"),
    "a description that is none": (protocol.Described(), b"\xc1"),
    "a description without end": (protocol.Described(), msgspec.msgpack.encode([[["f"], [["a", ["list"]]], None]])),
}


class _Liar:
    def __init__(self, lie: str) -> None:
        self._lie = LIES[lie]

    def answer(self, message: protocol.ToWorker, blob: bytes) -> tuple[protocol.FromWorker, bytes]:
        del message, blob
        return self._lie


def main(fd: int, parent: int, lie: str) -> None:
    """Serve the kernel as a worker does, but for its answers."""
    worker.KeptGuest = lambda *parts: _Liar(lie)
    worker.main(fd, parent)
