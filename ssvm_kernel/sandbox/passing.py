"""Values into a guest and back: numbers as they are, bytes through memory that the guest itself gives out."""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.rows import BYTES, IN_MEMORY, SPREAD, core_type
from ssvm_kernel.sandbox.setting import CannotRun

if TYPE_CHECKING:
    from ssvm_kernel.sandbox.kept import Live

__all__ = ["Passing"]

_LOW: Final = 0xFFFF_FFFF
_ROOM: Final = 16
"""Bytes of the guest's stack for what is returned through memory, as its compiler takes them."""


@functools.lru_cache(maxsize=64)
def _plan(shape: protocol.Shape) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Return the function's own type, and whether its values are plain numbers; once for many fresh instances."""
    plain = not (set(shape.params) | set(shape.results)) & {*SPREAD, *IN_MEMORY}
    return (*core_type(shape), plain)


class Passing:
    """Calls one function of one instance with values of one shape.

    Parameters
    ----------
    live : Live
        The instance.
    message : CallExport
        What to call, and how.

    Raises
    ------
    CannotRun
        When the instance has no such function.
    """

    def __init__(self, live: Live, message: protocol.CallExport) -> None:
        self._live = live
        self._shape = shape = message.shape
        params, results, self._plain = _plan(shape)
        self._function = live.function(message.function, params, results)
        more = ("i32",) if shape.alignment else ()
        if shape.allocate:
            self._allocate = live.function(shape.allocate, ("i32", *more), ("i32",))
        self._free = live.function(shape.free, ("i32", "i32", *more), ()) if shape.free else None
        self._more = (shape.alignment,) if shape.alignment else ()
        self._stack = live.function(shape.stack, ("i32",), ("i32",)) if shape.stack else None
        self._fuel = live.request.fuel if live.request.engine.fuel else 0

    def __call__(self, values: tuple[Any, ...], data: Sequence[memoryview]) -> tuple[tuple[Any, ...], bytes | None]:
        """Call once; return the numbers of the answer's row, and the bytes of a result that is bytes."""
        if self._fuel:
            self._live.store.set_fuel(self._fuel)
        if self._plain:
            return self._function(*values), None
        flat, taken = self._lower(values, data)
        result = self._returned(flat)
        if self._shape.lends and self._free is not None:
            for address, size in taken:
                self._free(address, size, *self._more)
        if not self._shape.results or self._shape.results[0] not in BYTES:
            return result, None
        address, count = result
        size = count * self._shape.sizes[-1]
        found = self._live.read(address, size)
        if self._free is not None and address:
            self._free(address, size, *self._more)
        return (size,), found

    def _lower(self, values: tuple[Any, ...], data: Sequence[memoryview]) -> tuple[list[Any], list[tuple[int, int]]]:
        flat: list[Any] = []
        taken: list[tuple[int, int]] = []
        parts = iter(data)
        for index, (kind, value) in enumerate(zip(self._shape.params, values, strict=True)):
            if kind == "split":
                flat += (value & _LOW, value >> 32)
            elif kind in BYTES:
                address, size = self._place(next(parts))
                taken.append((address, size))
                count = size // self._shape.sizes[index]
                flat += (address, count) if kind == "pair" else (address << 32 | count,)
            else:
                flat.append(value)
        return flat, taken

    def _place(self, part: memoryview) -> tuple[int, int]:
        size = len(part)
        (address,) = self._allocate(size, *self._more)
        if size and not address:
            raise CannotRun("call", f"its {self._shape.allocate} has no memory for {size} bytes")
        if size:
            self._live.write(address, part)
        return address, size

    def _returned(self, flat: list[Any]) -> tuple[Any, ...]:
        """Call, and return a result that is bytes as address and count."""
        kind = self._shape.results[0] if self._shape.results else ""
        if kind not in IN_MEMORY:
            result = self._function(*flat)
            return (result[0] >> 32, result[0] & _LOW) if kind == "packed" else result
        at = self._stack(_LOW + 1 - _ROOM)[0] if self._stack is not None else self._shape.at
        self._function(at, *flat)
        found = self._live.read(at, IN_MEMORY[kind])
        if self._stack is not None:
            self._stack(_ROOM)
        return struct.unpack("<II" if kind == "returned" else "<Q", found)
