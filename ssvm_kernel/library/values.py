"""The values that go into a guest and come back: each type says what it takes, and how it travels."""

from __future__ import annotations

import array
import functools
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, Protocol, TypeVar

from ssvm_kernel.errors import UsageError

__all__ = ["NUMBERS", "Sequence", "ValueType", "number", "type_of"]

_CODES: Final = {
    "i8": "b",
    "u8": "B",
    "i16": "h",
    "u16": "H",
    "i32": "i",
    "u32": "I",
    "i64": "q",
    "u64": "Q",
    "f32": "f",
    "f64": "d",
}
"""Elements of lists, as `array` and `struct` call them."""
_MOST: Final = 256 << 20
"""Bytes of one value; larger ones belong into a folder or a file."""


_Data = TypeVar("_Data", bytes, bytes | memoryview)


class ValueType(Protocol):
    """One type.

    Attributes
    ----------
    text : str
        Its name in a signature.
    core : str
        How it is passed, as in `ssvm_kernel.sandbox.callmessages.Shape`.
    size : int
        Bytes of one element, for what is passed as bytes; else 0.
    """

    @property
    def text(self) -> str: ...  # noqa: D102 - above

    @property
    def core(self) -> str: ...  # noqa: D102 - above

    @property
    def size(self) -> int: ...  # noqa: D102 - above

    def lower(self, value: Any) -> Any:
        """Return a number, integers unsigned, or bytes; those of an array may be a view of it.

        Raises
        ------
        UsageError
            When the value is none of this type; the message is to be read after the parameter's name.
        """

    def lift(self, raw: Any) -> Any:
        """Return a value from what a guest gave."""


@dataclass(frozen=True)
class _Integer:
    """An integer; without a sign of its own it may be given as either and comes back signed, as C's do."""

    text: str
    core: str
    bits: int
    signed: bool
    either: bool = False
    size: int = 0

    def lower(self, value: Any) -> int:
        if not hasattr(value, "__index__"):
            raise UsageError(f"takes {self.text}, and {_kind(value)} is none")
        whole = int(value.__index__())
        low = -(1 << (self.bits - 1)) if self.signed else 0
        high = (1 << self.bits if self.either or not self.signed else 1 << (self.bits - 1)) - 1
        if not low <= whole <= high:
            raise UsageError(f"takes {self.text}, and {whole} is not in {low} … {high}")
        return whole & ((1 << (64 if self.core in ("i64", "split", "returned64") else 32)) - 1)

    def lift(self, raw: int) -> int:
        whole = raw & ((1 << self.bits) - 1)
        return whole - (1 << self.bits) if self.signed and whole >> (self.bits - 1) else whole


@dataclass(frozen=True)
class _Float:
    text: str
    size: int = 0

    @property
    def core(self) -> str:
        return self.text

    def lower(self, value: Any) -> float:
        if isinstance(value, str | bytes) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
            raise UsageError(f"takes {self.text}, and {_kind(value)} is none")
        try:
            found = float(value)
            if self.text == "f32":
                struct.pack("<f", found)
        except (OverflowError, TypeError, ValueError):
            raise UsageError(f"takes {self.text}, and {value!r:.60} is none") from None
        return found

    def lift(self, raw: float) -> float:
        return raw


@dataclass(frozen=True)
class _Bool:
    text: str = "bool"
    core: str = "i32"
    size: int = 0

    def lower(self, value: Any) -> int:
        if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):
            raise UsageError(f"takes bool, and {_kind(value)} is none")
        return int(bool(value))

    def lift(self, raw: int) -> bool:
        return bool(raw)


@dataclass(frozen=True)
class _Text:
    core: str
    text: str = "string"
    size: int = 1

    def lower(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise UsageError(f"takes str, and {_kind(value)} is none")
        try:
            return _bounded(value.encode())
        except UnicodeEncodeError:
            raise UsageError("takes str, and this one holds half of a character") from None

    def lift(self, raw: bytes | memoryview) -> str:
        return str(raw, "utf-8", "replace")


@dataclass(frozen=True)
class _Bytes:
    core: str
    text: str = "bytes"
    size: int = 1

    def lower(self, value: Any) -> bytes | memoryview:
        try:
            return _bounded(value if type(value) is bytes else _as_bytes(memoryview(value)))
        except (TypeError, BufferError, ValueError):
            raise UsageError(f"takes bytes, and {_kind(value)} is none") from None

    def lift(self, raw: bytes | memoryview) -> bytes:
        return bytes(raw)


@dataclass(frozen=True)
class Sequence:
    """A list of numbers; comes back as an array of NumPy where that is installed, else of the standard library.

    Parameters
    ----------
    element : str
        The type of its elements, e.g. ``"f64"``.
    core : str
        How it is passed.
    """

    element: str
    core: str

    @property
    def text(self) -> str:
        """Its name."""
        return f"[{self.element}]"

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return struct.calcsize(f"<{_CODES[self.element]}")

    def lower(self, value: Any) -> bytes | memoryview:
        """Return the elements' bytes; see `ValueType`."""
        if isinstance(value, str):
            raise UsageError(f"takes {self.text}, and {_kind(value)} is none")
        found = _with_numpy(self, value) if hasattr(value, "__array__") else self._plainly(value)
        return _bounded(found)

    def lift(self, raw: bytes | memoryview) -> Any:
        """Return the elements; they are the caller's own."""
        if _has_numpy():
            import numpy as np

            return np.frombuffer(bytearray(raw), dtype=_dtype(self.element))
        found = array.array(_CODES[self.element])
        found.frombytes(raw)
        return found

    def _plainly(self, value: Any) -> bytes | memoryview:
        code = _CODES[self.element]
        if isinstance(value, array.array) and value.typecode == code:
            return _as_bytes(memoryview(value))
        try:
            items = list(value)
            return struct.pack(f"<{len(items)}{code}", *items)
        except (TypeError, struct.error, OverflowError) as error:
            raise UsageError(f"takes {self.text}: {error}") from None


@functools.cache
def _has_numpy() -> bool:
    return find_spec("numpy") is not None


def _with_numpy(type_: Sequence, value: Any) -> bytes | memoryview:
    np = sys.modules["numpy"]  # whoever has an array has imported it
    given = np.asarray(value)
    wanted = np.dtype(_dtype(type_.element))
    if given.dtype == wanted:
        return _as_bytes(memoryview(np.ascontiguousarray(given)))
    if wanted.kind in "iu" and given.dtype.kind not in "iub":
        raise UsageError(f"takes {type_.text}, and this array holds {given.dtype}; convert it with .astype()")
    if given.dtype.kind not in "iufb":
        raise UsageError(f"takes {type_.text}, and this array holds {given.dtype}")
    if wanted.kind in "iu" and given.size:
        info = np.iinfo(wanted)
        if int(given.min()) < info.min or int(given.max()) > info.max:
            raise UsageError(f"takes {type_.text}, and this array holds numbers outside of {info.min} … {info.max}")
    with np.errstate(over="ignore"):
        converted = given.astype(wanted)
    if given.dtype.kind == "f" and (np.isinf(converted) & ~np.isinf(given)).any():
        raise UsageError(f"takes {type_.text}, and this array holds numbers that are too large for it")
    return bytes(converted.tobytes())


def _dtype(element: str) -> str:
    return "<" + {"i": "i", "u": "u", "f": "f"}[element[0]] + str(int(element[1:]) // 8)


def _as_bytes(view: memoryview) -> bytes | memoryview:
    """Return what a view shows as bytes: where they lie, since to copy megabytes takes longer than to send them."""
    try:
        return view.cast("B")
    except (TypeError, ValueError):  # it is empty, or in pieces, or of elements that are records
        return view.tobytes()


def _bounded(data: _Data) -> _Data:
    size = len(data)
    if size > _MOST:
        if isinstance(data, memoryview):
            data.release()  # the error keeps this frame, and an array that is viewed cannot grow
        raise UsageError(f"takes at most {_MOST >> 20} MiB, and this has {size:,} bytes; give it a file instead")
    return data


def _kind(value: Any) -> str:
    """Return a value in a few words for an error."""
    shown = repr(value) if isinstance(value, int | float | str | bytes | bool | None) else ""
    return f"{type(value).__name__} {shown:.40}".strip()


NUMBERS: Final[dict[str, ValueType]] = {
    "i32": _Integer("i32", "i32", 32, signed=True, either=True),
    "i64": _Integer("i64", "i64", 64, signed=True, either=True),
    **{f"i{bits}": _Integer(f"i{bits}", "i32", bits, signed=True) for bits in (8, 16)},
    **{f"u{bits}": _Integer(f"u{bits}", "i32", bits, signed=False) for bits in (8, 16, 32)},
    "u64": _Integer("u64", "i64", 64, signed=False),
    "f32": _Float("f32"),
    "f64": _Float("f64"),
    "bool": _Bool(),
}
"""The types that are numbers, by name."""


def number(text: str, core: str, bits: int, *, signed: bool) -> ValueType:
    """Return a type of integers that is passed in a way of its own."""
    return _Integer(text, core, bits, signed=signed, either=signed)


_BYTES: Final[dict[str, Callable[[str], ValueType]]] = {"string": _Text, "bytes": _Bytes}


def type_of(text: str, core: str = "pair") -> ValueType:
    """Return a type by its name; `core` is how it is passed if it is bytes.

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    text = text.strip()
    if text in NUMBERS:
        return NUMBERS[text]
    if text in _BYTES:
        return _BYTES[text](core)
    if text[:1] == "[" and text[-1:] == "]" and text[1:-1].strip() in _CODES:
        return Sequence(text[1:-1].strip(), core)
    raise UsageError(f"there is no type {text!r:.60}: there are {', '.join((*NUMBERS, *_BYTES))} and lists as [f64]")
