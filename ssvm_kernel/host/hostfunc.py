"""Host functions that cost a guest about a microsecond a call, instead of eight to fifteen.

`wasmtime.Linker.define_func` converts every value through an object of its own and looks memory up by name through
more of them.  The C function below it that wasmtime made for speed, ``wasmtime_linker_define_func_unchecked``, hands
over one array of raw 16-byte slots: parameters on entry, results on return.  This module is that function, made safe:
the engine still checks the type of every import when it links, values are converted by the declared kinds, and nothing
that goes wrong in Python gets lost.

It uses the parts of the `wasmtime` package that are named private, so the package's version is pinned.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import struct
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias

import wasmtime
from wasmtime import _bindings as bindings
from wasmtime import _ffi, _func

from ssvm_kernel.errors import GuestTrap

__all__ = ["GuestMemory", "Kind", "define_raw"]

Kind: TypeAlias = Literal["i32", "i64", "f32", "f64"]

_FORMAT: Final[dict[Kind, str]] = {"i32": "I", "i64": "Q", "f32": "f", "f64": "d"}
_MASK: Final[dict[Kind, int]] = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}
_MEMORY_KIND: Final = _ffi.WASMTIME_EXTERN_MEMORY.value
_SLOT_BYTES: Final = ctypes.sizeof(bindings.wasmtime_val_raw)

# Addresses as plain integers: making a ctypes pointer object for each argument would cost more than the call.
_Callback = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_Finalizer = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def _import(name: str, result: Any, *params: Any) -> Any:
    """Return a function of the engine that is called with the GIL held, since it takes nanoseconds."""
    function = ctypes.PyDLL("", handle=_ffi.dll._handle)[name]
    function.restype, function.argtypes = result, params
    return function


_export_get = _import(
    "wasmtime_caller_export_get",
    ctypes.c_bool,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.c_void_p,
)
_context = _import("wasmtime_caller_context", ctypes.c_void_p, ctypes.c_void_p)
_memory_data = _import("wasmtime_memory_data", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_memory_size = _import("wasmtime_memory_data_size", ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p)
_extern_delete = _import("wasmtime_extern_delete", None, ctypes.c_void_p)
_define = _import(
    "wasmtime_linker_define_func_unchecked",
    ctypes.POINTER(bindings.wasmtime_error_t),
    ctypes.POINTER(bindings.wasmtime_linker_t),
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.POINTER(bindings.wasm_functype_t),
    _Callback,
    ctypes.c_void_p,
    _Finalizer,
)
_trap_new = _import("wasmtime_trap_new", ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)

_madvise = ctypes.CDLL(None).madvise
_madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
_MANY_PAGES: Final = 4 * 1024 * 1024

_kept: Final[dict[int, Any]] = {}
"""The callbacks that some linker, or an instance that it made, can still call."""
_keys: Final = itertools.count(1)


def _drop(key: int, kept: dict[int, Any] = _kept) -> None:
    kept.pop(key, None)


_forget: Final = _Finalizer(_drop)
"""Called by the engine when nothing can call a callback any more; that may be after this module was torn down."""
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_forget))


class GuestMemory:
    """Memory 0 of whichever module is calling, looked up anew in each call, because growing moves it.

    One object serves one thread at a time, as an instance does.

    Parameters
    ----------
    export : str
        The name under which modules export their memory 0; the C interface of the engine finds it by name only, and
        every compiler uses this one.
    """

    def __init__(self, export: str = "memory") -> None:
        self._name = export.encode()
        self._extern: Any = bindings.wasmtime_extern_t()
        self._at = ctypes.addressof(self._extern)
        self._memory_at = self._at + bindings.wasmtime_extern_t.of.offset

    def address(self, caller: int, offset: int, length: int) -> int:
        """Return the host's address of a range of the guest's memory; good until the guest runs again.

        Parameters
        ----------
        caller : int
            As the callback of `define_raw` got it.
        offset, length : int
            The range, in bytes.

        Raises
        ------
        GuestTrap
            When the caller has no memory, or the range is not inside it.
        """
        if not _export_get(caller, self._name, len(self._name), self._at):
            raise GuestTrap(f"the calling module has no memory (none is exported as {self._name.decode()!r})")
        if self._extern.kind != _MEMORY_KIND:
            _extern_delete(self._at)
            raise GuestTrap(f"what the calling module exports as {self._name.decode()!r} is not an unshared memory")
        context = _context(caller)
        size = _memory_size(context, self._memory_at)
        if offset + length > size:
            raise GuestTrap(f"out of bounds: {length} bytes at {offset} are not inside the guest's {size} bytes")
        return int(_memory_data(context, self._memory_at) or 0) + offset

    def read(self, caller: int, offset: int, length: int) -> bytes:
        """Return a copy of a range; an empty one is fine wherever it points, as the Rust crate relies on.

        Raises
        ------
        GuestTrap
            As for `address`.
        """
        if length == 0:
            offset = 0
        return ctypes.string_at(self.address(caller, offset, length), length)

    def write(self, caller: int, offset: int, data: bytes) -> None:
        """Copy bytes to a range; none are fine wherever it points.

        Raises
        ------
        GuestTrap
            As for `address`.
        """
        length = len(data)
        ctypes.memmove(self.address(caller, offset if length else 0, length), data, length)

    def view(self, caller: int, offset: int, length: int) -> memoryview:
        """Return a range to write to; good until the guest runs again.

        Raises
        ------
        GuestTrap
            As for `address`.
        """
        if length == 0:
            offset = 0
        at = self.address(caller, offset, length)
        if length >= _MANY_PAGES:
            _prefer_large_pages(at, length)
        return memoryview((ctypes.c_ubyte * length).from_address(at)).cast("B")


def _prefer_large_pages(address: int, length: int) -> None:
    """Tell the system that all of a range will be written: fresh memory is then filled in two thirds of the time.

    A hint only: systems that use large pages always or never do as they did.
    """
    if hasattr(mmap, "MADV_HUGEPAGE"):
        start = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
        _madvise(start, (address + length - start) // mmap.PAGESIZE * mmap.PAGESIZE, mmap.MADV_HUGEPAGE)


def define_raw(
    linker: wasmtime.Linker,
    module: str,
    name: str,
    params: Sequence[Kind],
    results: Sequence[Kind],
    callback: Callable[..., Any],
) -> None:
    """Define a host function.

    Parameters
    ----------
    linker : wasmtime.Linker
        Where to define it.  What it keeps alive lives as long as the linker and what was instantiated with it.
    module, name : str
        Under which names.
    params, results : sequence of {"i32", "i64", "f32", "f64"}
        Its type; at most one result.
    callback : callable
        Called with the caller (for `GuestMemory`) and the parameters, integers unsigned.  Returns the result; an
        integer is taken modulo the width of its kind.  A `GuestTrap` that it raises becomes a trap of the engine, with
        its message and the guest's stack; any other exception ends the guest too, and comes out of the call into it.

    Raises
    ------
    wasmtime.WasmtimeError
        When the name is defined already and the linker forbids shadowing.
    """
    key = next(_keys)
    _kept[key] = raw = _Callback(_trampoline(params, results, callback))
    type_ = _function_type(linker.engine, tuple(params), tuple(results))
    module_bytes, name_bytes = module.encode(), name.encode()
    error = _define(
        linker.ptr(), module_bytes, len(module_bytes), name_bytes, len(name_bytes), type_.ptr(), raw, key, _forget
    )
    if error:
        raise wasmtime.WasmtimeError._from_ptr(error)


_types: weakref.WeakKeyDictionary[wasmtime.Engine, dict[object, wasmtime.FuncType]] = weakref.WeakKeyDictionary()


def _function_type(engine: wasmtime.Engine, params: tuple[Kind, ...], results: tuple[Kind, ...]) -> wasmtime.FuncType:
    """Return a function type, kept per engine: its first use binds it to one, and another would abort the process.

    Making one takes longer than defining the function.
    """
    kept = _types.setdefault(engine, {})
    if (params, results) not in kept:
        kinds = ([getattr(wasmtime.ValType, kind)() for kind in side] for side in (params, results))
        kept[params, results] = wasmtime.FuncType(*kinds)
    return kept[params, results]


def _slot(kind: Kind) -> str:
    """Return the `struct` format of one slot: the value in its first bytes, little-endian on every machine."""
    letter = _FORMAT[kind]
    return f"{letter}{_SLOT_BYTES - struct.calcsize('<' + letter)}x"


def _trampoline(params: Sequence[Kind], results: Sequence[Kind], callback: Callable[..., Any]) -> Callable[..., int]:
    """Return what the engine calls: it unpacks the slots, and returns the address of a trap or 0."""
    slots = ctypes.c_char * (_SLOT_BYTES * max(len(params), len(results), 1))
    slots_at = slots.from_address
    unpack = struct.Struct("<" + "".join(map(_slot, params))).unpack_from
    if not results:

        def without_result(_: int, caller: int, raw: int, __: int) -> int:
            try:
                callback(caller, *unpack(slots_at(raw)))
            except BaseException as error:  # noqa: BLE001 - ctypes would print it and go on with a wrong result
                return _trap(error)
            return 0

        return without_result
    (kind,) = results
    pack = struct.Struct("<" + _FORMAT[kind]).pack_into
    mask = _MASK.get(kind)

    def with_result(_: int, caller: int, raw: int, __: int) -> int:
        try:
            buffer = slots_at(raw)
            result = callback(caller, *unpack(buffer))
            pack(buffer, 0, result if mask is None else result & mask)
        except BaseException as error:  # noqa: BLE001 - as above
            return _trap(error)
        return 0

    return with_result


def _trap(error: BaseException) -> int:
    """Return a new trap for `error`; the engine takes it over."""
    if not isinstance(error, GuestTrap):
        # wasmtime-py raises this from the call that entered the guest, in place of the trap.
        _func.LAST_EXCEPTION = error  # type: ignore[assignment]  # typed as the None that it begins as
    message = (str(error) or type(error).__name__).encode("utf-8", "backslashreplace")
    return int(_trap_new(message, len(message)))
