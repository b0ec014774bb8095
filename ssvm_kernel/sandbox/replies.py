"""What a worker makes of the kernel's answer to its guest's command."""

from __future__ import annotations

import os

from ssvm_kernel.host.process import CommandReply, Printed, StoredBytes
from ssvm_kernel.host.shelf import ShelfReader
from ssvm_kernel.sandbox import protocol

__all__ = ["guest_reply"]


def guest_reply(reply: protocol.CommandReply, blob: bytes, fds: list[int], shelf: ShelfReader) -> CommandReply:
    """Put a reply's outputs together from the blob, the shelf and the descriptors, which belong to them from now on."""
    if not fds and not reply.shelved:
        size = reply.stdout_size
        return CommandReply(reply.code, blob[:size], blob[size : size + reply.stderr_size], reply.keep_inputs)
    stored = iter(fds)
    view = memoryview(blob)
    outputs: list[Printed] = []
    if reply.shelved and len(fds) > reply.stderr_by_fd:
        shelf.attach(fds[-1])
        os.close(fds.pop())
    for length, by_fd in ((reply.stdout_size, reply.stdout_by_fd), (reply.stderr_size, reply.stderr_by_fd)):
        if reply.shelved and not outputs:
            outputs.append(shelf.take(length))
        elif by_fd:
            outputs.append(StoredBytes(next(stored), length))
        else:
            outputs.append(bytes(view[:length]))
            view = view[length:]
    return CommandReply(reply.code, outputs[0], outputs[1], reply.keep_inputs)
