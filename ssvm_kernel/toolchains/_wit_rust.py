"""The module ``wit`` that a Rust cell gets for its world: its types, and what exports the cell's functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ssvm_kernel.toolchains import _wit_names
from ssvm_kernel.toolchains._wit import (
    Cases,
    Choice,
    Fields,
    Function,
    Items,
    Named,
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

__all__ = ["RustModule"]

_NUMBERS: Final = {
    "bool": "bool",
    "char": "char",
    "f32": "f32",
    "f64": "f64",
    **{f"{sign}{bits}": f"{'i' if sign == 's' else 'u'}{bits}" for sign in "su" for bits in (8, 16, 32, 64)},
}
_PLAIN: Final = {**_NUMBERS, "bool": "u8", "char": "u32"}
_WIDTHS: Final = {1: "u8", 2: "u16", 4: "u32", 8: "u64"}
_DERIVED: Final = "#[derive(Clone, Debug, PartialEq)]"


class RustModule:
    """The module of one world.

    Parameters
    ----------
    world : World
        The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._names = _wit_names.Names(world, _wit_names.RUST, types_camel=True)
        self._lines: list[str] = []
        self.lines: dict[int, Function] = {}
        """The lines of the text that mention a function of the cell."""

    def prototype(self, function: Function) -> str:
        """Return the function that the cell is to have, as Rust declares it."""
        params = ", ".join(f"{self._names.plain(name)}: {self._type(type_)}" for name, type_ in function.params)
        result = "" if function.result is None else f" -> {self._type(function.result)}"
        return f"fn {self.name(function)}({params}){result}"

    def name(self, function: Function) -> str:
        """Return what the cell calls a function."""
        return self._names.of_function(function)

    def text(self) -> str:
        """Return the module."""
        self._lines = ["use ssvm_wit::{get, put, Value as _};", ""]
        for _, named in self._world.types:
            self._lines += [*self._definition(named), ""]
        for at, function in enumerate(self._world.functions):
            for line in self._export(function, at):
                self._lines.append(line)
                if "super::" in line:
                    self.lines[len(self._lines)] = function
        return "\n".join(self._lines) + "\n"

    def _type(self, type_: WitType | None, of: str = "wit::") -> str:
        """Return Rust's name of a type; `of` is where those with a name of their own are."""
        if type_ is None:
            return "()"
        if isinstance(type_, Scalar):
            return _NUMBERS[type_.kind]
        if isinstance(type_, Text):
            return "String"
        if isinstance(type_, Items):
            return f"Vec<{self._type(type_.element, of)}>"
        if isinstance(type_, Fields) and not type_.name:
            inner = ", ".join(self._type(part, of) for _, part in type_.fields)
            return f"({inner},)" if len(type_.fields) == 1 else f"({inner})"
        if isinstance(type_, Cases) and type_.word == "option":
            return f"Option<{self._type(type_.cases[1][1], of)}>"
        if isinstance(type_, Cases) and type_.word == "result":
            return f"Result<{', '.join(self._type(part, of) for _, part in type_.cases)}>"
        assert isinstance(type_, Fields | Names | Cases)
        return f"{of}{self._names.of_type(type_)}"

    def _definition(self, type_: Named) -> Iterator[str]:
        name = self._names.of_type(type_)
        if isinstance(type_, Fields):
            fields = [(self._names.plain(field), of) for field, of in type_.fields]
            members = [f"pub {field}: {self._type(of, '')}" for field, of in fields]
            places = zip(fields, offsets([of for _, of in fields]), strict=True)
            loads, puts = [], []
            for (field, of), at in places:
                loads.append(f"{field}: <{self._type(of, '')}>::load(from.add({at}))")
                puts.append(f"self.{field}.store(to.add({at}));")
            yield from _struct(name, type_, members, loads, puts)
        elif isinstance(type_, Names) and type_.flags:
            flags = [self._names.plain(flag) for flag in type_.names]
            number = _NUMBERS[type_.kind]
            loads = [f"{flag}: get::<{number}>(from, 0) & {1 << at} != 0" for at, flag in enumerate(flags)]
            bits = " | ".join(f"(self.{flag} as {number}) << {at}" for at, flag in enumerate(flags))
            yield from _struct(name, type_, [f"pub {flag}: bool" for flag in flags], loads, [f"put(to, 0, {bits});"])
        else:
            yield from self._enumeration(name, type_)

    def _enumeration(self, name: str, type_: Names | Cases) -> Iterator[str]:
        cases: Sequence[tuple[str, WitType | None]]
        cases = type_.cases if isinstance(type_, Cases) else [(item, None) for item in type_.names]
        at = type_.at if isinstance(type_, Cases) else 0
        number = _NUMBERS[type_.kind]
        variants, loads, puts = [], [], []
        for index, (case, of) in enumerate(cases):
            variant = self._variant(case)
            variants.append(f"{variant}({self._type(of, '')})" if of else variant)
            load = f"(<{self._type(of, '')}>::load(from.add({at})))" if of else ""
            loads.append(f"{index} => {name}::{variant}{load},")
            put = f"put(to, 0, {index} as {number})"
            puts.append(
                f"{name}::{variant}(value) => {{ {put}; value.store(to.add({at})) }}"
                if of
                else f"{name}::{variant} => {put},"
            )
        yield from (_DERIVED, f"pub enum {name} {{ {', '.join(variants)} }}")
        load = f'match get::<{number}>(from, 0) {{ {" ".join(loads)} _ => panic!("no case of {name}") }}'
        yield from _value(name, type_, load, f"match self {{ {' '.join(puts)} }}")

    def _variant(self, case: str) -> str:
        found = _wit_names.camel(case)
        return f"{found}_" if found == "Self" else found

    def _export(self, function: Function, at: int) -> Iterator[str]:
        core = function.result.flat if function.result is not None else ()
        returns = " -> *mut u8" if len(core) > 1 else f" -> {core[0]}" if core else ""
        slots = [Slot(f"p{index}", kind) for index, kind in enumerate(function.flat)]
        params = ", ".join(f"{slot.name}: {slot.core}" for slot in slots)
        yield f'#[export_name = "{function.export}"]'
        yield f'unsafe extern "C" fn export_{at}({params}){returns} {{'
        yield "    ssvm_wit::start();"
        yield from map("    {}".format, self._arguments(function, slots))
        types = ", ".join(self._type(type_, "") for _, type_ in function.params)
        result = self._type(function.result, "")
        yield f"    let function: fn({types}) -> {result} = super::{self.name(function)};"
        call = f"function({', '.join(f'a{index}' for index in range(len(function.params)))})"
        if function.result is None or not core:
            yield f"    {call};"
        else:
            yield f"    let result: {result} = {call};"
            yield f"    let to = ssvm_wit::room({function.result.size}, {function.result.align});"
            yield "    result.store(to);"
            kind = _PLAIN[scalar_of(function.result)] if len(core) == 1 else ""
            yield f"    get::<{kind}>(to, 0) as {core[0]}" if kind else "    to"
        yield "}"
        after = "_: *mut u8" if len(core) > 1 else f"_: {core[0]}" if core else ""
        yield f'#[export_name = "cabi_post_{function.export}"]'
        yield f'unsafe extern "C" fn after_{at}({after}) {{ ssvm_wit::end() }}'
        yield ""

    def _arguments(self, function: Function, slots: list[Slot]) -> Iterator[str]:
        types = [type_ for _, type_ in function.params]
        left = iter(slots)
        for at, (type_, place) in enumerate(zip(types, offsets(types), strict=True)):
            name = self._type(type_, "")
            if function.is_spilled:
                yield f"let a{at} = <{name}>::load((p0 as *const u8).add({place}));"
                continue
            yield f"let mut room{at} = [0u8; {type_.size}];"
            yield f"let m{at} = room{at}.as_mut_ptr();"
            yield from _put(stores(type_, left), f"m{at}")
            yield f"let a{at} = <{name}>::load(m{at});"
        if function.is_spilled:
            size, align = offsets(types)[-1] + types[-1].size, max(type_.align for type_ in types)
            yield f"ssvm_wit::release(p0 as *mut u8, ssvm_wit::up({size}, {align}), {align});"


def _struct(name: str, type_: WitType, members: list[str], loads: list[str], puts: list[str]) -> Iterator[str]:
    yield from (_DERIVED, f"pub struct {name} {{ {', '.join(members)} }}")
    yield from _value(name, type_, f"{name} {{ {', '.join(loads)} }}", " ".join(puts))


def _value(name: str, type_: WitType, load: str, store: str) -> Iterator[str]:
    yield f"impl ssvm_wit::Value for {name} {{"
    yield f"    const SIZE: usize = {type_.size};"
    yield f"    const ALIGN: usize = {type_.align};"
    yield f"    unsafe fn load(from: *const u8) -> {name} {{ {load} }}"
    yield f"    unsafe fn store(self, to: *mut u8) {{ {store} }}"
    yield "}"


def _put(parts: Iterator[Store | Choice] | tuple[Store | Choice, ...], to: str) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Store):
            name, core = part.slot.name, part.slot.core
            value = name if core in ("f32", "f64") else f"{name} as {_WIDTHS[part.width]}"
            yield f"put({to}, {part.at}, {value});"
        else:
            for index, inner in part.cases:
                yield f"if {part.slot.name} == {index} {{"
                yield from map("    {}".format, _put(inner, to))
                yield "}"
