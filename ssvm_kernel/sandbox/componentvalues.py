"""Values of a component's types in a worker: plain data is written into the engine's own values, and read from them.

`wasmtime.component` makes a Python object of every item, and looks its type up anew each time: a megabyte of bytes took
seconds.  Here a type is looked at once, and a list of numbers is moved as a whole.  The parts of the `wasmtime` package
are those whose version is pinned.

All that is written begins as zeros, which is the engine's ``false``: so whatever is there when something fails can be
let go of.  What is read is copied, and stays the engine's until all of it is deleted at once.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from wasmtime import _bindings as bindings
from wasmtime import _ffi as ffi
from wasmtime.component import _enter

from ssvm_kernel.sandbox.handles import HandleCodec, Handles
from ssvm_kernel.sandbox.setting import CannotRun

__all__ = ["Codec", "ComponentCall", "codec"]

_VALUE: Final = bindings.wasmtime_component_val_t
_ENTRY: Final = bindings.wasmtime_component_valrecord_entry_t
_NAME: Final = bindings.wasm_byte_vec_t
_SIZE: Final = ctypes.sizeof(_VALUE)
_INSIDE: Final = _VALUE.of.offset
"""Where in a value the number is, after its kind."""
_NUMBERS: Final = dict(
    zip(("s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64"), "bBhHiIqQfd", strict=True)
)
"""The types of numbers, and what `memoryview` calls them."""
_OF_CASES: Final = ("variant", "option", "result")
_KINDS: Final[Mapping[str, int]] = {
    text: getattr(ffi, f"WASMTIME_COMPONENT_{text.upper()}").value
    for text in (*_NUMBERS, "bool", "char", "string", *("list", "tuple", "record", "flags"), "enum", *_OF_CASES)
}
_WRITE: Final = 0x200  # PyBUF_WRITE
_view: Final[Callable[[int, int, int], memoryview]] = ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int
)(("PyMemoryView_FromMemory", ctypes.pythonapi))


class Codec(Protocol):
    """How values of one type are written and read; `slot` is a value of the engine's, zeros before it is written."""

    def write(self, value: Any, slot: Any) -> None:
        """Write plain data, which the kernel has checked."""

    def read(self, slot: Any) -> Any:
        """Return plain data."""


_Inner = Callable[[Any], Codec]
"""Gives the codec of a type inside of another one."""


class _Number:
    """A number, or a bool."""

    def __init__(self, text: str, field: str = "") -> None:
        self._kind = _KINDS[text]
        self._field = field or text

    def write(self, value: Any, slot: Any) -> None:
        setattr(slot.of, self._field, value)
        slot.kind = self._kind

    def read(self, slot: Any) -> Any:
        return getattr(slot.of, self._field)


class _Char:
    def write(self, value: str, slot: Any) -> None:
        slot.of.character = ord(value)
        slot.kind = _KINDS["char"]

    def read(self, slot: Any) -> str:
        return chr(slot.of.character)


class _Text:
    """A string; or the name of a case of an enum."""

    def __init__(self, text: str, field: str) -> None:
        self._kind = _KINDS[text]
        self._field = field

    def write(self, value: str, slot: Any) -> None:
        _write_bytes(getattr(slot.of, self._field), value.encode())
        slot.kind = self._kind

    def read(self, slot: Any) -> str:
        return _read_text(getattr(slot.of, self._field))


class _NumberList:
    """A list of numbers; plain data is the bytes of its elements."""

    def __init__(self, element: str) -> None:
        self._kind = _KINDS[element]
        self._code: Any = _NUMBERS[element]
        self._bytes = struct.calcsize(self._code)

    def write(self, value: Any, slot: Any) -> None:
        items = _room(slot.of.list, "list", len(value) // self._bytes)
        slot.kind = _KINDS["list"]
        if value:
            whole = _view(ctypes.addressof(items.data.contents), items.size * _SIZE, _WRITE)
            whole[::_SIZE] = bytes((self._kind,)) * items.size
            self._inside(whole)[:] = memoryview(value).cast(self._code)

    def read(self, slot: Any) -> bytes:
        items = slot.of.list
        if not items.size:
            return b""
        whole = _view(ctypes.addressof(items.data.contents), items.size * _SIZE, _WRITE)
        return bytes(self._inside(whole))

    def _inside(self, whole: memoryview) -> Any:
        """Return the numbers of all values."""
        return whole.cast(self._code)[_INSIDE // self._bytes :: _SIZE // self._bytes]


class _List:
    def __init__(self, element: Codec) -> None:
        self._element = element

    def write(self, value: Sequence[Any], slot: Any) -> None:
        data = _room(slot.of.list, "list", len(value)).data
        slot.kind = _KINDS["list"]
        for index, item in enumerate(value):
            self._element.write(item, data[index])

    def read(self, slot: Any) -> list[Any]:
        data = slot.of.list.data
        return [self._element.read(data[index]) for index in range(slot.of.list.size)]


class _Tuple:
    def __init__(self, elements: Sequence[Codec]) -> None:
        self._elements = elements

    def write(self, value: Sequence[Any], slot: Any) -> None:
        data = _room(slot.of.tuple, "tuple", len(self._elements)).data
        slot.kind = _KINDS["tuple"]
        for index, (element, item) in enumerate(zip(self._elements, value, strict=True)):
            element.write(item, data[index])

    def read(self, slot: Any) -> list[Any]:
        data = slot.of.tuple.data
        return [element.read(data[index]) for index, element in enumerate(self._elements)]


class _Record:
    def __init__(self, fields: Mapping[str, Codec]) -> None:
        self._fields = [(name.encode(), of) for name, of in fields.items()]

    def write(self, value: Sequence[Any], slot: Any) -> None:
        data = _room(slot.of.record, "record", len(self._fields), _ENTRY).data
        slot.kind = _KINDS["record"]
        for index, ((name, of), item) in enumerate(zip(self._fields, value, strict=True)):
            _write_bytes(data[index].name, name)
            of.write(item, data[index].val)

    def read(self, slot: Any) -> list[Any]:
        data = slot.of.record.data
        return [of.read(data[index].val) for index, (_, of) in enumerate(self._fields)]


class _Flags:
    def write(self, value: Sequence[str], slot: Any) -> None:
        data = _room(slot.of.flags, "flags", len(value), _NAME).data
        slot.kind = _KINDS["flags"]
        for index, name in enumerate(value):
            _write_bytes(data[index], name.encode())

    def read(self, slot: Any) -> list[str]:
        data = slot.of.flags.data
        return sorted(_read_text(data[index]) for index in range(slot.of.flags.size))


class _Cases:
    """A variant, option or result: plain data is the name of the case, and what it carries."""

    def __init__(self, cases: Mapping[str, Codec | None]) -> None:
        self._cases = cases

    def _boxed(self, name: str, payload: Any) -> Any:
        """Return a value of its own for what a case carries."""
        of = self._cases[name]
        if of is None:
            return None
        inner = _VALUE()
        try:
            of.write(payload, inner)
        except BaseException:
            ffi.wasmtime_component_val_delete(ctypes.byref(inner))
            raise
        return ffi.wasmtime_component_val_new(ctypes.byref(inner))  # which moves it there

    def _opened(self, name: str, box: Any) -> list[Any]:
        of = self._cases[name]
        return [name, None if of is None else of.read(box.contents)]


class _Variant(_Cases):
    def write(self, value: Sequence[Any], slot: Any) -> None:
        name, payload = value
        slot.of.variant.val = self._boxed(name, payload)
        _write_bytes(slot.of.variant.discriminant, name.encode())
        slot.kind = _KINDS["variant"]

    def read(self, slot: Any) -> list[Any]:
        return self._opened(_read_text(slot.of.variant.discriminant), slot.of.variant.val)


class _Option(_Cases):
    def write(self, value: Sequence[Any], slot: Any) -> None:
        slot.of.option = self._boxed(*value)
        slot.kind = _KINDS["option"]

    def read(self, slot: Any) -> list[Any]:
        return self._opened("some" if slot.of.option else "none", slot.of.option)


class _Result(_Cases):
    def write(self, value: Sequence[Any], slot: Any) -> None:
        slot.of.result.val = self._boxed(*value)
        slot.of.result.is_ok = value[0] == "ok"
        slot.kind = _KINDS["result"]

    def read(self, slot: Any) -> list[Any]:
        return self._opened("ok" if slot.of.result.is_ok else "err", slot.of.result.val)


class ComponentCall:
    """Calls one function of a component with plain data.

    Parameters
    ----------
    params : sequence of Codec
        Of what it takes.
    result : Codec or None
        Of what it returns.
    """

    def __init__(self, params: Sequence[Codec], result: Codec | None) -> None:
        self._params = params
        self._result = result

    def __call__(self, store: Any, function: Any, values: Sequence[Any]) -> Any:
        """Call it, and return its result; raises what `wasmtime.component.Func` raises."""
        given = (_VALUE * len(self._params))()
        returned = _VALUE()
        count = 0 if self._result is None else 1
        try:
            for of, value, slot in zip(self._params, values, given, strict=True):
                of.write(value, slot)
            at, context = ctypes.byref(function._func), store._context()
            back = ctypes.byref(returned) if count else None
            _enter.enter_wasm(lambda: ffi.wasmtime_component_func_call(at, context, given, len(given), back, count))
            found = None if self._result is None else self._result.read(returned)
        finally:
            for slot in (*given, returned):
                ffi.wasmtime_component_val_delete(ctypes.byref(slot))
        function.post_return(store)
        return found


def codec(tree: Any, handles: Handles | None = None) -> Codec:
    """Return how values of a type are written and read.

    Parameters
    ----------
    tree : object
        The type, as `ssvm_kernel.sandbox.components.tree` gives it.
    handles : Handles or None
        Where its resources are.

    Raises
    ------
    CannotRun
        For one that has no values, which the kernel does not ask for.
    """
    if isinstance(tree, str):
        if tree not in _PLAIN:
            raise CannotRun("call", f"{tree} has no values")
        return _PLAIN[tree]
    kind, parts = tree
    if kind in _HANDLES:
        if handles is None:
            raise CannotRun("call", "a resource has no values here")
        return HandleCodec(handles, own=kind == "own")
    return _MADE[kind](parts, lambda of: codec(of, handles))


def _room(items: Any, name: str, count: int, of: Any = _VALUE) -> Any:
    """Give a list, tuple, record or flags of the engine's room for its parts, all zeros, and return it."""
    getattr(ffi, f"wasmtime_component_val{name}_new_uninit")(ctypes.byref(items), count)
    ctypes.memset(items.data, 0, count * ctypes.sizeof(of))
    return items


def _write_bytes(vector: Any, data: bytes) -> None:
    ffi.wasm_byte_vec_new_uninitialized(ctypes.byref(vector), len(data))
    ctypes.memmove(vector.data, data, len(data))


def _read_text(vector: Any) -> str:
    return ctypes.string_at(vector.data, vector.size).decode()


def _list(parts: Any, inner: _Inner) -> Codec:
    return _NumberList(parts) if isinstance(parts, str) and parts in _NUMBERS else _List(inner(parts))


def _cases(parts: Any, inner: _Inner) -> dict[str, Codec | None]:
    return {name: None if of is None else inner(of) for name, of in parts}


_PLAIN: Final[Mapping[str, Codec]] = {
    **{text: _Number(text) for text in _NUMBERS},
    "bool": _Number("bool", "boolean"),
    "char": _Char(),
    "string": _Text("string", "string"),
}
_HANDLES: Final = ("own", "borrow")
_MADE: Final[Mapping[str, Callable[[Any, _Inner], Codec]]] = {
    "list": _list,
    "record": lambda parts, inner: _Record({name: inner(of) for name, of in parts}),
    "tuple": lambda parts, inner: _Tuple([inner(of) for of in parts]),
    "enum": lambda _, __: _Text("enum", "enumeration"),
    "flags": lambda _, __: _Flags(),
    "variant": lambda parts, inner: _Variant(_cases(parts, inner)),
    "option": lambda parts, inner: _Option({"none": None, "some": inner(parts)}),
    "result": lambda parts, inner: _Result(_cases(parts, inner)),
}
