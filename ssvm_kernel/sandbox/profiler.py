"""Where a guest spends its time: the engine's own sampling profiler, in the worker.

A thread counts the engine's epoch up once a millisecond; the guest's code notices at its next loop or call, and then
its stack is a sample.  The checks cost a guest 5 to 170 %, so only an engine that profiles has them.  The thread starts
in a process that is locked already, and has the same locks.
"""

from __future__ import annotations

import ctypes
import threading
import time
from typing import Any, Final

import wasmtime
from wasmtime import _bindings as bindings
from wasmtime import _ffi

__all__ = ["INTERVAL", "GuestProfiler"]

INTERVAL: Final = 0.001
"""Seconds between two samples."""
_MOST: Final = 500_000
"""Samples, some eight minutes: each is kept in memory, and written as text in the end."""

_set_callback: Final = _ffi.dll.wasmtime_store_epoch_deadline_callback
_Callback: Final[Any] = _set_callback.argtypes[1]
_Finalizer: Final[Any] = _set_callback.argtypes[3]
_CONTINUE: Final = 0


class GuestProfiler:
    """Samples one run; use as a context manager around all that runs in the store.

    Parameters
    ----------
    engine : wasmtime.Engine
        With epoch interruption.
    module : wasmtime.Module
        The guest.
    store : wasmtime.Store
        New, and only for this run.
    name : str
        The guest's name in the profile.
    """

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module, store: wasmtime.Store, name: str) -> None:
        self._engine = engine
        self._store = store
        self._left = _MOST
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._callback = _Callback(self._sample)
        text = name.encode()
        # The profiler copies the name; the array has to live only until then.
        array = (ctypes.c_uint8 * len(text)).from_buffer_copy(text)
        named = bindings.wasm_name_t(len(text), ctypes.cast(array, ctypes.POINTER(ctypes.c_uint8)))
        modules = bindings.wasmtime_guestprofiler_modules(ctypes.pointer(named), module.ptr())
        self._profiler: Any = bindings.wasmtime_guestprofiler_new(
            engine.ptr(), ctypes.byref(named), int(INTERVAL * 1e9), ctypes.byref(modules), 1
        )
        self._before = time.perf_counter_ns()
        _set_callback(store.ptr(), self._callback, None, _Finalizer())
        store.set_epoch_deadline(1)

    def __enter__(self) -> GuestProfiler:
        self._ticker.start()
        self._before = time.perf_counter_ns()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._ticker.join()

    def finish(self) -> bytes:
        """Return the profile in the Firefox profiler's form; once, and before the store is closed.

        Raises
        ------
        wasmtime.WasmtimeError
            When the engine cannot make one.
        """
        out = bindings.wasm_byte_vec_t()
        profiler, self._profiler = self._profiler, None
        error = bindings.wasmtime_guestprofiler_finish(profiler, ctypes.byref(out))
        if error:
            raise wasmtime.WasmtimeError._from_ptr(error)
        try:
            return ctypes.string_at(out.data, out.size)
        finally:
            bindings.wasm_byte_vec_delete(ctypes.byref(out))

    def close(self) -> None:
        """Let go of what is left when there was no end."""
        if self._profiler is not None:
            profiler, self._profiler = self._profiler, None
            bindings.wasmtime_guestprofiler_delete(profiler)

    def _tick(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._engine.increment_epoch()

    def _sample(self, _context: Any, _data: Any, delta: Any, kind: Any) -> int:
        """Take a sample; called by the engine on the guest's thread, in mid-guest."""
        now = time.perf_counter_ns()
        if self._left > 0 and self._profiler is not None:
            self._left -= 1
            bindings.wasmtime_guestprofiler_sample(self._profiler, self._store.ptr(), now - self._before)
        self._before = now
        delta[0] = 1
        kind[0] = _CONTINUE
        return 0
