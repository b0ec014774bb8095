"""What every instance of a guest in a worker gets: limits, and what of WASI was granted to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import wasmtime

from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.entry import export_of

__all__ = ["CannotRun", "limit_store", "memory_bytes", "nothing_to_run", "wasi_config"]

_MOST_INSTANCES: Final = 4  # the guest and what this host puts between it and WASI
_MOST_TABLES: Final = 100
_MOST_MEMORIES: Final = 8


class CannotRun(Exception):
    """A request that fails before the guest runs."""

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


def nothing_to_run(wanted: str, exports: Iterable[str]) -> CannotRun:
    """Return the refusal of a guest that does not export what it would be run by."""
    names = ", ".join(exports) or "nothing"
    return CannotRun("link", f"it exports no {wanted}, so there is nothing to run (it exports: {names})")


def limit_store(store: wasmtime.Store, request: protocol.Run, instances: int = _MOST_INSTANCES) -> None:
    """Bound what the guest may make the engine hold; the system bounds the whole process besides."""
    store.set_limits(
        memory_size=request.memory_bytes,
        table_elements=request.table_elements,
        instances=instances,
        tables=_MOST_TABLES,
        memories=_MOST_MEMORIES,
    )
    if request.engine.fuel:
        store.set_fuel(request.fuel)


def wasi_config(request: protocol.Run, fds: list[int], more_args: tuple[str, ...] = ()) -> wasmtime.WasiConfig:
    """Return what the guest may see: its arguments, its environment, the granted folders, two pipes."""
    wasi = wasmtime.WasiConfig()
    wasi.argv = [*request.argv, *more_args]  # only once: what is set later is appended
    if request.env:
        wasi.env = [list(pair) for pair in request.env]
    # By path, not by callback: a callback is called on a thread of the engine, 35 times slower.
    wasi.stdout_file = f"/dev/fd/{fds[0]}"
    wasi.stderr_file = f"/dev/fd/{fds[1]}"
    if request.stdin:
        wasi.stdin_file = f"/dev/fd/{fds[-1]}"
    for preopen in request.preopens:
        wasi.preopen_dir(preopen.host, preopen.guest, preopen.writable)
    return wasi


def memory_bytes(store: wasmtime.Store, instance: wasmtime.Instance | None) -> int:
    """Return the size of an instance's memory; 0 without one."""
    memory = export_of(store, instance, "memory") if instance is not None else None
    return memory.data_len(store) if isinstance(memory, wasmtime.Memory) else 0
