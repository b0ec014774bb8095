"""Reading numbers, names and lists from bytes that are not trusted.

Any input gives a value or a `LoadError`; no count is believed before the bytes that it counts are there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ssvm_kernel.errors import LoadError

__all__ = ["MAX_ITEMS", "Reader"]

MAX_ITEMS = 100_000
"""Most items of one list (types, imports, exports); engines have limits of this sort themselves."""

T = TypeVar("T")


class Reader:
    """A place in bytes that moves on as things are read, and never past `end`.

    Raises
    ------
    LoadError
        From each method, when the bytes are cut off or are none of what is read.
    """

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def byte(self) -> int:
        """Read one byte."""
        if self.at >= self.end:
            raise LoadError(f"the binary is cut off at byte {self.at}")
        self.at += 1
        return self.data[self.at - 1]

    def unsigned(self, bits: int = 32) -> int:
        """Read a LEB128 number of at most `bits` bits, in no more bytes than such a number can need."""
        first = self.byte()
        if first < 0x80:
            return first
        value, shift = first & 0x7F, 7
        while shift < bits:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if value >> bits:
                    break
                return value
        raise LoadError(f"the binary holds a number that is too large, before byte {self.at}")

    def skip_signed(self) -> None:
        """Pass over a signed LEB128 number of at most 33 bits."""
        for _ in range(5):
            if self.byte() < 0x80:
                return
        raise LoadError(f"the binary holds a number that is too large, before byte {self.at}")

    def take(self, size: int) -> int:
        """Pass over `size` bytes and return where they began."""
        if size > self.end - self.at:
            raise LoadError(f"the binary is cut off: {size} bytes are missing at byte {self.at}")
        self.at += size
        return self.at - size

    def text(self) -> str:
        """Read a name: its size, then that many bytes of UTF-8."""
        size = self.unsigned()
        at = self.take(size)
        try:
            return self.data[at : at + size].decode()
        except UnicodeDecodeError:
            raise LoadError(f"the binary holds a name that is not UTF-8, at byte {at}") from None

    def part(self) -> Reader:
        """Read a size and return a reader for that many bytes, which are passed over."""
        size = self.unsigned()
        at = self.take(size)
        return Reader(self.data, at, at + size)

    def count(self, what: str, least: int = 1) -> int:
        """Read how many items follow, each of at least `least` bytes."""
        number = self.unsigned()
        if number > MAX_ITEMS or number * least > self.end - self.at:
            raise LoadError(f"the binary claims to hold {number} {what}, which is too many")
        return number

    def items(self, what: str, read: Callable[[], T], least: int = 1) -> list[T]:
        """Read a counted list."""
        return [read() for _ in range(self.count(what, least))]
