"""The types of a component's interface (WIT), and Python's values for them.

Numbers, ``bool``, ``char`` and ``string`` are Python's own; ``list<u8>`` is bytes, other lists are lists; a record is a
`Record`, which is a dict whose fields are attributes too; an enum is a str, flags are a set of str, an option is the
value or None; a case of a variant, and a result inside another type, is a `Case`; a resource is a
`ssvm_kernel.library.handles.Handle`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import UsageError
from ssvm_kernel.library.handles import Handle, Home
from ssvm_kernel.library.numberlists import NUMBER_CODES, as_bytes, as_it_lies, packed, unpacked
from ssvm_kernel.library.values import NUMBERS

__all__ = ["Case", "Record", "WitType", "type_from"]

_MOST_ITEMS: Final = 100_000
_MOST_NUMBERS: Final = 1 << 20
_MOST_BYTES: Final = 1 << 20
"""Of one list: each item takes microseconds here, and a number a hundred bytes of the guest's process; bulk belongs
into a module's memory."""
_DEEPEST: Final = 50


class Case(NamedTuple):
    """A case of a variant or result, and what it carries."""

    name: str
    value: Any = None


class Record(dict[str, Any]):
    """A record: a dict of its fields, by the names of the interface; also as attributes, with ``_`` for ``-``."""

    def __getattr__(self, name: str) -> Any:
        for key in (name, name.replace("_", "-")):
            if key in self:
                return self[key]
        raise AttributeError(name)


@dataclass(frozen=True)
class WitType:
    """One type.

    Parameters
    ----------
    text : str
        As the interface writes it.
    lower : callable
        Returns a value as plain data for the guest's process; raises `UsageError`, whose message is to be read after
        the parameter's name.
    lift : callable
        Returns a value from plain data; raises `ValueError` or `TypeError` for data that is not of this type.
    """

    text: str
    lower: Callable[[Any], Any]
    lift: Callable[[Any], Any]


_Inner = Callable[[Any], WitType]
"""Gives a type inside of another one."""


def type_from(tree: Any, home: Home | None = None, depth: int = 0) -> WitType:
    """Return the type that a guest's process describes.

    Parameters
    ----------
    tree : object
        The description.
    home : Home or None
        What handles of its resources have in common; without one it has no resources.
    depth : int
        How many types it is inside of.

    Raises
    ------
    UsageError
        For one that has no values in Python: a resource of somebody else, a stream.
    ValueError
        For what is no description.
    """
    if depth > _DEEPEST:
        raise ValueError("types inside types without end")
    if isinstance(tree, str):
        if tree not in _PLAIN:
            raise UsageError(f"it uses {visible(tree, 100)}, which has no values in Python")
        return _PLAIN[tree]
    kind, parts = tree
    if kind in ("own", "borrow"):
        return _resource(parts, home, own=kind == "own")
    return _MADE[kind](parts, lambda of: type_from(of, home, depth + 1))


def _refuse(text: str, value: Any) -> UsageError:
    return UsageError(f"takes {text}, and {type(value).__name__} {value!r:.40} is none")


def _integer(bits: int, *, signed: bool) -> WitType:
    text = f"{'s' if signed else 'u'}{bits}"
    low, high = (-(1 << (bits - 1)), 1 << (bits - 1)) if signed else (0, 1 << bits)

    def lower(value: Any) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise _refuse(text, value)
        whole = int(value.__index__())
        if not low <= whole < high:
            raise UsageError(f"takes {text}, and {whole} is not in {low} … {high - 1}")
        return whole

    def lift(raw: Any) -> int:
        if type(raw) is not int or not low <= raw < high:
            raise ValueError(text)
        return raw

    return WitType(text, lower, lift)


def _float(text: str) -> WitType:
    def lift(raw: Any) -> float:
        if type(raw) is not float:
            raise ValueError(text)
        return raw

    return WitType(text, NUMBERS[text].lower, lift)


def _of_class(text: str, kind: type, fits: Callable[[Any], bool] = lambda _: True) -> WitType:
    def lower(value: Any) -> Any:
        if not isinstance(value, kind) or not fits(value):
            raise _refuse(text, value)
        return value

    def lift(raw: Any) -> Any:
        if type(raw) is not kind or not fits(raw):
            raise ValueError(text)
        return raw

    return WitType(text, lower, lift)


def _encodable(value: str) -> bool:
    """Tell whether a text has no half of a character."""
    if value.isascii():
        return True
    try:
        value.encode()  # at once: to look at each character takes fifty times as long
    except UnicodeEncodeError:
        return False
    return True


_PLAIN: Final[Mapping[str, WitType]] = {
    **{f"s{bits}": _integer(bits, signed=True) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": _integer(bits, signed=False) for bits in (8, 16, 32, 64)},
    "f32": _float("f32"),
    "f64": _float("f64"),
    "bool": _of_class("bool", bool),
    "char": _of_class("char", str, lambda value: len(value) == 1 and _encodable(value)),
    "string": _of_class("string", str, _encodable),
}


def _list(parts: Any, inner: _Inner) -> WitType:
    element = inner(parts)
    text = f"list<{element.text}>"
    if element.text == "u8":
        return _bytes(text, element)
    if element.text in NUMBER_CODES:
        return _numbers(text, element)

    def lower(value: Any) -> list[Any]:
        return [element.lower(item) for item in _items(text, value, _MOST_ITEMS)]

    def lift(raw: Any) -> list[Any]:
        if type(raw) is not list:
            raise ValueError(text)
        return [element.lift(item) for item in raw]

    return WitType(text, lower, lift)


def _items(text: str, value: Any, most: int) -> list[Any]:
    if isinstance(value, str | bytes | Mapping):
        raise _refuse(text, value)
    try:
        items = list(value.tolist() if hasattr(value, "tolist") else value)
    except TypeError:
        raise _refuse(text, value) from None
    _check(len(items), most)
    return items


def _check(count: int, most: int) -> None:
    if count > most:
        raise UsageError(f"takes at most {most:,} items; give more to a module, by its memory")


def _numbers(text: str, element: WitType) -> WitType:
    """Return a list of numbers: those that are plainly of the type are taken together, and others one by one."""
    name = element.text

    def lower(value: Any) -> bytes:
        data = as_it_lies(name, value)
        if data is not None:
            _check(len(data) // (int(name[1:]) // 8), _MOST_NUMBERS)
            return data
        items = _items(text, value, _MOST_NUMBERS)
        data = packed(name, items)
        if data is None:
            data = packed(name, [element.lower(item) for item in items])
        assert data is not None  # each of them is of the type now
        return data

    return WitType(text, lower, lambda raw: unpacked(name, raw))


def _bytes(text: str, element: WitType) -> WitType:
    """Return a list of bytes: what is of bytes is taken as it lies, and numbers of other sizes as in other lists."""
    numbers = _numbers(text, element)

    def lower(value: Any) -> Any:
        data = as_bytes(value)
        if data is None:
            return numbers.lower(value)
        if len(data) > _MOST_BYTES:
            raise UsageError(f"takes at most {_MOST_BYTES >> 20} MiB; give more to a module, by its memory")
        return data

    return WitType(text, lower, _of_class(text, bytes).lift)


def _record(parts: Any, inner: _Inner) -> WitType:
    fields = [(str(name), inner(of)) for name, of in parts]
    text = "record {" + ", ".join(f"{visible(name, 60)}: {of.text}" for name, of in fields) + "}"

    def lower(value: Any) -> list[Any]:
        return [_lowered(name, of, _field(value, name, text)) for name, of in fields]

    def lift(raw: Any) -> Record:
        return Record({name: of.lift(item) for (name, of), item in zip(fields, raw, strict=True)})

    return WitType(text, lower, lift)


def _field(value: Any, name: str, text: str) -> Any:
    for key in (name, name.replace("-", "_")):
        if isinstance(value, Mapping):
            if key in value:
                return value[key]
        elif hasattr(value, key):
            return getattr(value, key)
    raise UsageError(f"takes {text}, and {visible(name, 60)} is missing")


def _lowered(name: str, of: WitType, value: Any) -> Any:
    try:
        return of.lower(value)
    except UsageError as error:
        raise UsageError(f"{visible(name, 60)} {error}") from None


def _tuple(parts: Any, inner: _Inner) -> WitType:
    elements = [inner(of) for of in parts]
    text = f"tuple<{', '.join(of.text for of in elements)}>"

    def lower(value: Any) -> list[Any]:
        if not isinstance(value, tuple | list) or len(value) != len(elements):
            raise _refuse(text, value)
        return [of.lower(item) for of, item in zip(elements, value, strict=True)]

    def lift(raw: Any) -> tuple[Any, ...]:
        return tuple(of.lift(item) for of, item in zip(elements, raw, strict=True))

    return WitType(text, lower, lift)


def _names(word: str, parts: Any) -> tuple[str, frozenset[str]]:
    return f"{word} {{{', '.join(visible(str(name), 60) for name in parts)}}}", frozenset(map(str, parts))


def _enum(parts: Any, inner: _Inner) -> WitType:
    del inner
    text, names = _names("enum", parts)
    return _of_class(text, str, lambda value: value in names)


def _flags(parts: Any, inner: _Inner) -> WitType:
    del inner
    text, names = _names("flags", parts)

    def lower(value: Any) -> list[str]:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise _refuse(text, value)
        given = list(value)  # once: it may be a generator
        if not all(isinstance(item, str) and item in names for item in given):
            raise _refuse(text, given)
        return given

    def lift(raw: Any) -> set[str]:
        if not names.issuperset(raw):
            raise ValueError(text)
        return set(raw)

    return WitType(text, lower, lift)


def _option(parts: Any, inner: _Inner) -> WitType:
    payload = inner(parts)

    def lower(value: Any) -> list[Any]:
        return ["none", None] if value is None else ["some", payload.lower(value)]

    def lift(raw: Any) -> Any:
        name, value = raw
        if name not in ("none", "some"):
            raise ValueError(name)
        return payload.lift(value) if name == "some" else None

    return WitType(f"option<{payload.text}>", lower, lift)


def _variant(parts: Any, inner: _Inner) -> WitType:
    return _of_cases(_cases(parts, inner), "variant")


def _cases(parts: Any, inner: _Inner) -> dict[str, WitType | None]:
    return {str(name): None if of is None else inner(of) for name, of in parts}


def _of_cases(cases: Mapping[str, WitType | None], word: str) -> WitType:
    inner = ", ".join(visible(name, 60) + (f"({of.text})" if of is not None else "") for name, of in cases.items())
    text = f"{word} {{{inner}}}"

    def lower(value: Any) -> list[Any]:
        name, given = (value, None) if isinstance(value, str) else value if _is_case(value) else ("", None)
        if name not in cases:
            raise UsageError(f"takes {text}: give Case(name, value), and not {value!r:.40}")
        of = cases[name]
        if of is None and given is not None:
            raise UsageError(f"takes {text}, and {visible(name, 60)} carries nothing")
        return [name, None if of is None else _lowered(name, of, given)]

    def lift(raw: Any) -> Case:
        name, value = raw
        of = cases[name]
        return Case(name, None if of is None else of.lift(value))

    return WitType(text, lower, lift)


def _is_case(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)


def _result(parts: Any, inner: _Inner) -> WitType:
    cases = _cases(parts, inner)  # once: to look at each part twice, at every depth, would take for ever
    made = _of_cases(cases, "result")
    names = ["_" if of is None else of.text for of in cases.values()]
    return WitType(f"result<{', '.join(names)}>", made.lower, made.lift)


def _resource(name: Any, home: Home | None, *, own: bool) -> WitType:
    if home is None or not isinstance(name, str) or not name:
        raise UsageError("it uses a resource that it does not export, which has no values in Python")
    short = visible(name.rpartition("#")[2], 60)
    text = short if own else f"borrow<{short}>"

    def lower(value: Any) -> int | Handle:
        if not isinstance(value, Handle):
            raise _refuse(text, value)
        number = value.passed(home, name)
        return value if own else number  # it is given away when all else is found to be right

    def lift(raw: Any) -> Handle:
        if not own or type(raw) is not int or not 0 < raw < 1 << 63:
            raise ValueError(text)
        return Handle(home, name, raw)

    return WitType(text, lower, lift)


_MADE: Final[Mapping[str, Callable[[Any, _Inner], WitType]]] = {
    "list": _list,
    "record": _record,
    "tuple": _tuple,
    "enum": _enum,
    "flags": _flags,
    "option": _option,
    "variant": _variant,
    "result": _result,
}
