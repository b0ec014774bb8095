"""The form in which values travel between kernel and worker: rows of eight bytes a value, and bytes after them."""

from __future__ import annotations

import functools
import struct
from typing import Final

__all__ = ["BYTES", "NUMBERS", "row_format"]

NUMBERS: Final = {"i32": "I", "i64": "Q", "f32": "f", "f64": "d"}
"""The types of values that can be passed, and how `struct` names their bits; integers are unsigned here."""
BYTES: Final = ("pair", "packed", "returned")
"""The kinds of values that are bytes, in a `ssvm_kernel.sandbox.callmessages.Shape`."""


@functools.lru_cache(maxsize=256)
def row_format(kinds: tuple[str, ...]) -> struct.Struct:
    """Return the form of a row: eight bytes for each value, a number's own bits or a count of bytes."""
    letters = (NUMBERS.get(kind, "Q") for kind in kinds)
    return struct.Struct("<" + "".join(f"{letter}{8 - struct.calcsize('<' + letter)}x" for letter in letters))
