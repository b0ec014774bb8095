"""An instance of a command made while nobody waits, for when the same cell runs again.

It is as fresh as any other: a store of its own, in which no instruction of the guest has run.  What was granted to the
run, and where it prints, is set when it is taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import wasmtime

from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.entry import enter_start
from ssvm_kernel.sandbox.loaded import GuestExit, Loaded
from ssvm_kernel.sandbox.setting import limit_store, memory_bytes, wasi_config
from ssvm_kernel.sandbox.traps import parse_trap

__all__ = ["Ready"]


class Ready:
    """One instance that waits for its run.

    Parameters
    ----------
    guest : Loaded
        Its module, for which `can_wait` is true.
    request : Run
        A run like the one that it will be for.

    Raises
    ------
    wasmtime.WasmtimeError, wasmtime.Trap
        When it cannot be instantiated; its run is to say so.
    """

    def __init__(self, guest: Loaded, request: protocol.Run) -> None:
        began = time.perf_counter()
        self._likeness = _likeness(request)
        self.store = wasmtime.Store(guest.engine)
        try:
            limit_store(self.store, request)
            self._instance: wasmtime.Instance = guest.alone().instantiate(self.store, guest.module)
            self._start: Callable[[], None] = enter_start(self.store, self._instance)
        except BaseException:
            self.store.close()
            raise
        self._seconds = time.perf_counter() - began

    @classmethod
    def made(cls, guest: Loaded | None, request: protocol.Run) -> Ready | None:
        """Return one for a run like the one that has just ended, None where there can be none."""
        if guest is None or not guest.can_wait:
            return None
        try:
            return cls(guest, request)
        except (wasmtime.Trap, wasmtime.WasmtimeError):
            return None  # the run itself will say why

    def run(self, request: protocol.Run, fds: list[int]) -> protocol.Finished:
        """Run it, once, with what was granted to a request that it `fits`."""
        began = time.perf_counter()
        exit_code: int | None = 0
        trap = None
        try:
            self.store.set_wasi(wasi_config(request, fds))
            entered = time.perf_counter()
            try:
                self._start()
            except GuestExit as ended:
                exit_code = ended.code
            except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
                exit_code, trap = None, parse_trap(str(error))
            stopped = time.perf_counter()
            memory = memory_bytes(self.store, self._instance)
            fuel = request.fuel - self.store.get_fuel() if request.engine.fuel else 0
        finally:
            self.store.close()
        making = self._seconds + entered - began
        return protocol.Finished(exit_code, trap, 0.0, making, stopped - entered, 0.0, memory, fuel=fuel)

    def fits(self, request: protocol.Run) -> bool:
        """Whether it is what the run of a request would make itself."""
        return request.again and _likeness(request) == self._likeness


def _likeness(request: protocol.Run) -> tuple[object, ...]:
    limits = request.memory_bytes, request.table_elements, request.fuel
    return request.key, request.engine, *limits
