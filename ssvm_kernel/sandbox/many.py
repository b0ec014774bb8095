"""Many runs of one guest in a worker, each in a fresh instance, with one way to the kernel for all of them.

What they print goes into the same two pipes.  After each run the worker writes its status and a mark into both: random
bytes that the guest does not know, so that it cannot make up the end of a run.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Final

import wasmtime
from wasmtime import _bindings as bindings

from ssvm_kernel.host.display import ShowFunction
from ssvm_kernel.host.process import RunCommand
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.entry import enter_start
from ssvm_kernel.sandbox.filewatch import FileWatch
from ssvm_kernel.sandbox.loaded import GuestExit, Loaded
from ssvm_kernel.sandbox.manymessages import CODE_BYTES, TRAPPED, Given, decode_given
from ssvm_kernel.sandbox.setting import CannotRun, limit_store, nothing_to_run, wasi_config
from ssvm_kernel.sandbox.traps import parse_trap

__all__ = ["ManyRuns"]

_NONE: Final[tuple[tuple[protocol.Attempt, ...], int]] = ((), 0)


class ManyRuns:
    """Runs a guest once for each item.

    Parameters
    ----------
    guest : Loaded
        The module.
    request : Run
        What is the same for all runs, with the mark that is written after each.
    fds : sequence of int
        Write ends of the two pipes.
    ask_command, ask_display : callable
        What asks the kernel.
    """

    def __init__(
        self,
        guest: Loaded,
        request: protocol.Run,
        fds: Sequence[int],
        ask_command: RunCommand,
        ask_display: ShowFunction,
    ) -> None:
        if not guest.starts_plainly:
            raise nothing_to_run("function _start", (export.name for export in guest.module.exports))
        self._guest = guest
        self._request = request
        self._mark = request.mark
        self._fds = list(fds[:2])
        self._ask_command = ask_command
        self._ask_display = ask_display

    def run(self, blob: bytes) -> protocol.Ran:
        """Run the items in a blob, up to the first of which there is more to say than its status."""
        items = decode_given(blob)
        for number, item in enumerate(items, 1):
            code, trap, (attempts, more) = self._once(item)
            end = code.to_bytes(CODE_BYTES, "little", signed=True) + self._mark
            for fd in self._fds:
                os.write(fd, end)
            if trap is not None or attempts:
                return protocol.Ran(number, trap, attempts, more)
        return protocol.Ran(len(items))

    def _once(self, item: Given) -> tuple[int, protocol.TrapInfo | None, tuple[tuple[protocol.Attempt, ...], int]]:
        guest = self._guest
        store = wasmtime.Store(guest.engine)
        files = FileWatch(guest.engine, guest.watched)
        code, trap = 0, None
        try:
            limit_store(store, self._request)
            store.set_wasi(self._wasi(item))
            linker = guest.linker(self._ask_command, self._ask_display)
            try:
                files.stand_before(linker, store)
                instance = linker.instantiate(store, guest.module)
                files.look_on(store, instance)
            except GuestExit as ended:  # in the start function of the module
                return ended.code, None, _NONE
            except wasmtime.Trap as error:
                return TRAPPED, parse_trap(str(error)), _NONE
            except wasmtime.WasmtimeError as error:
                raise CannotRun("link", str(error)) from None
            try:
                enter_start(store, instance)()
            except GuestExit as ended:
                code = ended.code
            except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
                code, trap = TRAPPED, parse_trap(str(error))
            if not code:
                return code, None, _NONE
            attempts, more, _ = files.take()
            return code, trap, (attempts, more)
        finally:
            store.close()

    def _wasi(self, item: Given) -> wasmtime.WasiConfig:
        wasi = wasi_config(self._request, self._fds, item.args)
        if item.stdin:
            _give_stdin(wasi, item.stdin)
        return wasi


def _give_stdin(wasi: wasmtime.WasiConfig, data: bytes) -> None:
    """Let the guest read bytes; `wasmtime` has no method for it, and a pipe for each run costs a way to the kernel."""
    vector = bindings.wasm_byte_vec_t()
    bindings.wasm_byte_vec_new(ctypes.byref(vector), len(data), (ctypes.c_ubyte * len(data)).from_buffer_copy(data))
    bindings.wasi_config_set_stdin_bytes(wasi.ptr(), ctypes.byref(vector))  # takes the vector
