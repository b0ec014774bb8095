"""Words that a worker sends, made safe to show before anybody sees them.

They end up in errors and reports.  A guest chooses some of them without breaking anything (names of its functions and
imports are in traps and link errors), and a worker that was taken over chooses all of them (rule 14, attack X04).
"""

from __future__ import annotations

from typing import Final

import msgspec

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.sandbox import protocol

__all__ = ["plain"]

_LINE: Final = 1000  # characters of one name or line
_LINES: Final = 200
_FRAMES: Final = 100
_NOTES: Final = 20
_RESULTS: Final = 1000  # an engine's own limit for one function


def plain(message: protocol.FromWorker) -> protocol.FromWorker:
    """Return a worker's message with nothing in its words that would act on a screen instead of being read."""
    if isinstance(message, protocol.CommandCall):
        return message  # its words are made safe where they are shown, and run as they are
    if isinstance(message, protocol.Failed):
        return msgspec.structs.replace(message, message=_text(message.message))
    if isinstance(message, (protocol.Returned, protocol.Ran)) and message.trap is not None:
        return msgspec.structs.replace(message, trap=_trap(message.trap))
    if isinstance(message, protocol.Finished) and (message.trap is not None or message.results or message.notes):
        results = tuple(visible(result, _LINE) for result in message.results[:_RESULTS])
        notes = tuple(visible(note, _LINE) for note in message.notes[:_NOTES])
        return msgspec.structs.replace(message, trap=_trap(message.trap), results=results, notes=notes)
    return message


def _trap(trap: protocol.TrapInfo | None) -> protocol.TrapInfo | None:
    if trap is None:
        return None
    return protocol.TrapInfo(_text(trap.message), tuple(map(_frame, trap.frames[:_FRAMES])))


def _frame(frame: protocol.StackFrame) -> protocol.StackFrame:
    return msgspec.structs.replace(frame, function=visible(frame.function, _LINE), file=visible(frame.file, _LINE))


def _text(text: str) -> str:
    """Return a text of several lines; the indentation of each stays."""
    lines = text.split("\n")[:_LINES]
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + visible(line.strip(" "), _LINE) for line in lines)
