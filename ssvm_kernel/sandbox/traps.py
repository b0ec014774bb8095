"""Reading what the engine says of a trap: its kind, and the guest's own stack with source lines."""

from __future__ import annotations

import re
from typing import Final

from ssvm_kernel.sandbox.protocol import StackFrame, TrapInfo

__all__ = ["parse_trap"]

_FUNCTION: Final = re.compile(r"^\s*(?:\d+:\s+0x[0-9a-f]+\s+)?-\s+(?P<name>.+)$")
_PLACE: Final = re.compile(r"^\s*at (?P<file>.*?)(?::(?P<line>\d+)(?::(?P<column>\d+))?)?$")
_CAUSE: Final = re.compile(r"^\s*(?:\d+: )?wasm trap: (?P<cause>.*)$")
_MAX_FRAMES: Final = 64


def parse_trap(text: str) -> TrapInfo:
    """Return a trap as data.

    Parameters
    ----------
    text : str
        ``str(trap)`` of wasmtime 50: "error while executing at wasm backtrace:", then the frames, then "Caused by:".

    Returns
    -------
    TrapInfo
        The last cause as message (the whole text where no cause is found), and the frames, innermost first.
    """
    head, _, tail = text.partition("Caused by:")
    frames: list[StackFrame] = []
    for line in head.splitlines():
        if len(frames) > _MAX_FRAMES:
            break
        if function := _FUNCTION.match(line):
            frames.append(StackFrame(function["name"].strip().removeprefix("<unknown>!")))
        elif frames and (place := _PLACE.match(line)):
            frames[-1] = StackFrame(
                frames[-1].function, place["file"], int(place["line"] or 0), int(place["column"] or 0)
            )
    return TrapInfo(_cause(tail or text), tuple(frames))


def _cause(text: str) -> str:
    """Return the engine's name for the trap, without the list numbers."""
    causes = [match["cause"] for line in text.splitlines() if (match := _CAUSE.match(line))]
    if causes:
        return causes[-1].strip()
    lines = [re.sub(r"^\s*\d+: ", "", line).strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "the guest trapped"
