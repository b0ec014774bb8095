"""The little of the binary format that toolchains look at."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["imports", "leb128", "sections"]

_IMPORT_SECTION = 2
_FUNCTION, _TABLE, _MEMORY, _GLOBAL, _TAG = range(5)
_REF_NULL, _REF = 0x63, 0x64  # reference types that are followed by a heap type


def leb128(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned number at `at` and where the next thing begins."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def sections(wasm: bytes) -> Iterator[tuple[int, int, int]]:
    """Give id, start and end of each section of a core module.

    Raises
    ------
    IndexError
        When the module ends too early.
    """
    at = 8
    while at < len(wasm):
        section = wasm[at]
        size, at = leb128(wasm, at + 1)
        yield section, at, at + size
        at += size


def imports(wasm: bytes) -> tuple[tuple[str, str], ...]:
    """Return module and name of each import of a core module that a compiler made."""
    start = next((start for section, start, _ in sections(wasm) if section == _IMPORT_SECTION), None)
    if start is None:
        return ()
    found = []
    count, at = leb128(wasm, start)
    for _ in range(count):
        module, at = _name(wasm, at)
        name, at = _name(wasm, at)
        at = _skip_type(wasm, at)
        found.append((module, name))
    return tuple(found)


def _name(wasm: bytes, at: int) -> tuple[str, int]:
    size, at = leb128(wasm, at)
    return wasm[at : at + size].decode(errors="replace"), at + size


def _skip_type(wasm: bytes, at: int) -> int:
    kind, at = wasm[at], at + 1
    if kind == _FUNCTION:
        return leb128(wasm, at)[1]
    if kind == _TABLE:
        return _skip_limits(wasm, _skip_value_type(wasm, at))
    if kind == _MEMORY:
        return _skip_limits(wasm, at)
    if kind == _GLOBAL:
        return _skip_value_type(wasm, at) + 1  # and whether it can change
    if kind == _TAG:
        return leb128(wasm, at + 1)[1]
    msg = f"unknown kind of import: {kind}"
    raise ValueError(msg)


def _skip_value_type(wasm: bytes, at: int) -> int:
    return leb128(wasm, at + 1)[1] if wasm[at] in {_REF_NULL, _REF} else at + 1


def _skip_limits(wasm: bytes, at: int) -> int:
    has_maximum = wasm[at] & 1
    at = leb128(wasm, at + 1)[1]
    return leb128(wasm, at)[1] if has_maximum else at
