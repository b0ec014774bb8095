"""The messages between kernel and worker about many runs of one guest."""

from __future__ import annotations

from typing import Final

import msgspec

from ssvm_kernel.sandbox.facts import Attempt, Message, TrapInfo

__all__ = ["CODE_BYTES", "TRAPPED", "Given", "Ran", "decode_given", "encode_given"]

CODE_BYTES: Final = 8
"""Bytes of the status that a worker writes after each run, before the mark."""
TRAPPED: Final = -1
"""Such a status of a run that trapped; others are not negative."""


class Given(msgspec.Struct, frozen=True, array_like=True):
    """What one run gets besides that which all of them get: further arguments, and its stdin."""

    args: tuple[str, ...] = ()
    stdin: bytes = b""


class Ran(Message, frozen=True):
    """From the worker: the runs are over.

    Parameters
    ----------
    count : int
        Runs that ended; fewer than were asked for when there is something to say about the last of them.
    trap : TrapInfo or None
        The trap of the last.
    attempts : tuple of Attempt
        Paths that the last did not get, when it failed.
    more_attempts : int
        How many more there were.
    """

    count: int
    trap: TrapInfo | None = None
    attempts: tuple[Attempt, ...] = ()
    more_attempts: int = 0


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final[msgspec.msgpack.Decoder[tuple[Given, ...]]] = msgspec.msgpack.Decoder(tuple[Given, ...])


def encode_given(items: tuple[Given, ...] | list[Given]) -> bytes:
    """Return the blob that goes with the request for many runs."""
    return _encoder.encode(items)


def decode_given(blob: bytes) -> tuple[Given, ...]:
    """Return what is in such a blob."""
    return _decoder.decode(blob)
