"""The functions that a world of WIT exports, and how the canonical ABI of components passes their values.

``wasm-tools`` reads WIT and prints it as JSON; this is made of that.  In memory every type lies as C would lay it out;
as parameters a value is numbers of the core ("flat"), and the payloads of a variant's cases share theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "MOST_FLAT",
    "Cases",
    "Choice",
    "Fields",
    "Function",
    "Items",
    "Named",
    "Names",
    "Scalar",
    "Slot",
    "Store",
    "Text",
    "Uncovered",
    "WitType",
    "World",
    "offsets",
    "scalar_of",
    "stores",
    "world_from",
]

MOST_FLAT: Final = 16
"""Numbers that parameters are passed as; more are passed as an address."""
_SIZES: Final = {"bool": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "s32": 4, "u32": 4, "f32": 4, "char": 4}
_SIZES_OF_ALL: Final = {**_SIZES, "s64": 8, "u64": 8, "f64": 8}
_CORE: Final = {"s64": "i64", "u64": "i64", "f32": "f32", "f64": "f64"}
_WIDEST_FLAGS: Final = 32
_DEEPEST: Final = 50
_MOST_PARTS: Final = 2000
"""Of a type, with those of its parts: thirty types, each with the one before twice, have a billion (attack X28)."""
_COVERED: Final = "numbers, bool, char, string, list, record, tuple, enum, flags, option, result and variant"


class Uncovered(Exception):
    """A world needs what cells cannot have.

    Parameters
    ----------
    message : str
        What, and what to do instead.
    name : str
        The function or type that it is about, as WIT has it; empty for the whole world.
    """

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True)
class WitType:
    """A type: size and alignment in memory, bytes, and the core types it is passed as."""

    size: int
    align: int
    flat: tuple[str, ...]


@dataclass(frozen=True)
class Scalar(WitType):
    """A number, ``bool`` or ``char``."""

    kind: str


@dataclass(frozen=True)
class Text(WitType):
    """A ``string``."""


@dataclass(frozen=True)
class Items(WitType):
    """A list."""

    element: WitType


@dataclass(frozen=True)
class Fields(WitType):
    """A record; or a tuple, which has no name and numbers for its fields' names."""

    name: str
    fields: tuple[tuple[str, WitType], ...]


@dataclass(frozen=True)
class Names(WitType):
    """An enum, or flags; `kind` is the number that it is."""

    name: str
    kind: str
    names: tuple[str, ...]
    flags: bool


@dataclass(frozen=True)
class Cases(WitType):
    """A variant, by its name; or an option or result, which has none."""

    word: str
    name: str
    kind: str
    cases: tuple[tuple[str, WitType | None], ...]

    @property
    def at(self) -> int:
        """Where a payload lies."""
        return _up(_SIZES[self.kind], self.align)


Named = Fields | Names | Cases


@dataclass(frozen=True)
class Function:
    """A function: its name, the one that its core export has, and its types."""

    name: str
    interface: str
    export: str
    params: tuple[tuple[str, WitType], ...]
    result: WitType | None

    @property
    def flat(self) -> tuple[str, ...]:
        """The core types of its parameters; of an address, where they are too many."""
        flat = tuple(core for _, type_ in self.params for core in type_.flat)
        return flat if len(flat) <= MOST_FLAT else ("i32",)

    @property
    def is_spilled(self) -> bool:
        """Whether its parameters are passed as an address."""
        return sum(len(type_.flat) for _, type_ in self.params) > MOST_FLAT


@dataclass(frozen=True)
class World:
    """What a world exports, and the types that have names: each with its interface, after those that it is made of."""

    name: str
    functions: tuple[Function, ...]
    types: tuple[tuple[str, Named], ...]


@dataclass(frozen=True)
class Slot:
    """A core parameter."""

    name: str
    core: str


@dataclass(frozen=True)
class Store:
    """Put the lowest `width` bytes of a parameter to a place in memory."""

    at: int
    width: int
    slot: Slot


@dataclass(frozen=True)
class Choice:
    """Do what belongs to the case that a parameter says."""

    slot: Slot
    cases: tuple[tuple[int, tuple[Store | Choice, ...]], ...]


def world_from(tree: Mapping[str, Any]) -> World:
    """Return the world that ``wasm-tools component wit --json`` printed.

    Raises
    ------
    Uncovered
        For what cells cannot have.
    """
    worlds = tree["worlds"]
    if len(worlds) != 1:
        names = ", ".join(world["name"] for world in worlds) or "none"
        raise Uncovered(f"a cell has one world, and here are: {names}")
    return _Reader(tree).world(worlds[0])


class _Reader:
    """Reads one world."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree
        self._made: dict[int, WitType] = {}
        self._parts: dict[Any, int] = {}
        self._named: list[tuple[str, Named]] = []

    def world(self, world: Mapping[str, Any]) -> World:
        for name, item in world["imports"].items():
            imported = [name] if "function" in item else []
            if "interface" in item:
                imported = list(self._interface(item)["functions"])
            if imported:
                what = "a cell's world can export functions, and import types alone: what the host does for a guest"
                raise Uncovered(f"{what} comes by WASI, from its language's library", imported[0])
        functions = tuple(self._functions(world["exports"]))
        if not functions:
            raise Uncovered("the world exports no function, so there would be nothing to call")
        return World(world["name"], functions, tuple(self._named))

    def _interface(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._tree["interfaces"][item["interface"]["id"]]
        return found

    def _functions(self, exports: Mapping[str, Any]) -> Iterator[Function]:
        for name, item in exports.items():
            if "function" in item:
                yield self._function(item["function"], "", name)
            elif "interface" in item:
                interface = self._interface(item)
                full = self._full_name(interface) or name
                for inner, function in interface["functions"].items():
                    yield self._function(function, interface["name"] or name, f"{full}#{inner}")

    def _full_name(self, interface: Mapping[str, Any]) -> str:
        """Return ``package:name/interface@version``; nothing for an interface that the world itself has."""
        if not interface["name"]:
            return ""
        package = self._tree["packages"][interface["package"]]["name"]
        package, at, version = package.partition("@")
        return f"{package}/{interface['name']}{at}{version}"

    def _function(self, function: Mapping[str, Any], interface: str, export: str) -> Function:
        name = function["name"]
        if function["kind"] != "freestanding":
            raise Uncovered(f"{name} is no plain function, and cells cannot have others", name)
        params = tuple((param["name"], self._type(param["type"], name)) for param in function["params"])
        result = function.get("result")
        return Function(name, interface, export, params, None if result is None else self._type(result, name))

    def _type(self, given: Any, user: str, depth: int = 0) -> WitType:
        if depth > _DEEPEST:
            raise Uncovered("types inside types without end", user)
        if isinstance(given, str):
            return self._plain(given, user)
        if given not in self._made:
            found = self._tree["types"][given]
            made = self._compound(given, user, depth + 1)
            self._made[given] = made
            named = isinstance(made, Fields | Names | Cases) and made.name
            if named and all(made != other for _, other in self._named):
                assert isinstance(made, Fields | Names | Cases)
                self._named.append((self._owner(found), made))
        return self._made[given]

    def _owner(self, found: Mapping[str, Any]) -> str:
        owner = found.get("owner") or {}
        return (self._tree["interfaces"][owner["interface"]]["name"] or "") if "interface" in owner else ""

    def _plain(self, kind: str, user: str) -> WitType:
        if kind == "string":
            return Text(8, 4, ("i32", "i32"))
        if kind not in _SIZES_OF_ALL:
            raise Uncovered(f"{user} uses {kind}, which cells cannot have", user)
        return Scalar(_SIZES_OF_ALL[kind], _SIZES_OF_ALL[kind], (_CORE.get(kind, "i32"),), kind)

    def _compound(self, given: int, user: str, depth: int) -> WitType:
        found = self._tree["types"][given]
        self._parts[given] = 1
        name, kind = found["name"] or "", found["kind"]
        parts: Any
        word, parts = next(iter(kind.items())) if isinstance(kind, Mapping) else (kind, None)

        def of(part: Any) -> WitType:
            type_ = self._type(part, user, depth)
            self._parts[given] += self._parts.get(part, 1)
            if self._parts[given] > _MOST_PARTS:
                raise Uncovered(f"{user} uses a type of more than {_MOST_PARTS:,} parts", user)
            return type_

        def maybe(part: Any) -> WitType | None:
            return None if part is None else of(part)

        makers: Mapping[str, Callable[[], WitType]] = {
            "type": lambda: of(parts),
            "list": lambda: Items(8, 4, ("i32", "i32"), of(parts)),
            "record": lambda: _fields(name, [(item["name"], of(item["type"])) for item in parts["fields"]]),
            "tuple": lambda: _fields("", [(str(at), of(part)) for at, part in enumerate(parts["types"])]),
            "enum": lambda: _enum(name, [case["name"] for case in parts["cases"]]),
            "flags": lambda: _flags(name, [flag["name"] for flag in parts["flags"]], user),
            "option": lambda: _cases("option", "", [("none", None), ("some", of(parts))]),
            "result": lambda: _cases("result", "", [("ok", maybe(parts.get("ok"))), ("err", maybe(parts.get("err")))]),
            "variant": lambda: _cases("variant", name, [(it["name"], maybe(it.get("type"))) for it in parts["cases"]]),
        }
        if word in makers:
            return makers[word]()
        what = f"the {word} {name}".rstrip() if word != "handle" else "a handle of a resource"
        raise Uncovered(f"{user} uses {what}, and cells can have {_COVERED}", user)


def _up(at: int, align: int) -> int:
    return (at + align - 1) // align * align


def offsets(types: Sequence[WitType]) -> tuple[int, ...]:
    """Return where the fields of a record, or parameters that are passed as an address, lie."""
    places = []
    at = 0
    for type_ in types:
        at = _up(at, type_.align)
        places.append(at)
        at += type_.size
    return tuple(places)


def _fields(name: str, fields: Sequence[tuple[str, WitType]]) -> Fields:
    types = [type_ for _, type_ in fields]
    align = max((type_.align for type_ in types), default=1)
    size = _up(offsets(types)[-1] + types[-1].size, align) if types else 0
    return Fields(size, align, tuple(core for type_ in types for core in type_.flat), name, tuple(fields))


def _kind(count: int) -> str:
    return "u8" if count <= 0x100 else "u16" if count <= 0x1_0000 else "u32"


def _enum(name: str, names: Sequence[str]) -> Names:
    kind = _kind(len(names))
    return Names(_SIZES[kind], _SIZES[kind], ("i32",), name, kind, tuple(names), flags=False)


def _flags(name: str, names: Sequence[str], user: str) -> Names:
    if len(names) > _WIDEST_FLAGS:
        raise Uncovered(f"{name} has more than {_WIDEST_FLAGS} flags", user)
    kind = "u8" if len(names) <= 8 else "u16" if len(names) <= 16 else "u32"
    return Names(_SIZES[kind], _SIZES[kind], ("i32",), name, kind, tuple(names), flags=True)


def _cases(word: str, name: str, cases: Sequence[tuple[str, WitType | None]]) -> Cases:
    payloads = [type_ for _, type_ in cases if type_ is not None]
    kind = _kind(len(cases))
    align = max([_SIZES[kind], *(type_.align for type_ in payloads)])
    size = _up(_up(_SIZES[kind], align) + max((type_.size for type_ in payloads), default=0), align)
    flat: list[str] = []
    for type_ in payloads:
        for at, core in enumerate(type_.flat):
            if at == len(flat):
                flat.append(core)
            else:
                flat[at] = _joined(flat[at], core)
    return Cases(size, align, ("i32", *flat), word, name, kind, tuple(cases))


def _joined(one: str, other: str) -> str:
    """Return the core type that holds values of both."""
    if one == other:
        return one
    return "i32" if {one, other} == {"i32", "f32"} else "i64"


def stores(type_: WitType, slots: Iterator[Slot], at: int = 0) -> Iterator[Store | Choice]:
    """Yield what puts a value that came as parameters into memory at `at`; takes its `slots` from the front."""
    if isinstance(type_, Scalar | Names):
        yield Store(at, type_.size, next(slots))
    elif isinstance(type_, Text | Items):
        yield Store(at, 4, next(slots))
        yield Store(at + 4, 4, next(slots))
    elif isinstance(type_, Fields):
        types = [of for _, of in type_.fields]
        for of, place in zip(types, offsets(types), strict=True):
            yield from stores(of, slots, at + place)
    elif isinstance(type_, Cases):
        which = next(slots)
        yield Store(at, _SIZES[type_.kind], which)
        shared = [next(slots) for _ in type_.flat[1:]]
        payloads = ((index, of) for index, (_, of) in enumerate(type_.cases) if of is not None)
        cases = tuple((index, tuple(stores(of, iter(shared), at + type_.at))) for index, of in payloads)
        if cases:
            yield Choice(which, cases)


def scalar_of(type_: WitType) -> str:
    """Return the kind of the only number that a value is passed as."""
    if isinstance(type_, Scalar | Names | Cases):
        return type_.kind
    assert isinstance(type_, Fields)
    return next(scalar_of(of) for _, of in type_.fields if of.flat)
