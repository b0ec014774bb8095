"""The imports and exports of a core module, with their types; code and data are skipped unread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ssvm_kernel.capabilities.binary import Binary, BinaryKind, Export, Import
from ssvm_kernel.capabilities.reader import MAX_ITEMS, Reader
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import LoadError

__all__ = ["has_start", "read_module"]

_START = 8  # the section that names such a function

_VALUE_TYPES = {
    0x7F: "i32",
    0x7E: "i64",
    0x7D: "f32",
    0x7C: "f64",
    0x7B: "v128",
    0x78: "i8",
    0x77: "i16",
    0x74: "noexnref",
    0x73: "nofuncref",
    0x72: "noexternref",
    0x71: "nullref",
    0x70: "funcref",
    0x6F: "externref",
    0x6E: "anyref",
    0x6D: "eqref",
    0x6C: "i31ref",
    0x6B: "structref",
    0x6A: "arrayref",
    0x69: "exnref",
}
_KINDS = ("function", "table", "memory", "global", "tag")


def read_module(reader: Reader) -> Binary:
    """Return what a module says about itself.

    Raises
    ------
    LoadError
        When it is cut off or malformed where this reader looks.
    """
    return _Module().read(reader)


def has_start(data: bytes) -> bool:
    """Tell whether a module runs code as soon as it is instantiated; True as well for one that is malformed."""
    reader = Reader(data, 8)
    try:
        while reader.at < reader.end:
            if reader.byte() == _START:
                return True
            reader.part()
    except LoadError:
        return True
    return False


class _UnknownType(Exception):
    """A type of a proposal that this reader does not know: types are then left unsaid, the rest is still read."""


class _Module:
    """Reads a core module."""

    def __init__(self) -> None:
        self._types: list[str] = []
        self._types_known = True
        self._imports: list[Import] = []
        self._functions: list[Reader] = []
        self._exports: list[tuple[str, int, int]] = []
        self._custom: list[str] = []
        self._name = ""

    def read(self, reader: Reader) -> Binary:
        while reader.at < reader.end:
            section = reader.byte()
            body = reader.part()
            if section == 0:
                self._custom_section(body)
            elif section == 1:
                self._type_section(body)
            elif section == 2:
                self._imports += body.items("imports", partial(self._import, body), least=4)
            elif section == 3:
                self._functions.append(body)
            elif section == 7:
                self._exports += body.items("exports", partial(self._export, body), least=3)
        return Binary(
            BinaryKind.MODULE, tuple(self._imports), self._exported(), name=self._name, custom=tuple(self._custom)
        )

    def _custom_section(self, body: Reader) -> None:
        if len(self._custom) >= MAX_ITEMS:
            raise LoadError("the binary holds too many custom sections")
        name = body.text()
        self._custom.append(name)
        if name == "name":
            try:
                if body.byte() == 0:  # the first part, when it is there, is the module's name
                    self._name = body.part().text()
            except LoadError:  # a broken name section does not make a module invalid
                self._name = ""

    def _type_section(self, body: Reader) -> None:
        try:
            for _ in range(body.count("types", least=2)):
                self._recursive_type(body)
        except _UnknownType:
            self._types_known = False

    def _recursive_type(self, body: Reader) -> None:
        if body.at < body.end and body.data[body.at] == 0x4E:
            body.byte()
            for _ in range(body.count("types", least=2)):
                self._sub_type(body)
        else:
            self._sub_type(body)
        if len(self._types) > MAX_ITEMS:
            raise LoadError("the binary holds too many types")

    def _sub_type(self, body: Reader) -> None:
        form = body.byte()
        if form in (0x50, 0x4F):  # a sub type, final or not
            body.items("supertypes", body.unsigned)
            form = body.byte()
        if form == 0x60:
            parameters = ", ".join(body.items("parameters", lambda: _value_type(body)))
            results = ", ".join(body.items("results", lambda: _value_type(body)))
            self._types.append(f"({parameters}) -> ({results})")
        elif form == 0x5F:
            body.items("fields", lambda: (_value_type(body), body.byte()), least=2)
            self._types.append("struct")
        elif form == 0x5E:
            _value_type(body)
            body.byte()
            self._types.append("array")
        else:
            raise _UnknownType

    def _import(self, body: Reader) -> Import:
        module, name, kind = body.text(), body.text(), body.byte()
        if kind == 0:
            return Import(module, name, "function", self._type(body.unsigned()))
        if kind == 1:
            return Import(module, name, "table", f"{_known_value_type(body)} {_limits(body)}")
        if kind == 2:
            return Import(module, name, "memory", _limits(body))
        if kind == 3:
            value = _known_value_type(body)
            return Import(module, name, "global", ("mut " if body.byte() else "") + value)
        if kind == 4:
            body.byte()
            return Import(module, name, "tag", self._type(body.unsigned()))
        raise LoadError(f"the import {visible(name, 100)} is of a kind that is not known here ({kind})")

    @staticmethod
    def _export(body: Reader) -> tuple[str, int, int]:
        return body.text(), body.byte(), body.unsigned()

    def _type(self, index: int) -> str:
        if index < len(self._types):
            return self._types[index]
        if self._types_known:
            raise LoadError(f"the binary uses the type {index}, which it does not have")
        return ""

    def _exported(self) -> tuple[Export, ...]:
        functions: list[Sequence[int]] = []
        if any(kind == 0 for _, kind, _ in self._exports):
            functions = [_type_indices(body) for body in self._functions]
        imported = [item.type for item in self._imports if item.kind == "function"]
        found = []
        for name, kind, index in self._exports:
            described = self._function_type(index, imported, functions) if kind == 0 else ""
            found.append(Export(name, _KINDS[kind] if kind < len(_KINDS) else f"kind {kind}", described))
        return tuple(found)

    def _function_type(self, index: int, imported: list[str], functions: list[Sequence[int]]) -> str:
        if index < len(imported):
            return imported[index]
        index -= len(imported)
        for indices in functions:
            if index < len(indices):
                return self._type(indices[index])
            index -= len(indices)
        raise LoadError("the binary exports a function that it does not have")


def _type_indices(body: Reader) -> Sequence[int]:
    """Return the type of each function of a function section, as indices."""
    number = body.unsigned()
    raw = body.data[body.at : body.end]
    if number == len(raw) and raw.isascii():  # every index takes one byte, as in all but large modules
        return raw
    if number > len(raw):
        raise LoadError(f"the binary claims to hold {number} functions, which is too many")
    return [body.unsigned() for _ in range(number)]


def _value_type(body: Reader) -> str:
    code = body.byte()
    if code in (0x63, 0x64):  # a reference to a type of the module's own
        body.skip_signed()
        return "ref"
    if code not in _VALUE_TYPES:
        raise _UnknownType
    return _VALUE_TYPES[code]


def _known_value_type(body: Reader) -> str:
    try:
        return _value_type(body)
    except _UnknownType:
        raise LoadError(f"the binary holds a type that is not known here, before byte {body.at}") from None


def _limits(body: Reader) -> str:
    """Read the sizes of a memory or table."""
    flags = body.byte()
    bits = 64 if flags & 4 else 32
    text = str(body.unsigned(bits))
    if flags & 1:
        text += f"..{body.unsigned(bits)}"
    if flags & 8:  # custom page sizes
        body.unsigned()
    return text + (" shared" if flags & 2 else "") + (" 64-bit" if flags & 4 else "")
