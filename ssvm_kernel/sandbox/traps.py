"""Reading what the engine says of a trap: its kind, and the guest's own stack with source lines."""

from __future__ import annotations

import re
from typing import Final

from ssvm_kernel.sandbox.protocol import StackFrame, TrapInfo

__all__ = ["parse_trap"]

_FUNCTION: Final = re.compile(r"^\s*(?:\d+:\s+0x[0-9a-f]+\s+)?-\s+(?P<name>.+)$")
_PLACE: Final = re.compile(r"^\s*at (?P<file>.*?)(?::(?P<line>\d+)(?::(?P<column>\d+))?)?$")
_CAUSE: Final = re.compile(r"^\s*(?:\d+: )?wasm trap: (?P<cause>.*)$")
_MODULE: Final = re.compile(r"^(?:<unknown>|[^\s!<>()]+)!(?=.)")
_MAX_FRAMES: Final = 64
_TYPES: Final = (
    "v void, b bool, c char, a signed char, h unsigned char, s short, t unsigned short, i int, j unsigned int, l long, "
    "m unsigned long, x long long, y unsigned long long, n __int128, o unsigned __int128, f float, d double, "
    "e long double, g __float128, z ..., w wchar_t"
)
_BY_TYPE: Final = {name: letter for letter, _, name in (each.partition(" ") for each in _TYPES.split(", "))}
"""The engine reads each name as C++ mangles them, where a type is one letter: it calls a function ``f`` "float"."""


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
            name = _MODULE.sub("", function["name"].strip())
            frames.append(StackFrame(_BY_TYPE.get(name, name)))
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
