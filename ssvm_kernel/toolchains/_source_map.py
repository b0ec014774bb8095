"""Source lines for the stack of a trap, from a source map.

An engine reads the lines of a guest from DWARF sections, and the AssemblyScript compiler writes none, but a source map.
So a line table is made of that: one compilation unit for the code section, and one sequence of rows for each function.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ssvm_kernel.toolchains._sections import custom_section, unsigned

__all__ = ["with_lines"]

_DIGITS = {
    character: value
    for value, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_CODE, _CUSTOM = 10, 0
_HEADER = 8  # bytes of the magic number and the version
_URL = "sourceMappingURL"


@dataclass(frozen=True)
class _Row:
    """From this offset in the code section on, the code is of this place; all of them count from 0 but the line."""

    offset: int
    source: int
    line: int
    column: int


@dataclass(frozen=True)
class _Code:
    """The code section: where it begins in the file, its size, and where each function's body begins and ends in it."""

    start: int
    size: int
    bodies: tuple[tuple[int, int], ...]


def with_lines(wasm: bytes, source_map: bytes, own: Mapping[str, str]) -> bytes:
    """Return the module with a line table, and without the name of its source map.

    Parameters
    ----------
    wasm : bytes
        A module that is as the compiler made it.
    source_map : bytes
        Its source map, version 3.
    own : mapping of str to str
        The person's files. Where one of the library's functions was inlined in theirs, the code keeps the line of
        theirs that came before: that line is what they can do something about.
    """
    known: dict[str, Any] = json.loads(source_map)
    names = [str(name) for name in known["sources"]]
    kept, code = _sections(wasm)
    rows = _own_rows(list(_rows(known["mappings"], code)), code, [name in own for name in names])
    info, abbreviations = _unit(code)
    sections = ((".debug_abbrev", abbreviations), (".debug_info", info), (".debug_line", _line_table(rows, names)))
    return kept + b"".join(custom_section(name, payload) for name, payload in sections)


def _sections(wasm: bytes) -> tuple[bytes, _Code]:
    """Return the module without the source map's name, and its code section as it is placed in the original."""
    kept, code = [wasm[:_HEADER]], _Code(0, 0, ())
    at = _HEADER
    while at < len(wasm):
        size, payload = _number(wasm, at + 1)
        end = payload + size
        if wasm[at] == _CODE:
            code = _Code(payload, size, tuple(_bodies(wasm, payload)))
        if wasm[at] != _CUSTOM or _name(wasm, payload) != _URL:
            kept.append(wasm[at:end])
        at = end
    return b"".join(kept), code


def _name(wasm: bytes, at: int) -> str:
    size, start = _number(wasm, at)
    return wasm[start : start + size].decode(errors="replace")


def _bodies(wasm: bytes, start: int) -> Iterator[tuple[int, int]]:
    count, at = _number(wasm, start)
    for _ in range(count):
        size, body = _number(wasm, at)
        at = body + size
        yield body - start, at - start


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return an unsigned LEB128 number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _rows(mappings: str, code: _Code) -> Iterator[_Row]:
    """Decode a source map's mappings; a module is one line, and its columns are bytes of the file."""
    offset = source = line = column = 0
    for segment in mappings.replace(";", ",").split(","):
        numbers = list(_decoded(segment))
        if not numbers:
            continue
        offset += numbers[0]
        if len(numbers) < 4:
            continue
        source, line, column = source + numbers[1], line + numbers[2], column + numbers[3]
        yield _Row(offset - code.start, source, line + 1, column)


def _decoded(segment: str) -> Iterator[int]:
    value = shift = 0
    for character in segment:
        digit = _DIGITS[character]
        value |= (digit & 31) << shift
        shift += 5
        if digit < 32:
            yield -(value >> 1) if value & 1 else value >> 1
            value = shift = 0


def _own_rows(rows: list[_Row], code: _Code, own: list[bool]) -> list[tuple[tuple[int, int], list[_Row]]]:
    """Return the rows of each function that has any: only those of the person's files, where there are such."""
    out = []
    rows.sort(key=lambda row: row.offset)
    at = 0
    for start, end in code.bodies:
        found = []
        while at < len(rows) and rows[at].offset < end:
            if rows[at].offset >= start:
                found.append(rows[at])
            at += 1
        mine = [row for row in found if row.source < len(own) and own[row.source]]
        if mine or found:
            out.append(((start, end), mine or found))
    return out


def _unit(code: _Code) -> tuple[bytes, bytes]:
    """Return the one entry that says which addresses the line table is for, and how that entry is written."""
    # A compile unit without children: name, line table, first address, number of addresses.
    abbreviations = bytes([1, 0x11, 0, 0x03, 0x08, 0x10, 0x17, 0x11, 0x01, 0x12, 0x06, 0, 0, 0])
    entry = bytes([1]) + b"cell\0" + struct.pack("<III", 0, 0, code.size)
    unit = struct.pack("<HIB", 4, 0, 4) + entry  # DWARF 4, its abbreviations from 0 on, addresses of four bytes
    return struct.pack("<I", len(unit)) + unit, abbreviations


def _line_table(functions: list[tuple[tuple[int, int], list[_Row]]], names: list[str]) -> bytes:
    arguments = bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])  # of the standard instructions 1 to 12
    files = b"".join(name.encode() + b"\0\0\0\0" for name in names) + b"\0"
    # Instructions of one byte, one operation each, statements; -5 and 14 are for special instructions, not used here.
    after = struct.pack("<BBBbBB", 1, 1, 1, -5, 14, 13) + arguments + b"\0" + files
    program = b"".join(_sequence(span, rows) for span, rows in functions)
    table = struct.pack("<HI", 4, len(after)) + after + program
    return struct.pack("<I", len(table)) + table


def _sequence(span: tuple[int, int], rows: list[_Row]) -> bytes:
    """Return the rows of one function as a line number program."""
    start, end = span
    out = bytearray(b"\0\x05\x02" + struct.pack("<I", start))  # set the address
    address, file, line, column = start, 1, 1, 0
    for row in rows:
        # What comes before the first row (the locals) is of its place too.
        wanted = start if row is rows[0] else row.offset
        if wanted > address:
            out += b"\x02" + unsigned(wanted - address)
        if row.source + 1 != file:
            out += b"\x04" + unsigned(row.source + 1)
        if row.line != line:
            out += b"\x03" + _signed(row.line - line)
        if row.column + 1 != column:
            out += b"\x05" + unsigned(row.column + 1)
        out += b"\x01"
        address, file, line, column = wanted, row.source + 1, row.line, row.column + 1
    return bytes(out + b"\x02" + unsigned(end - address) + b"\0\x01\x01")


def _signed(value: int) -> bytes:
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        done = (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40)
        out.append(byte | (0 if done else 0x80))
        if done:
            return bytes(out)
