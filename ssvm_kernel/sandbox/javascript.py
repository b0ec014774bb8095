"""What guests that wasm-bindgen made import of JavaScript, which is not here.

Such a guest imports functions even when it never calls them: to throw an error, to prepare a table, to show a panic.
So each is there.  Those by which an error or a panic is told end the guest with its text, those that only keep books of
JavaScript's values do nothing, and all others end the guest with their name.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from typing import Any, Final

import wasmtime

__all__ = ["bind_javascript"]

_MOST_TEXT: Final = 10_000
# Later versions write an intrinsic like any other import, with a digest: __wbg___wbindgen_throw_81fc….
_INTRINSIC: Final = r"(?:__wbg___wbindgen_|__wbindgen_){}(?:_[0-9a-f]+)?"
_TELLS: Final = re.compile(_INTRINSIC.format("throw") + r"|__wbg_error_[0-9a-f]+")
_KEEPS_BOOKS: Final = re.compile(_INTRINSIC.format("(?:init_(?:externref|anyref)_table|object_drop_ref)"))
# console_error_panic_hook makes an error for its stack, and prints that with the panic's text.
_NEW: Final = re.compile(r"__wbg_new_[0-9a-f]+")
_STACK: Final = re.compile(r"__wbg_stack_[0-9a-f]+")
_SOME_VALUE: Final = 128
_NO_TEXT: Final = struct.pack("<II", 1, 0)


def bind_javascript(linker: wasmtime.Linker, imports: Iterable[wasmtime.ImportType]) -> None:
    """Define functions of JavaScript.

    Parameters
    ----------
    linker : wasmtime.Linker
        Where to define them.
    imports : iterable of wasmtime.ImportType
        Those that a module has.
    """
    for item in imports:
        if isinstance(item.type, wasmtime.FuncType):
            params, results = (tuple(map(str, side)) for side in (item.type.params, item.type.results))
            function = _function(item.name or "", params, results)
            linker.define_func(item.module, item.name or "", item.type, function, access_caller=True)


def _function(name: str, params: tuple[str, ...], results: tuple[str, ...]) -> Callable[..., Any]:
    if (params, results) == (("i32", "i32"), ()) and _TELLS.fullmatch(name):
        return _tell
    if not results and _KEEPS_BOOKS.fullmatch(name):
        return lambda *_: None
    if not params and len(results) == 1 and _NEW.fullmatch(name):
        return lambda _: _SOME_VALUE if results == ("i32",) else None
    if len(params) == 2 and params[0] == "i32" and not results and _STACK.fullmatch(name):
        return lambda caller, at, _: _write(caller, at, _NO_TEXT)

    def ask(*_: Any) -> Any:
        raise wasmtime.Trap(f"the guest asks JavaScript for {name}, and there is none here")

    return ask


def _tell(caller: wasmtime.Caller, at: int, size: int) -> None:
    """End the guest with a text of its memory."""
    start, length = at & 0xFFFF_FFFF, min(size & 0xFFFF_FFFF, _MOST_TEXT)
    text = bytes(_memory(caller).read(caller, start, start + length)).decode("utf-8", "replace")
    raise wasmtime.Trap(" ".join(text.split()).removesuffix(" Stack:") or "the guest threw an error")


def _write(caller: wasmtime.Caller, at: int, data: bytes) -> None:
    try:
        _memory(caller).write(caller, data, at & 0xFFFF_FFFF)
    except IndexError:
        raise wasmtime.Trap(f"out of bounds: there are no {len(data)} bytes at {at & 0xFFFF_FFFF}") from None


def _memory(caller: wasmtime.Caller) -> wasmtime.Memory:
    found = caller.get("memory")
    if not isinstance(found, wasmtime.Memory):
        raise wasmtime.Trap("the guest exports no memory")
    return found
