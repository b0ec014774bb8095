"""Calling a guest's function for a microsecond instead of thirty.

`wasmtime.Func.__call__` looks the type up and makes an object of every value, each time.  Here that is done once: the
values of all calls go through one array of raw slots, as in `ssvm_kernel.host.hostfunc` the other way round, and with
the same parts of the `wasmtime` package, whose version is pinned.
"""

from __future__ import annotations

import ctypes
import functools
import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

import wasmtime
from wasmtime import _bindings as bindings
from wasmtime import _ffi, _func

from ssvm_kernel.sandbox.rows import NUMBERS

__all__ = ["raw_call"]

_SLOT_BYTES: Final = ctypes.sizeof(bindings.wasmtime_val_raw)
_call: Final[Any] = ctypes.CDLL("", handle=_ffi.dll._handle).wasmtime_func_call_unchecked
_call.restype = ctypes.c_void_p
_call.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


def raw_call(
    store: wasmtime.Store, function: wasmtime.Func, params: Sequence[str], results: Sequence[str]
) -> Callable[..., tuple[Any, ...]]:
    """Return what calls a function whose type was checked to be this one, and returns all of its results.

    It raises what a `wasmtime.Func` raises: a trap of the guest, or what a host function raised.
    """
    slots = max(len(params), len(results), 1)
    buffer = ctypes.create_string_buffer(slots * _SLOT_BYTES)
    trap = ctypes.c_void_p()
    raw, context = function._func, ctypes.cast(store._context(), ctypes.c_void_p).value
    raw_at, buffer_at, trap_at = ctypes.addressof(raw), ctypes.addressof(buffer), ctypes.addressof(trap)
    pack, unpack = _form(tuple(params)).pack_into, _form(tuple(results)).unpack_from

    def call(*values: int | float) -> tuple[Any, ...]:
        pack(buffer, 0, *values)
        error = _call(context, raw_at, buffer_at, slots, trap_at)
        if error or trap.value:
            _raise(error, trap)
        return unpack(buffer)

    # The engine is told addresses only: what lies there must live as long as this function.
    call.keeps = (raw, buffer, trap, store)  # type: ignore[attr-defined]
    return call


def _raise(error: int | None, trap: ctypes.c_void_p) -> None:
    taken, trap.value = trap.value, None
    found = (
        wasmtime.Trap._from_ptr(ctypes.cast(taken, ctypes.POINTER(bindings.wasm_trap_t)))
        if taken
        else wasmtime.WasmtimeError._from_ptr(ctypes.cast(error or 0, ctypes.POINTER(bindings.wasmtime_error_t)))
    )
    _func.maybe_raise_last_exn()
    raise found


@functools.lru_cache(maxsize=256)
def _form(kinds: tuple[str, ...]) -> struct.Struct:
    return struct.Struct("<" + "".join(map(_slot, kinds)))


def _slot(kind: str) -> str:
    letter = NUMBERS[kind]
    return f"{letter}{_SLOT_BYTES - struct.calcsize('<' + letter)}x"
