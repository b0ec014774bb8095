"""A guest whose functions are called: in one instance that keeps its state, or in a fresh one for each call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import wasmtime

from ssvm_kernel.host.process import CommandCall, CommandReply
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.entry import export_of
from ssvm_kernel.sandbox.filewatch import FileWatch
from ssvm_kernel.sandbox.loaded import GuestExit, Loaded
from ssvm_kernel.sandbox.passing import Passing
from ssvm_kernel.sandbox.rawcall import raw_call
from ssvm_kernel.sandbox.rows import BYTES, row_format
from ssvm_kernel.sandbox.setting import CannotRun, limit_store, memory_bytes, wasi_config
from ssvm_kernel.sandbox.traps import parse_trap
from ssvm_kernel.sandbox.wire import Blob

__all__ = ["KeptGuest", "Live"]

_BEGINS: Final = ("_initialize", "__wbindgen_start")
"""Functions that are called once before all others: WASI's, and wasm-bindgen's."""
_MOST_RESULTS: Final = 256 << 20
"""Bytes of one answer."""
_PARTS: Final = 8
"""Results that are sent from where they lie; many of them are small, and are put together."""


class Live:
    """One instance, ready to be called.

    Parameters
    ----------
    guest : Loaded
        Its module.
    request : Run
        What was granted to it.
    fds : tuple of int
        Its stdout and stderr.
    ask_command, ask_display : callable
        What asks the kernel.

    Raises
    ------
    CannotRun
        When it cannot be linked.
    """

    def __init__(
        self,
        guest: Loaded,
        request: protocol.Run,
        fds: tuple[int, ...],
        ask_command: Callable[[CommandCall], CommandReply],
        ask_display: Callable[[bytes, bytes], int],
    ) -> None:
        self.request = request
        self._guest = guest
        self.store = wasmtime.Store(guest.engine)
        self.files = FileWatch(guest.engine, guest.watched)
        self._exports: dict[str, Any] = {}
        self._calls: dict[object, Callable[..., tuple[Any, ...]]] = {}
        try:
            limit_store(self.store, request)
            if guest.uses_wasi:  # a third of a small call, where each has an instance of its own
                self.store.set_wasi(wasi_config(request, list(fds)))
            linker = guest.linker(ask_command, ask_display)
            self.files.stand_before(linker, self.store)
            try:
                self.instance = linker.instantiate(self.store, guest.module)
            except wasmtime.Trap:
                raise
            except wasmtime.WasmtimeError as error:
                raise CannotRun("link", str(error)) from None
            self.files.look_on(self.store, self.instance)
            for begin in _BEGINS:
                if begin in guest.functions:
                    self.function(begin, (), ())()
        except BaseException:
            self.close()
            raise

    def function(self, name: str, params: Sequence[str], results: Sequence[str]) -> Callable[..., tuple[Any, ...]]:
        """Return one of its functions, which must have this type.

        Raises
        ------
        CannotRun
            When there is none of that name and type.
        """
        key = name, tuple(params), tuple(results)
        if key not in self._calls:
            if name not in self._guest.functions:
                names = ", ".join(self._guest.functions)
                raise CannotRun("call", f"it exports no function {name} (it exports: {names or 'none'})")
            kinds = self._guest.type_of(name)
            if kinds != key[1:]:  # what comes after is not checked by anybody
                raise CannotRun("call", f"{name} takes {kinds[0]} and returns {kinds[1]}, not {key[1:]}")
            self._calls[key] = raw_call(self.store, self._export(name), params, results)
        return self._calls[key]

    @property
    def memory(self) -> wasmtime.Memory:
        """Its memory.

        Raises
        ------
        CannotRun
            When it exports none.
        """
        found = self._export("memory")
        if not isinstance(found, wasmtime.Memory):
            raise CannotRun("memory", "the guest exports no memory")
        return found

    def _export(self, name: str) -> Any:
        """Return an export, looked up when it is first wanted: most instances are for one call."""
        if name not in self._exports:
            self._exports[name] = export_of(self.store, self.instance, name)
        return self._exports[name]

    def read(self, offset: int, length: int) -> bytes:
        """Return a range of its memory.

        Raises
        ------
        CannotRun
            When the range is not inside.
        """
        memory = self.memory
        self._check(memory, offset, length)
        return bytes(memory.get_buffer_ptr(self.store, length, offset)) if length else b""

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Change a range of its memory.

        Raises
        ------
        CannotRun
            When the range is not inside.
        """
        memory = self.memory
        self._check(memory, offset, len(data))
        if data:
            memoryview(memory.get_buffer_ptr(self.store, len(data), offset)).cast("B")[:] = data

    def _check(self, memory: wasmtime.Memory, offset: int, length: int) -> None:
        size = memory.data_len(self.store)
        if not (0 <= offset <= size and 0 <= length <= size - offset):
            raise CannotRun("memory", f"the guest's memory has {size} bytes: there are no {length} bytes at {offset}")

    def close(self) -> None:
        """Let go of all that it has."""
        self._calls.clear()
        self._exports.clear()
        self.store.close()


class KeptGuest:
    """Answers calls.  The parameters are those of `Live`."""

    def __init__(
        self,
        guest: Loaded,
        request: protocol.Run,
        fds: tuple[int, ...],
        ask_command: Callable[[CommandCall], CommandReply],
        ask_display: Callable[[bytes, bytes], int],
    ) -> None:
        self._parts = guest, request, fds, ask_command, ask_display
        self._live: Live | None = None

    def answer(self, message: protocol.ToWorker, blob: bytes) -> tuple[protocol.FromWorker, Blob]:
        """Return the answer to a message, and its blob."""
        if isinstance(message, protocol.CallExport):
            return self._call(message, memoryview(blob))
        if isinstance(message, protocol.Memory):
            return self._memory(message, blob)
        assert isinstance(message, protocol.Renew)
        self._drop()
        return protocol.Renewed(), b""

    def _kept(self) -> Live:
        if self._live is None:
            self._live = Live(*self._parts)
        return self._live

    def _drop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.close()

    def _memory(self, message: protocol.Memory, blob: bytes) -> tuple[protocol.FromWorker, bytes]:
        try:
            live = self._kept()
        except GuestExit as ended:
            return protocol.MemoryPart(0, exit_code=ended.code), b""
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            return protocol.MemoryPart(0, trap=parse_trap(str(error))), b""
        data = b""
        if message.write:
            live.write(message.offset, blob)
        else:
            data = live.read(message.offset, message.length)
        return protocol.MemoryPart(live.memory.data_len(live.store)), data

    def _call(self, message: protocol.CallExport, blob: memoryview) -> tuple[protocol.FromWorker, Blob]:
        """Call as often as there are rows, until one call ends its instance."""
        results = _Results(message)
        exit_code: int | None = None
        trap = live = None
        try:
            if message.fresh:
                for values, data in _rows(message, blob):
                    live = Live(*self._parts)
                    results.add(*Passing(live, message)(values, data))
                    if results.count < message.count:
                        live.close()
            else:
                live = self._kept()
                passing = Passing(live, message)
                for values, data in _rows(message, blob):
                    results.add(*passing(values, data))
        except GuestExit as ended:
            exit_code = ended.code
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            trap = parse_trap(str(error))
        returned = _returned(results.count, exit_code, trap, live)
        if message.fresh and live is not None:
            live.close()
        elif exit_code is not None or trap is not None:
            self._drop()
        return returned, results.blob()


def _rows(message: protocol.CallExport, blob: memoryview) -> Iterator[tuple[tuple[Any, ...], list[memoryview]]]:
    """Yield the values of each call, and the bytes of those that are bytes."""
    form = row_format(message.shape.params)
    buffers = [index for index, kind in enumerate(message.shape.params) if kind in BYTES]
    at, end = 0, form.size * message.count
    for _ in range(message.count):
        values = form.unpack_from(blob, at)
        at += form.size
        data = []
        for index in buffers:
            data.append(blob[end : end + values[index]])
            end += values[index]
        yield values, data


class _Results:
    """Collects the rows of an answer."""

    def __init__(self, message: protocol.CallExport) -> None:
        self._pack = row_format(message.shape.results)
        self._rows: list[bytes] = []
        self._data: list[bytes] = []
        self._left = _MOST_RESULTS

    @property
    def count(self) -> int:
        return len(self._rows)

    def add(self, values: tuple[Any, ...], data: bytes | None) -> None:
        self._rows.append(self._pack.pack(*values))
        if data is not None:
            self._data.append(data)
            self._left -= len(data)
            if self._left < 0:
                raise CannotRun("call", f"its results are more than {_MOST_RESULTS >> 20} MiB: ask for fewer at once")

    def blob(self) -> Blob:
        rows = b"".join(self._rows)
        if len(self._data) > _PARTS:
            return rows + b"".join(self._data)
        return (rows, *self._data)


def _returned(
    count: int, exit_code: int | None, trap: protocol.TrapInfo | None, live: Live | None
) -> protocol.Returned:
    if live is None:
        return protocol.Returned(count, exit_code, trap)
    attempts, more, no_folders = live.files.take()
    memory = memory_bytes(live.store, live.instance) if trap is None and exit_code is None else 0
    return protocol.Returned(count, exit_code, trap, memory, attempts, more, no_folders)
