"""Names of a module's functions, and the line of a source at which each begins, from what the module says itself.

A module's functions have their names in its section ``name`` and their places in its code section; DWARF's line table
(section ``.debug_line``, here versions 2 to 5) says which place in the code came from which line.  Modules are not
trusted: what is not understood gives no lines, and never an error.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from ssvm_kernel.capabilities.reader import Reader
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.errors import LoadError

__all__ = ["exported_names", "function_lines"]

_HEADER: Final = 8
_CUSTOM, _EXPORTS, _CODE = 0, 7, 10
_MOST_ROWS: Final = 1_000_000
_MOST_BITS: Final = 64
_NAME_OF_FILE: Final = 1  # DW_LNCT_path


def function_lines(wasm: bytes, source_name: str) -> dict[str, int]:
    """Return the first line of each function that came from a source file.

    Parameters
    ----------
    wasm : bytes
        The module.
    source_name : str
        The last part of the file's name, as the compiler wrote it (``"cell.c"``).

    Returns
    -------
    dict of str to int
        Lines from 1, by the function's name as the module has it; empty without debug information.
    """
    if not source_name:
        return {}
    try:
        imported = sum(item.kind == "function" for item in read_binary(wasm).imports)
        sections = _Sections(wasm)
        rows = sorted(_Lines(sections.debug_line, sections.debug_line_str, source_name).rows())
    except (LoadError, IndexError, ValueError):
        return {}
    places = [place for place, _ in rows]
    found = {}
    for index, (begin, end) in enumerate(sections.bodies, imported):
        at = bisect.bisect_left(places, begin)
        if at < len(rows) and places[at] < end and index in sections.names:
            found[sections.names[index]] = rows[at][1]
    return found


def exported_names(wasm: bytes) -> dict[int, str]:
    """Return the names under which functions are exported, by the function's number: some have no other."""
    try:
        return _Sections(wasm).exports
    except LoadError:
        return {}


class _Sections:
    """What is needed of a module: where its functions are, their names, and two sections of debug information."""

    def __init__(self, wasm: bytes) -> None:
        self.exports: dict[int, str] = {}
        self.bodies: list[tuple[int, int]] = []
        self.names: dict[int, str] = {}
        self.debug_line = Reader(b"")
        self.debug_line_str = b""
        reader = Reader(wasm, _HEADER)
        while reader.at < reader.end:
            section, body = reader.byte(), reader.part()
            if section == _CODE:
                self._code(body)
            elif section == _EXPORTS:
                found = body.items("exports", partial(_export, body), least=3)
                self.exports = {number: name for name, kind, number in found if kind == 0}
            elif section == _CUSTOM:
                self._custom(body)

    def _code(self, body: Reader) -> None:
        """Note each function's place, counted from the section's content as DWARF counts."""
        origin = body.at
        for _ in range(body.count("functions")):
            begin = body.at - origin
            body.part()
            self.bodies.append((begin, body.at - origin))

    def _custom(self, body: Reader) -> None:
        name = body.text()
        if name == "name":
            while body.at < body.end:
                kind, part = body.byte(), body.part()
                if kind == 1:
                    self.names = dict(part.items("names", partial(_named, part), least=2))
        elif name == ".debug_line":
            self.debug_line = Reader(body.data[body.at : body.end])
        elif name == ".debug_line_str":
            self.debug_line_str = body.data[body.at : body.end]


class _Lines:
    """The rows of a line table that are of one source file.

    Notes
    -----
    DWARF Debugging Information Format, version 5, section 6.2.
    """

    def __init__(self, reader: Reader, strings: bytes, source_name: str) -> None:
        self._reader = reader
        self._strings = strings
        self._source = source_name
        self._left = _MOST_ROWS

    def rows(self) -> Iterator[tuple[int, int]]:
        """Yield places in the code and their lines."""
        reader = self._reader
        while reader.at < reader.end:
            length = _fixed(reader, 4)
            at = reader.take(length)
            yield from self._unit(Reader(reader.data, at, at + length))

    def _unit(self, unit: Reader) -> Iterator[tuple[int, int]]:
        version = _fixed(unit, 2)
        if not 2 <= version <= 5:
            return
        if version == 5:
            unit.take(2)  # sizes of an address, and of a segment's selector
        length = _fixed(unit, 4)
        program = Reader(unit.data, unit.at + length, unit.end)
        step = unit.byte()
        unit.take(2 if version >= 4 else 1)  # operations of an instruction, and what statements are
        line_base = int.from_bytes(bytes([unit.byte()]), "little", signed=True)
        line_range, opcode_base = unit.byte(), unit.byte()
        shape = _Shape(step, line_base, line_range, opcode_base, [unit.byte() for _ in range(opcode_base - 1)])
        files = self._files_5(unit) if version == 5 else self._files(unit)
        wanted = {number for number, name in files if name.replace("\\", "/").rsplit("/", 1)[-1] == self._source}
        if wanted and line_range:
            yield from self._run(program, wanted, shape)

    def _run(self, code: Reader, wanted: set[int], shape: _Shape) -> Iterator[tuple[int, int]]:
        """Run the program of one unit."""
        state = _State(shape)
        while code.at < code.end and self._left > 0:
            self._left -= 1
            if state.step(code) and state.file in wanted and state.line > 0:
                yield state.place, state.line

    def _files(self, unit: Reader) -> list[tuple[int, str]]:
        while _string(unit):
            pass  # the folders
        files: list[tuple[int, str]] = []
        while name := _string(unit):
            for _ in range(3):
                unit.unsigned(64)
            files.append((len(files) + 1, name))
        return files

    def _files_5(self, unit: Reader) -> list[tuple[int, str]]:
        self._entries(unit)  # the folders
        return list(enumerate(self._entries(unit)))

    def _entries(self, unit: Reader) -> list[str]:
        formats = [(unit.unsigned(), unit.unsigned()) for _ in range(unit.byte())]
        entries = []
        for _ in range(unit.count("files")):
            fields = {kind: self._form(unit, form) for kind, form in formats}
            entries.append(fields.get(_NAME_OF_FILE, ""))
        return entries

    def _form(self, unit: Reader, form: int) -> str:
        """Read one attribute; those that are no names are passed over."""
        if form == 0x08:  # DW_FORM_string
            return _string(unit)
        if form == 0x1F:  # DW_FORM_line_strp
            at = _fixed(unit, 4)
            return _string(Reader(self._strings, at))
        sizes = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8, 0x1E: 16, 0x0E: 4}  # DW_FORM_data1 to data16, and strp
        if form in sizes:
            unit.take(sizes[form])
        elif form == 0x0F:  # DW_FORM_udata
            unit.unsigned(64)
        elif form == 0x09:  # DW_FORM_block
            unit.part()
        else:
            raise LoadError(f"a line table has a form that is not known: {form}")
        return ""


def _export(part: Reader) -> tuple[str, int, int]:
    return part.text(), part.byte(), part.unsigned()


def _named(part: Reader) -> tuple[int, str]:
    return part.unsigned(), part.text()


@dataclass(frozen=True)
class _Shape:
    """What a unit says about its opcodes."""

    step: int
    line_base: int
    line_range: int
    opcode_base: int
    lengths: list[int]


class _State:
    """The registers of a line table's machine that are needed."""

    def __init__(self, shape: _Shape) -> None:
        self._shape = shape
        self.place, self.file, self.line = 0, 1, 1

    def step(self, code: Reader) -> bool:
        """Do one instruction, and tell whether it makes a row."""
        opcode = code.byte()
        special = opcode - self._shape.opcode_base
        if special >= 0:
            self._advance(special)
            self.line += self._shape.line_base + special % self._shape.line_range
        elif opcode == 0:
            self._extended(code.part())
        else:
            self._standard(opcode, code)
        return special >= 0 or opcode == 1

    def _advance(self, special: int) -> None:
        self.place += special // self._shape.line_range * self._shape.step

    def _extended(self, part: Reader) -> None:
        opcode = part.byte()
        if opcode == 1:  # DW_LNE_end_sequence
            self.place, self.file, self.line = 0, 1, 1
        elif opcode == 2:  # DW_LNE_set_address
            self.place = _fixed(part, part.end - part.at)

    def _standard(self, opcode: int, code: Reader) -> None:
        match opcode:
            case 2:  # DW_LNS_advance_pc
                self.place += code.unsigned(64) * self._shape.step
            case 3:  # DW_LNS_advance_line
                self.line += _signed(code)
            case 4:  # DW_LNS_set_file
                self.file = code.unsigned(64)
            case 8:  # DW_LNS_const_add_pc
                self._advance(255 - self._shape.opcode_base)
            case 9:  # DW_LNS_fixed_advance_pc
                self.place += _fixed(code, 2)
            case _:  # one that changes nothing that is needed here
                for _ in range(self._shape.lengths[opcode - 1]):
                    code.unsigned(64)


def _fixed(reader: Reader, size: int) -> int:
    at = reader.take(size)
    return int.from_bytes(reader.data[at : at + size], "little")


def _string(reader: Reader) -> str:
    end = reader.data.index(0, reader.at, reader.end)
    text = reader.data[reader.at : end].decode("utf-8", "replace")
    reader.at = end + 1
    return text


def _signed(reader: Reader) -> int:
    value = shift = 0
    while True:
        byte = reader.byte()
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value - (1 << shift) if byte & 0x40 else value
        if shift > _MOST_BITS:  # one as long as the module would take hours
            raise LoadError("a number in a line table is too long")
