"""Entering a guest by the shortest way.

`wasmtime.Instance.exports` makes an object of every export, and calling a `wasmtime.Func` looks its type up and
converts values; each took as long as a small guest runs.  For ``_start``, whose type is known once per module, neither
is needed.

Like `ssvm_kernel.host.hostfunc` it uses parts of the `wasmtime` package that are named private; its version is pinned.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

import wasmtime
from wasmtime import _bindings as bindings
from wasmtime import _extern, _func

__all__ = ["enter_start", "export_of", "starts_plainly"]

_START: Final = "_start"
_NOTHING: Final = (bindings.wasmtime_val_t * 0)()


def starts_plainly(module: wasmtime.Module) -> bool:
    """Tell whether a module's ``_start`` is a function without parameters and results, as it should be."""
    types = [export.type for export in module.exports if export.name == _START]
    return any(isinstance(found, wasmtime.FuncType) and not (found.params or found.results) for found in types)


def export_of(store: wasmtime.Store, instance: wasmtime.Instance, name: str) -> Any:
    """Return one export of an instance; None when it has none of that name."""
    encoded = name.encode()
    found = bindings.wasmtime_extern_t()
    buffer = ctypes.create_string_buffer(encoded, len(encoded))
    where = ctypes.byref(instance._instance)
    if bindings.wasmtime_instance_export_get(store._context(), where, buffer, len(encoded), ctypes.byref(found)):
        return _extern.wrap_extern(found)
    return None


def enter_start(store: wasmtime.Store, instance: wasmtime.Instance) -> Callable[[], None]:
    """Return what calls the ``_start`` of an instance whose module `starts_plainly`.

    It raises what a `wasmtime.Func` raises: a trap of the guest, or what a host function raised.
    """
    function = export_of(store, instance, _START)._func

    def enter() -> None:
        with _func.enter_wasm(store) as trap:
            error = bindings.wasmtime_func_call(
                store._context(), ctypes.byref(function), _NOTHING, 0, _NOTHING, 0, trap
            )
            if error:
                raise wasmtime.WasmtimeError._from_ptr(error)

    return enter
