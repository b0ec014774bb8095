"""Lists of numbers of a component's interface: they travel as the bytes of their elements, and not one by one."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["NUMBER_CODES", "as_bytes", "as_it_lies", "packed", "unpacked"]

NUMBER_CODES: Final[Mapping[str, str]] = {
    "s8": "b",
    "u8": "B",
    "s16": "h",
    "u16": "H",
    "s32": "i",
    "u32": "I",
    "s64": "q",
    "u64": "Q",
    "f32": "f",
    "f64": "d",
}
"""The types of numbers, and what `struct` calls them."""
_ALIKE: Final = ("bhilq", "BHILQ", "fd")
"""What `memoryview` calls elements that differ in their size only."""


def as_it_lies(element: str, value: Any) -> bytes | None:
    """Return the bytes of an array that holds just such numbers; None for all else."""
    code = NUMBER_CODES[element]
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):  # NumPy has types that it lends to nobody
        return None
    with view:
        alike = any({code, view.format} <= set(codes) for codes in _ALIKE)
        fits = alike and view.itemsize == struct.calcsize(f"<{code}") and view.ndim == 1
        return view.tobytes() if fits and sys.byteorder == "little" else None


def as_bytes(value: Any) -> bytes | None:
    """Return what holds bytes, of any shape; None for all else, as for numbers that are larger or may be negative."""
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):
        return None
    with view:
        return bytes(view) if view.itemsize == 1 and view.format[-1:] != "b" else None


def packed(element: str, items: Sequence[Any]) -> bytes | None:
    """Return the bytes of Python's own numbers; None when one of them is another thing, or not in the type's range."""
    code = NUMBER_CODES[element]
    if not set(map(type, items)) <= ({int, float} if code in "fd" else {int}):
        return None
    try:
        return struct.pack(f"<{len(items)}{code}", *items)
    except (struct.error, OverflowError):
        return None


def unpacked(element: str, raw: Any) -> list[Any]:
    """Return the numbers.

    Raises
    ------
    ValueError
        For what is no bytes of such numbers.
    """
    code = NUMBER_CODES[element]
    count, rest = divmod(len(raw), struct.calcsize(f"<{code}")) if type(raw) is bytes else (0, 1)
    if rest:
        raise ValueError(element)
    return list(struct.unpack(f"<{count}{code}", raw))
