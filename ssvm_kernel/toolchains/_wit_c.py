"""The header that a C or C++ cell gets for its world: its types, the functions to write, and what exports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ssvm_kernel.toolchains import _wit_names
from ssvm_kernel.toolchains._wit import (
    Cases,
    Choice,
    Fields,
    Function,
    Items,
    Names,
    Scalar,
    Slot,
    Store,
    Text,
    WitType,
    World,
    offsets,
    scalar_of,
    stores,
)

__all__ = ["CHeader"]

_NUMBERS: Final = {
    "bool": "bool",
    "char": "uint32_t",
    "f32": "float",
    "f64": "double",
    **{f"{sign}{bits}": f"{'u' * (sign == 'u')}int{bits}_t" for sign in "su" for bits in (8, 16, 32, 64)},
}
_CORE: Final = {"i32": "int32_t", "i64": "int64_t", "f32": "float", "f64": "double"}
_WIDTHS: Final = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t", 8: "uint64_t"}


class CHeader:
    """The header of one world.

    Parameters
    ----------
    world : World
        The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._names = _wit_names.Names(world, _wit_names.C, types_camel=False)
        self._defined: dict[str, str] = {}
        self.lines: dict[int, Function] = {}
        """The lines of the text that declare a function of the cell."""

    def prototype(self, function: Function) -> str:
        """Return the function that the cell is to have, as C declares it."""
        params = ", ".join(f"{self._type(type_)} {self._names.plain(name)}" for name, type_ in function.params)
        result = "void" if function.result is None else self._type(function.result)
        return f"{result} {self.name(function)}({params or 'void'})"

    def name(self, function: Function) -> str:
        """Return what the cell calls a function."""
        return self._names.of_function(function)

    def text(self) -> str:
        """Return the header."""
        prototypes = [f"{self.prototype(function)};" for function in self._world.functions]
        for _, named in self._world.types:  # also those that no function uses
            self._type(named)
        exports = [line for at, function in enumerate(self._world.functions) for line in self._export(function, at)]
        types = "\n".join(self._defined.values())
        head = f'#pragma once\n#include <ssvm_wit.h>\n\n{types}\n\n#ifdef __cplusplus\nextern "C" {{\n#endif\n\n'
        first = head.count("\n") + 1
        self.lines = {first + at: function for at, function in enumerate(self._world.functions)}
        return head + "\n".join([*prototypes, "", *exports, "#ifdef __cplusplus", "}", "#endif", ""])

    def _type(self, type_: WitType) -> str:
        """Return C's name of a type, which is defined first."""
        if isinstance(type_, Scalar):
            return _NUMBERS[type_.kind]
        if isinstance(type_, Text):
            return "wit_string"
        name = self._name(type_)
        if name not in self._defined:
            definition = self._definition(type_, name)  # those that it is made of come before it
            self._defined[name] = definition
        return name

    def _name(self, type_: WitType) -> str:
        """Return the name of a struct: the interface's own, or one that says what it is made of."""
        if isinstance(type_, Fields | Names | Cases) and type_.name:
            return self._names.of_type(type_)
        if isinstance(type_, Items):
            return f"wit_list_{self._word(type_.element)}"
        if isinstance(type_, Fields):
            return "_".join(["wit_tuple", *(self._word(of) for _, of in type_.fields)])
        assert isinstance(type_, Cases)
        cases = [of for name, of in type_.cases if name != "none"]
        return "_".join([f"wit_{type_.word}", *(self._word(of) for of in cases)])

    def _word(self, type_: WitType | None) -> str:
        if type_ is None:
            return "none"
        if isinstance(type_, Scalar):
            return type_.kind
        return "string" if isinstance(type_, Text) else self._name(type_).removeprefix("wit_").rstrip("_")

    def _definition(self, type_: WitType, name: str) -> str:
        if isinstance(type_, Names):
            return self._enumeration(type_, name)
        if isinstance(type_, Items):
            members = [f"{self._type(type_.element)} *items;", "size_t count;"]
        elif isinstance(type_, Fields):
            members = [f"{self._type(of)} {self._names.plain(field)};" for field, of in type_.fields]
        else:
            assert isinstance(type_, Cases)
            members = self._members(type_)
            if type_.word == "variant":
                names = ", ".join(_constant(name, case) for case, _ in type_.cases)
                return f"enum {{ {names} }};\n{_struct(members, name)}"
        return _struct(members, name)

    def _members(self, type_: Cases) -> list[str]:
        first = {"option": "bool is_some;", "result": "bool is_err;"}
        tag = first.get(type_.word, f"{_NUMBERS[type_.kind]} tag;")
        payloads = [(case, of) for case, of in type_.cases if of is not None]
        if type_.word == "option":
            return [tag, f"{self._type(payloads[0][1])} value;"]
        inner = " ".join(f"{self._type(of)} {self._names.plain(case)};" for case, of in payloads)
        return [tag, f"union {{ {inner} }};"] if payloads else [tag]

    def _enumeration(self, type_: Names, name: str) -> str:
        constants = (_constant(name, item) for item in type_.names)
        values = (f"{item} = {1 << at if type_.flags else at}u" for at, item in enumerate(constants))
        return f"typedef {_NUMBERS[type_.kind]} {name};\nenum {{ {', '.join(values)} }};"

    def _export(self, function: Function, at: int) -> Iterator[str]:
        """Yield what stands between the core's export and the cell's function."""
        core = function.result.flat if function.result is not None else ()
        returns = "void *" if len(core) > 1 else f"{_CORE[core[0]]} " if core else "void "
        slots = [Slot(f"p{index}", kind) for index, kind in enumerate(function.flat)]
        params = ", ".join(f"{_CORE[slot.core]} {slot.name}" for slot in slots) or "void"
        yield f'__attribute__((export_name("{function.export}"))) {returns}wit_export_{at}({params}) {{'
        yield from map("  {}".format, self._arguments(function, slots))
        call = f"{self.name(function)}({', '.join(f'a{index}' for index in range(len(function.params)))})"
        if function.result is None or not core:
            yield f"  {call};"
        else:
            yield f"  static {self._type(function.result)} result;"
            yield f"  result = {call};"
            yield f"  {'return &result;' if len(core) > 1 else self._returned(function.result, core[0])}"
        yield "}"
        after = "void *done" if len(core) > 1 else f"{_CORE[core[0]]} done" if core else "void"
        head = f'__attribute__((export_name("cabi_post_{function.export}"))) void wit_after_{at}({after})'
        yield f"{head} {{ {'(void)done; ' if core else ''}wit_end_call(); }}"
        yield ""

    def _arguments(self, function: Function, slots: list[Slot]) -> Iterator[str]:
        places = offsets([type_ for _, type_ in function.params])
        left = iter(slots)
        for at, (_, type_) in enumerate(function.params):
            yield f"{self._type(type_)} a{at};"
            if function.is_spilled:
                yield f"memcpy(&a{at}, (const char *)p0 + {places[at]}, sizeof a{at});"
            else:
                yield from _put(stores(type_, left), f"&a{at}")

    def _returned(self, type_: WitType, core: str) -> str:
        kind = scalar_of(type_)
        number = {"bool": "uint8_t"}.get(kind, _NUMBERS[kind])
        return f"{{ {number} one; memcpy(&one, &result, sizeof one); return ({_CORE[core]})one; }}"


def _constant(name: str, case: str) -> str:
    return f"{name.rstrip('_')}_{_wit_names.snake(case)}".upper()


def _struct(members: list[str], name: str) -> str:
    return "\n".join(["typedef struct {", *(f"  {member}" for member in members), f"}} {name};"])


def _put(parts: Iterator[Store | Choice] | tuple[Store | Choice, ...], to: str) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Store):
            type_ = _CORE[part.slot.core] if part.slot.core in ("f32", "f64") else _WIDTHS[part.width]
            yield f"WIT_PUT({to}, {part.at}, {type_}, {part.slot.name});"
        else:
            for index, inner in part.cases:
                yield f"if ({part.slot.name} == {index}) {{"
                yield from map("  {}".format, _put(inner, to))
                yield "}"
