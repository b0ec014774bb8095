"""Components in a worker: run as a command, or called with the values of their interface's types.

`wasmtime.component` is imported before the worker is locked, and only in one that is meant for a component.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import wasmtime

from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.callmessages import MOST_ITEMS, most_bytes
from ssvm_kernel.sandbox.componentvalues import ComponentCall, codec
from ssvm_kernel.sandbox.handles import Handles
from ssvm_kernel.sandbox.setting import CannotRun, limit_store, nothing_to_run, wasi_config
from ssvm_kernel.sandbox.sockets import HTTP, allow_sockets, lend_http, store_http
from ssvm_kernel.sandbox.traps import parse_trap

__all__ = ["KeptComponent", "LoadedComponent", "compile_component", "load_component", "run_command"]

_RUN: Final = "wasi:cli/run@"
_NETWORK: Final = (HTTP, "wasi:sockets/")
_INSTANCES: Final = 1000  # a component is many of them
_HANDLES: Final = {"OwnType": "own", "BorrowType": "borrow"}
_TREES: Final[Mapping[str, Callable[[Any, Callable[[Any], Any]], Any]]] = {
    "ListType": lambda type_, inner: ["list", inner(type_.element)],
    "RecordType": lambda type_, inner: ["record", [[name, inner(of)] for name, of in type_.fields]],
    "TupleType": lambda type_, inner: ["tuple", [inner(of) for of in type_.elements]],
    "VariantType": lambda type_, inner: ["variant", [[name, inner(of)] for name, of in type_.cases]],
    "EnumType": lambda type_, _: ["enum", list(type_.names)],
    "OptionType": lambda type_, inner: ["option", inner(type_.payload)],
    "ResultType": lambda type_, inner: ["result", [["ok", inner(type_.ok)], ["err", inner(type_.err)]]],
    "FlagsType": lambda type_, _: ["flags", list(type_.names)],
}
_Path = tuple[str, ...]


class LoadedComponent:
    """A component, and what it may import: WASI 0.2.

    Parameters
    ----------
    engine : wasmtime.Engine
        The engine that it was made for.
    component : wasmtime.component.Component
        The component.
    network : bool
        Whether it may ask for connections; without that, sockets do not work, and there is no ``wasi:http``.
    """

    def __init__(self, engine: wasmtime.Engine, component: Any, *, network: bool = False) -> None:
        import wasmtime.component as wc

        self.engine = engine
        self.component = component
        self.linker = wc.Linker(engine)
        self.linker.add_wasip2()
        self.has_http = network and any(name.startswith(HTTP) for name in component.type.imports(engine))
        if self.has_http:
            lend_http(self.linker)

    def functions(self) -> Iterator[tuple[_Path, Any]]:
        """Yield the functions that it exports, each with its path and type."""
        import wasmtime.component as wc

        for path, type_ in self._exports():
            if isinstance(type_, wc.FuncType):
                yield path, type_

    def resources(self) -> Iterator[tuple[str, Any]]:
        """Yield the resources that it exports, each with its name, after that of its interface, and type."""
        import wasmtime.component as wc

        for path, type_ in self._exports():
            if isinstance(type_, wc.ResourceType):
                yield "#".join(path), type_

    def _exports(self) -> Iterator[tuple[_Path, Any]]:
        import wasmtime.component as wc

        for name, item in self.component.type.exports(self.engine).items():
            found = item.ty
            if isinstance(found, wc.ComponentInstanceType):
                for inner, part in found.exports(self.engine).items():
                    yield (name, inner), part.ty
            else:
                yield (name,), found


def compile_component(engine: wasmtime.Engine, wasm: bytes, *, network: bool) -> tuple[LoadedComponent, bytes]:
    """Return a component and its machine code."""
    component = _component().Component(engine, wasm)
    return LoadedComponent(engine, component, network=network), bytes(component.serialize())


def load_component(engine: wasmtime.Engine, path: str, *, network: bool) -> LoadedComponent:
    """Return the component whose machine code is in a file."""
    return LoadedComponent(engine, _component().Component.deserialize_file(engine, path), network=network)


class _Live:
    """One instance."""

    def __init__(self, guest: LoadedComponent, request: protocol.Run, fds: tuple[int, ...]) -> None:
        self.store = wasmtime.Store(guest.engine)
        self._functions: dict[_Path, Any] = {}
        try:
            limit_store(self.store, request, instances=_INSTANCES)
            wasi = wasi_config(request, list(fds))
            if request.network:
                allow_sockets(wasi)
            self.store.set_wasi(wasi)
            if guest.has_http:
                store_http(self.store)
            try:
                self._instance = guest.linker.instantiate(self.store, guest.component)
            except wasmtime.Trap:
                raise
            except wasmtime.WasmtimeError as error:
                if "wasm backtrace" in str(error):
                    raise
                raise CannotRun("link", _unlinked(str(error), request.network)) from None
        except BaseException:
            self.store.close()
            raise

    def function(self, path: _Path) -> Any:
        """Return a function; it is looked up once."""
        if path not in self._functions:
            self._functions[path] = self._export(path)
        return self._functions[path]

    def _export(self, path: _Path) -> Any:
        index: Any = None
        for name in path:
            index = self._instance.get_export_index(self.store, name, index)
            if index is None:
                raise CannotRun("call", f"it exports no {'#'.join(path)}")
        found = self._instance.get_func(self.store, index)
        if found is None:
            raise CannotRun("call", f"{'#'.join(path)} is no function")
        return found


def run_command(
    guest: LoadedComponent, request: protocol.Run, fds: list[int]
) -> tuple[int | None, protocol.TrapInfo | None]:
    """Run a component from its start, and return its status, or the trap.

    Raises
    ------
    CannotRun
        When it cannot be linked, or has nothing to run.
    """
    runs = (found for found in guest.functions() if found[0][0].startswith(_RUN) and found[0][-1] == "run")
    path, type_ = next(runs, (None, None))
    if path is None:
        raise nothing_to_run("wasi:cli/run", ("#".join(path) for path, _ in guest.functions()))
    live = None
    try:
        live = _Live(guest, request, tuple(fds))
        result = _call_of(type_)(live.store, live.function(path), ())
        return int(isinstance(result, list) and result[:1] == ["err"]), None
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        return _ended(error)
    finally:
        if live is not None:
            live.store.close()


def _unlinked(text: str, network: bool) -> str:
    """Return why a component cannot be linked."""
    if not network and any(name in text for name in _NETWORK):
        return f"{text}\nThis guest has no network: it was not left to be asked for, or this computer cannot guard it"
    return text


def _ended(error: Exception) -> tuple[int | None, protocol.TrapInfo | None]:
    """Return the status that the guest ended with, or the trap."""
    code = getattr(error, "code", None) if isinstance(error, wasmtime.ExitTrap) else None
    return (int(code), None) if code is not None else (None, parse_trap(str(error)))


class KeptComponent:
    """Answers calls of a component's functions, as `ssvm_kernel.sandbox.kept.KeptGuest` does for modules."""

    def __init__(self, guest: LoadedComponent, request: protocol.Run, fds: tuple[int, ...]) -> None:
        self._parts = guest, request, fds
        self._types: dict[_Path, Any] = dict(guest.functions())
        self._resources = list(guest.resources())
        self._handles = Handles()
        self._calls: dict[_Path, ComponentCall] = {}
        self._live: _Live | None = None

    def answer(self, message: protocol.ToWorker, blob: bytes) -> tuple[protocol.FromWorker, bytes]:
        """Return the answer to a message, and its blob."""
        if isinstance(message, protocol.Describe):
            return protocol.Described(), msgspec.msgpack.encode(list(map(self._described, self._types)))
        if isinstance(message, protocol.CallComponent):
            return self._call(message, blob)
        self._drop()
        return protocol.Renewed(), b""

    def _described(self, path: _Path) -> Any:
        type_, named = self._types[path], self._resources
        result = None if type_.result is None else tree(type_.result, named)
        return [path, [[name, tree(of, named)] for name, of in type_.params], result]

    def _drop(self) -> None:
        live, self._live = self._live, None
        self._handles.clear()
        if live is not None:
            live.store.close()

    def _end_resources(self, numbers: Sequence[int]) -> None:
        """Let resources end that nobody has any more; where that fails, so does the instance."""
        if self._live is None:
            return
        try:
            self._handles.end(self._live.store, numbers)
        except BaseException:
            self._drop()
            raise

    @contextmanager
    def _instance(self, *, fresh: bool) -> Iterator[_Live]:
        """Give the kept instance, or one that ends after its call."""
        if not fresh:
            if self._live is None:
                self._live = _Live(*self._parts)
            yield self._live
            return
        with self._handles.apart():
            live = _Live(*self._parts)
            try:
                yield live
            finally:
                live.store.close()

    def _call(self, message: protocol.CallComponent, blob: bytes) -> tuple[protocol.FromWorker, bytes]:
        path = message.path
        if path not in self._calls:
            if path not in self._types:
                raise CannotRun("call", f"it exports no {'#'.join(path)}")
            self._calls[path] = _call_of(self._types[path], self._handles)
        call = self._calls[path]
        results: list[Any] = []
        exit_code: int | None = None
        trap = None
        try:
            self._end_resources(message.released)
            for args in msgspec.msgpack.decode(blob):
                with self._instance(fresh=message.fresh) as live:
                    results.append(call(live.store, live.function(path), args))
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            exit_code, trap = _ended(error)
            if not message.fresh:
                self._drop()
        data = msgspec.msgpack.encode(results)
        if len(data) > MOST_ITEMS and len(data) > (most := most_bytes(self._described(path)[2])):
            raise CannotRun("call", f"its results are more than {most >> 20} MiB: ask for fewer at once")
        return protocol.Returned(len(results), exit_code, trap), data


def _call_of(type_: Any, handles: Handles | None = None) -> ComponentCall:
    """Return what calls functions of a type."""
    result = type_.result
    return ComponentCall(
        [codec(tree(of), handles) for _, of in type_.params], None if result is None else codec(tree(result), handles)
    )


def tree(type_: Any, resources: Sequence[tuple[str, Any]] = ()) -> Any:
    """Return a type as plain data: its name, or a list of its kind and its parts.

    Parameters
    ----------
    type_ : wasmtime.component.ValType
        The type.
    resources : sequence of (str, wasmtime.component.ResourceType)
        The resources that have a name, as `LoadedComponent.resources` gives them.
    """
    kind = type(type_).__name__
    if kind in _HANDLES:
        return [_HANDLES[kind], next((name for name, of in resources if of == type_.ty), "")]
    make = _TREES.get(kind)
    return make(type_, lambda of: None if of is None else tree(of, resources)) if make is not None else kind.lower()


def _component() -> Any:
    import wasmtime.component

    return wasmtime.component
