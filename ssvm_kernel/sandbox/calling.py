"""A call of one exported function with arguments from a command line, as SSVM's reactor mode does it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import wasmtime

__all__ = ["BadCall", "arguments_of", "bind_export"]

_Convert = Callable[[str], int | float]


class BadCall(Exception):
    """There is no such function, or these are no arguments for it."""


def bind_export(
    store: wasmtime.Store, instance: wasmtime.Instance, name: str, words: tuple[str, ...]
) -> Callable[[], tuple[str, ...]]:
    """Return what calls ``_initialize`` where there is one, then a function, and returns its results as text.

    All that is to be looked up is looked up here, so that the call can be timed.

    Raises
    ------
    BadCall
        When the function is not there or the words do not fit its type.
    """
    import wasmtime

    exports = instance.exports(store)
    function = exports.get(name)
    if not isinstance(function, wasmtime.Func):
        names = [other for other, export in exports.items() if isinstance(export, wasmtime.Func)]
        raise BadCall(f"it exports no function {name} (it exports: {', '.join(names) or 'none'})")
    type_ = function.type(store)
    values = arguments_of([str(param) for param in type_.params], words)
    kinds = [str(kind) for kind in type_.results]
    initialize = exports.get("_initialize") if name != "_initialize" else None

    def call() -> tuple[str, ...]:
        if isinstance(initialize, wasmtime.Func):
            initialize(store)
        found = function(store, *values)
        results = found if isinstance(found, list) else [] if found is None else [found]
        return tuple(map(_text, kinds, results))

    return call


def arguments_of(kinds: list[str], words: tuple[str, ...]) -> list[int | float]:
    """Return words as numbers of the given types; integers in any of C's notations, and as signed or unsigned.

    Raises
    ------
    BadCall
        When there are too many or too few, or one is no number of its type.
    """
    if len(kinds) != len(words):
        takes = f"({', '.join(kinds)})" if kinds else "no arguments"
        raise BadCall(f"it takes {takes}, and {len(words)} were given")
    return [_value(kind, word) for kind, word in zip(kinds, words, strict=True)]


def _value(kind: str, word: str) -> int | float:
    convert = _CONVERSIONS.get(kind)
    if convert is None:
        raise BadCall(f"an argument of type {kind} cannot be given on a command line")
    try:
        return convert(word)
    except (ValueError, OverflowError):
        raise BadCall(f"{word!r} is no {kind}") from None


def _integer(bits: int) -> _Convert:
    def convert(word: str) -> int:
        digits = word.strip().lstrip("+-")
        octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
        value = int(word, 10 if octal else 0)
        if not -(1 << (bits - 1)) <= value < 1 << bits:
            raise OverflowError(word)
        return value - (1 << bits) if value >= 1 << (bits - 1) else value

    return convert


_CONVERSIONS: Final[dict[str, _Convert]] = {
    "i32": _integer(32),
    "i64": _integer(64),
    "f32": float,
    "f64": float,
}


def _text(kind: str, value: object) -> str:
    """Return a result as SSVM prints it: integers unsigned, numbers with no more digits than tell them apart."""
    if isinstance(value, int):
        return str(value & ((1 << (64 if kind == "i64" else 32)) - 1))
    if isinstance(value, float):
        return _shortest(value, single=kind == "f32")
    return f"<{kind}>"


def _shortest(value: float, *, single: bool) -> str:
    if not single or value != value or value in (float("inf"), float("-inf")):
        return repr(value).removesuffix(".0")
    same = struct.pack("<f", value)
    texts = (f"{value:.{digits}g}" for digits in range(6, 10))
    return next((text for text in texts if struct.pack("<f", float(text)) == same), repr(value))
