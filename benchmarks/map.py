"""A map over two processes against a loop in one, and over Dask against its own tasks (``python -m benchmarks.map``).

The loop is what a person would write with wasmtime-py: the same module, in a fresh store each time, in the process
itself and so without any lock.  A run prints its argument, which is read back; a call returns a number.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import wasmtime

from benchmarks.runner import Row, finish, pairs, timed
from ssvm_kernel.guest import Guest
from ssvm_kernel.library.face import Library
from ssvm_kernel.session import Session

_ITEMS = 10_000
_PROCESSES = 2
_ROUNDS = 7
_GUEST = """(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "next") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "_start") (local $at i32) (local $end i32)
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 16) (i32.const 64)))
    (local.set $at (i32.load (i32.const 20)))
    (local.set $end (local.get $at))
    (block $found (loop $more (br_if $found (i32.eqz (i32.load8_u (local.get $end))))
      (local.set $end (i32.add (local.get $end) (i32.const 1))) (br $more)))
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (i32.sub (local.get $end) (local.get $at)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"""


class _Loop:
    """The loop in this process."""

    def __init__(self, wasm: bytes) -> None:
        self._engine = wasmtime.Engine()
        self._module = wasmtime.Module(self._engine, wasm)
        self._linker = wasmtime.Linker(self._engine)
        self._linker.define_wasi()
        self._output = os.memfd_create("output")

    def runs(self) -> list[bytes]:
        """Run the guest for each item; a file takes what it prints, the quickest way that wasmtime-py has."""
        results = []
        for number in range(_ITEMS):
            store = wasmtime.Store(self._engine)
            wasi = wasmtime.WasiConfig()
            wasi.argv = ["guest", str(number)]
            wasi.stdout_file = f"/dev/fd/{self._output}"
            store.set_wasi(wasi)
            self._linker.instantiate(store, self._module).exports(store)["_start"](store)
            results.append(os.pread(self._output, 1 << 16, 0))
        return results

    def calls(self) -> list[int]:
        """Call the function for each item."""
        results = []
        for number in range(_ITEMS):
            store = wasmtime.Store(self._engine)
            store.set_wasi(wasmtime.WasiConfig())
            exports = self._linker.instantiate(store, self._module).exports(store)
            results.append(exports["next"](store, number))
        return results


def rows() -> Iterator[Row]:
    """Measure each kind of map."""
    session = Session()
    try:
        guest = Guest("guest", bytes(wasmtime.wat2wasm(_GUEST)))
        library, loop = Library(session, guest), _Loop(guest.wasm)
        items = [str(number) for number in range(_ITEMS)]

        def runs(**where: Any) -> None:
            found = library.map([], items, **where)
            assert [run.stdout for run in found] == items

        def calls(**where: Any) -> None:
            assert library.map("next", range(_ITEMS), **where) == list(range(1, _ITEMS + 1))

        # A call that takes a microsecond in an instance that takes fifty is as little as a map can be given.
        for name, ours, theirs, goal in (("runs", runs, loop.runs, 1.6), ("calls", calls, loop.calls, 1.4)):
            yield pairs(
                f"the loop's time for {_ITEMS:,} {name}, against a map on {_PROCESSES} processes",
                lambda theirs=theirs: timed(theirs),
                lambda ours=ours: timed(lambda: ours(workers=_PROCESSES)),
                goal=goal,
                rounds=_ROUNDS,
                at_least=True,
            )
        with _cluster() as client:
            executor = client.get_executor()
            yield pairs(
                f"{_ITEMS:,} runs on Dask, against {_ITEMS:,} tasks of Dask that do nothing, sent in batches",
                lambda: timed(lambda: runs(executor=executor)),
                lambda: timed(lambda: client.gather(client.map(_nothing, items, batch_size=1000, pure=False))),
                goal=1.3,
                rounds=2,  # Dask takes half a minute for its own
                warmup=0,
            )
            yield pairs(
                f"{_ITEMS:,} runs on Dask, against the same in processes of our own",
                lambda: timed(lambda: runs(executor=executor)),
                lambda: timed(lambda: runs(workers=_PROCESSES)),
                goal=1.3,
                rounds=_ROUNDS,
            )
    finally:
        session.close()


def _nothing(item: str) -> str:
    return item


@contextmanager
def _cluster() -> Iterator[Any]:
    import distributed

    where: dict[str, Any] = {"n_workers": _PROCESSES, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**where) as cluster, distributed.Client(cluster) as client:
        yield client


def main() -> None:
    """Measure and print."""
    finish("map", list(rows()))


if __name__ == "__main__":
    main()
