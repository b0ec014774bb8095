"""The form in which values travel between kernel and worker: rows of eight bytes a value, and bytes after them."""

from __future__ import annotations

import functools
import struct
from typing import Final

from ssvm_kernel.sandbox.callmessages import Shape

__all__ = ["BYTES", "IN_MEMORY", "NUMBERS", "SPREAD", "core_type", "row_format"]

NUMBERS: Final = {"i32": "I", "i64": "Q", "f32": "f", "f64": "d"}
"""The types of values that can be passed, and how `struct` names their bits; integers are unsigned here."""
BYTES: Final = ("pair", "packed", "returned")
"""The kinds of values that are bytes, in a `ssvm_kernel.sandbox.callmessages.Shape`."""

SPREAD: Final = {"pair": ("i32", "i32"), "packed": ("i64",), "split": ("i32", "i32")}
"""What a function takes for values that are no numbers of its own types."""
IN_MEMORY: Final = {"returned": 8, "returned64": 8}
"""Results that lie in memory, where the first argument says, and their bytes there."""


def core_type(shape: Shape) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the parameters and results that a function must have to be called in this way."""
    returned = shape.results[:1] and shape.results[0] in IN_MEMORY
    params = ["i32"] if returned else []
    for kind in shape.params:
        params += SPREAD.get(kind, (kind,))
    results = () if returned else SPREAD.get(shape.results[0], shape.results) if shape.results else ()
    return tuple(params), results


@functools.lru_cache(maxsize=256)
def row_format(kinds: tuple[str, ...]) -> struct.Struct:
    """Return the form of a row: eight bytes for each value, a number's own bits or a count of bytes."""
    letters = (NUMBERS.get(kind, "Q") for kind in kinds)
    return struct.Struct("<" + "".join(f"{letter}{8 - struct.calcsize('<' + letter)}x" for letter in letters))
