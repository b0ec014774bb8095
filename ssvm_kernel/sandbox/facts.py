"""What messages between kernel and worker are made of, and what they tell of a guest's failures."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = [
    "MOST_ATTEMPTS",
    "MOST_OPENED",
    "MOST_PATH_BYTES",
    "Attempt",
    "Message",
    "OpenedPath",
    "StackFrame",
    "TrapInfo",
]

MOST_ATTEMPTS: Final = 50
"""Paths that a run's end names."""
MOST_OPENED: Final = 50
"""Opened paths that a run's end names."""
MOST_PATH_BYTES: Final = 1024
"""Bytes of one such path."""


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Base: messages are tagged with their class name."""


class StackFrame(msgspec.Struct, frozen=True, array_like=True):
    """One frame of a guest's stack: function, and where it is in the source (empty and 0 when unknown)."""

    function: str
    file: str = ""
    line: int = 0
    column: int = 0


class TrapInfo(msgspec.Struct, frozen=True, array_like=True):
    """What trapped, in the engine's words, and where."""

    message: str
    frames: tuple[StackFrame, ...] = ()


class OpenedPath(msgspec.Struct, frozen=True, array_like=True):
    """A path that the guest opened: the folder that it is relative to, the path, and whether to write."""

    fd: int
    path: bytes
    writes: bool


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """A path that the guest tried and did not get.

    Parameters
    ----------
    function : str
        What it called, e.g. ``"path_open"``.
    fd : int
        The folder that the path is relative to; granted folders are numbered from 3.
    path : bytes
        As the guest gave it, its beginning where it is long.
    error : int
        The WASI error of the last time.
    count : int
        How often.
    """

    function: str
    fd: int
    path: bytes
    error: int
    count: int = 1
