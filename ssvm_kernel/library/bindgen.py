"""Guests made with wasm-bindgen, whose exports do not say what they take: it follows from the values of each call.

The convention is that of wasm-bindgen 0.2.61, which SSVM's Node interface spoke, or of later versions; which one shows
in the allocator's parameters.  ``Run``, ``RunInt`` … ``RunUint8Array`` are the functions of that interface.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import msgspec

from ssvm_kernel.calls import OpenGuest
from ssvm_kernel.capabilities.binary import Binary
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import UsageError
from ssvm_kernel.library import values
from ssvm_kernel.library.functions import Function
from ssvm_kernel.library.signatures import Signature, core_of, plain
from ssvm_kernel.library.values import NUMBERS, ValueType
from ssvm_kernel.sandbox.callmessages import Shape
from ssvm_kernel.sandbox.rows import core_type

__all__ = ["NODE", "BindgenFunction", "convention_of", "functions_of", "node_interface"]

_MALLOC: Final = "__wbindgen_malloc"
_FREE: Final = "__wbindgen_free"
_STACK: Final = "__wbindgen_add_to_stack_pointer"
_AT: Final = 8
"""Where version 0.2.61 has texts and bytes returned to."""


def convention_of(binary: Binary) -> Shape | None:
    """Return how a module's functions are called, as a shape without values; None when wasm-bindgen did not make it."""
    exports = {item.name: item for item in binary.exports if item.kind == "function"}
    if _MALLOC not in exports:
        return None
    core = core_of(exports[_MALLOC])
    old = core is not None and len(core[0]) == 1
    free = _FREE if _FREE in exports else ""
    stack = "" if old or _STACK not in exports else _STACK
    return Shape(allocate=_MALLOC, free=free, alignment=0 if old else 1, stack=stack, at=_AT)


class BindgenFunction(Function):
    """A function of such a guest.

    Parameters
    ----------
    opened : OpenGuest
        The guest.
    signature : Signature
        What its export says.
    convention : Shape
        From `convention_of`.
    """

    def __init__(self, opened: OpenGuest, signature: Signature, convention: Shape) -> None:
        super().__init__(opened, signature)
        self._convention = convention
        self.__doc__ = (
            f"{signature.text}, a function of the guest {visible(opened.guest.name)} as its export shows it.\n\n"
            "Give it numbers, str, bytes or arrays as its source takes them. What it returns is told by returns=int, "
            "str, bytes or None; by default that is a number where its export has a result, and else a str."
        )

    def __call__(self, *args: Any, fresh: bool = False, returns: Any = "", **named: Any) -> Any:
        """Call the function; ``returns`` is the type of its result, for the rest see `Function`."""
        if named:
            raise UsageError(f"{visible(self.signature.name)} does not say what its arguments are called")
        return self._typed(args, returns)(*args, fresh=fresh)

    def map(self, items: Iterable[Any], *, fresh: bool = False, returns: Any = "") -> list[Any]:
        """Call the function once for each item; see `Function.map`."""
        given = list(items)
        if not given:
            return []
        first = given[0] if isinstance(given[0], tuple) else (given[0],)
        return self._typed(first, returns).map(given, fresh=fresh)

    def fitting(self, item: Any) -> Function:
        """See `Function.fitting`."""
        return self._typed(item if isinstance(item, tuple) else (item,), "")

    def wide(self, args: Sequence[Any], *, signed: bool) -> Any:
        """Call as ``RunInt64`` and ``RunUInt64`` do: each number in two halves, the result at address 0."""
        text = "i64" if signed else "u64"
        params = tuple(
            values.number(text, "split", 64, signed=True) if hasattr(value, "__index__") else _type_of(value)
            for value in args
        )
        result = values.number(text, "returned64", 64, signed=signed)
        return Function(self._opened, self._signature(params, (result,), at=0))(*args, fresh=True)

    def _typed(self, args: Sequence[Any], returns: Any) -> Function:
        """Return the function with a signature that fits these arguments.

        Raises
        ------
        UsageError
            When its export cannot be called with them, or returns something else.
        """
        params = tuple(map(_type_of, args))
        core = self.signature.shape
        for results in _candidates(returns, core):
            signature = self._signature(params, results)
            if core_type(signature.shape) == (core.params, core.results):
                return Function(self._opened, signature)
        told = "" if returns == "" else f" with returns={getattr(returns, '__name__', returns)}"
        given = ", ".join(type_.text for type_ in params) or "nothing"
        raise UsageError(f"{self.signature.text} cannot be called with {given}{told}")

    def _signature(self, params: tuple[ValueType, ...], results: tuple[ValueType, ...], at: int = _AT) -> Signature:
        convention = self._convention
        shape = msgspec.structs.replace(
            convention,
            params=tuple(type_.core for type_ in params),
            results=tuple(type_.core for type_ in results),
            sizes=tuple(type_.size for type_ in (*params, *results)),
            at=at,
        )
        names = tuple(f"a{index}" for index in range(len(params)))
        return replace(self.signature, names=names, params=params, results=results, shape=shape)


def _candidates(returns: Any, core: Shape) -> Iterable[tuple[ValueType, ...]]:
    """Yield the results that a function may have, as asked for."""
    known = {str: "string", bytes: "bytes", "": "string"}
    if returns is None:
        yield ()
    elif returns in known:
        if returns == "":
            yield tuple(NUMBERS[kind] for kind in core.results if kind in NUMBERS)
        for kind in ("pair", "returned"):
            yield (values.type_of(known[returns], kind),)
        if returns == "":
            yield ()
    elif returns in (int, float, bool):
        yield tuple(NUMBERS[kind] for kind in core.results if kind in NUMBERS)
    else:
        raise UsageError(f"returns is int, float, str, bytes or None, and not {returns!r:.60}")


def _type_of(value: Any) -> ValueType:
    """Return the type that a value has for Rust: numbers are i32 unless they are not whole."""
    if isinstance(value, str):
        return values.type_of("string")
    if hasattr(value, "dtype") and hasattr(value, "ndim") and value.ndim:
        return values.type_of(f"[{str(value.dtype).replace('uint', 'u').replace('int', 'i').replace('float', 'f')}]")
    if isinstance(value, bool) or hasattr(value, "__index__"):
        return NUMBERS["i32"]
    if isinstance(value, float) or hasattr(value, "__float__"):
        return NUMBERS["f64"]
    return values.type_of("bytes")


def _run(functions: Callable[[str], BindgenFunction], returns: Any, name: str, *args: Any) -> Any:
    result = functions(name)(*args, returns=returns, fresh=True)
    return result & 0xFFFF_FFFF if returns is int and isinstance(result, int) else result


def _signed(functions: Callable[[str], BindgenFunction], name: str, *args: Any) -> Any:
    return functions(name)(*args, returns=int, fresh=True)


def _wide(functions: Callable[[str], BindgenFunction], signed: bool, name: str, *args: Any) -> Any:
    return functions(name).wide(args, signed=signed)


NODE: Final = ("Run", "RunInt", "RunUInt", "RunInt64", "RunUInt64", "RunString", "RunUint8Array")
"""SSVM's Node interface: each takes a function's name and its arguments, and calls it in a new instance."""


def node_interface(name: str, functions: Callable[[str], BindgenFunction]) -> Callable[..., Any]:
    """Return one function of SSVM's Node interface."""
    made: dict[str, Callable[..., Any]] = {
        "Run": partial(_run, functions, ""),
        "RunInt": partial(_signed, functions),
        "RunUInt": partial(_run, functions, int),
        "RunInt64": partial(_wide, functions, True),
        "RunUInt64": partial(_wide, functions, False),
        "RunString": partial(_run, functions, str),
        "RunUint8Array": partial(_run, functions, bytes),
    }
    return made[name]


def functions_of(opened: OpenGuest, binary: Binary, convention: Shape) -> dict[str, Function]:
    """Return the functions of a guest that wasm-bindgen made, by name."""
    found: dict[str, Function] = {}
    for export in binary.exports:
        if export.kind == "function" and not export.name.startswith("_"):
            found[export.name] = BindgenFunction(opened, plain(export), convention)
    return found
