"""Calls into a kept guest against bare wasmtime-py in the same process (``python -m benchmarks.calls``).

Ours cross to the guest's locked process and back, once for each call or once for a whole `map`.  The last rows tell
whether 10,000 fresh instances leave anything behind in that process.
"""

from __future__ import annotations

import array
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import wasmtime
import wasmtime.component

from benchmarks.runner import Row, finish, pairs, timed
from ssvm_kernel.guest import Guest
from ssvm_kernel.library.face import Library
from ssvm_kernel.session import Session

_CALLS = 10_000
_FRESH = 10_000
_NUMBERS = 1_000_000
_WAT = """(module
  (memory (export "memory") 256)
  (func (export "ssvm_alloc") (param i32) (result i32) (i32.const 65536))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "total(values: [f64]) -> f64") (param $at i32) (param $count i32) (result f64)
    (local $sum f64) (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 3))))
    (loop $next
      (local.set $sum (f64.add (local.get $sum) (f64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $sum)))"""

# What it takes it gives back: a text, and a list of numbers.
_COMPONENT = """(component
  (core module $m
    (memory (export "memory") 32)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
    (func (export "same") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (alias core export $i "same" (core func $same))
  (func $text (param "text" string) (result string) (canon lift (core func $same) (memory $memory) (realloc $realloc)))
  (func $numbers (param "numbers" (list f64)) (result (list f64))
    (canon lift (core func $same) (memory $memory) (realloc $realloc)))
  (export "text" (func $text))
  (export "numbers" (func $numbers)))"""


class _Bare:
    """The same module in this process, called as wasmtime-py documents it."""

    def __init__(self, wasm: bytes) -> None:
        self._engine = wasmtime.Engine()
        self._module = wasmtime.Module(self._engine, wasm)
        self.store = wasmtime.Store(self._engine)
        self._linker = wasmtime.Linker(self._engine)
        self._linker.define_wasi()
        exports = wasmtime.Instance(self.store, self._module, []).exports(self.store)
        self.add, self.total = exports["add"], exports["total(values: [f64]) -> f64"]
        self.memory = exports["memory"]

    def fresh(self) -> None:
        store = wasmtime.Store(self._engine)
        store.set_wasi(wasmtime.WasiConfig())
        self._linker.instantiate(store, self._module).exports(store)["add"](store, 1, 2)
        store.close()

    def sum_of(self, values: bytes) -> float:
        self.memory.write(self.store, values, 65536)
        return self.total(self.store, 65536, len(values) // 8)


def rows() -> Iterator[Row]:
    """Measure each kind of call."""
    session = Session()
    wasm = bytes(wasmtime.wat2wasm(_WAT))
    guest = Library(session, Guest("benchmark", wasm))
    bare = _Bare(wasm)
    values = array.array("d", range(_NUMBERS))
    raw = bytearray(values.tobytes())
    pairs_of_numbers = [(index, 1) for index in range(_CALLS)]
    try:
        guest.add(1, 2)
        yield _times("one call, add(i32, i32)", lambda: guest.add(1, 2), lambda: bare.add(bare.store, 1, 2), 500, 10.0)
        yield pairs(
            f"{_CALLS:,} calls by one map",
            lambda: timed(lambda: guest.add.map(pairs_of_numbers)),
            lambda: timed(lambda: [bare.add(bare.store, *both) for both in pairs_of_numbers]),
            goal=0.5,
            rounds=9,
        )
        yield pairs(
            "the sum of 8 MB of f64, from an array",
            lambda: timed(lambda: guest.exports["total"](values)),
            lambda: timed(lambda: bare.sum_of(raw)),
            goal=10.0,
            rounds=9,
        )
        yield pairs(
            f"{_FRESH // 10:,} fresh instances by one map",
            lambda: timed(lambda: guest.add.map(pairs_of_numbers[: _FRESH // 10], fresh=True)),
            lambda: timed(lambda: [bare.fresh() for _ in range(_FRESH // 10)]),
            goal=2.0,
            rounds=9,
        )
        yield from _components(session)
        yield from _growth(guest)
    finally:
        session.close()


class _BareComponent:
    """The same component in this process, called as wasmtime-py documents it."""

    def __init__(self, wasm: bytes) -> None:
        engine = wasmtime.Engine()
        self._store = wasmtime.Store(engine)
        component = wasmtime.component.Component(engine, wasm)
        self._instance = wasmtime.component.Linker(engine).instantiate(self._store, component)

    def call(self, name: str, value: object) -> object:
        function = self._instance.get_func(self._store, name)
        assert function is not None
        found = function(self._store, value)
        function.post_return(self._store)
        return found


def _components(session: Session) -> Iterator[Row]:
    """Measure what values of a component's types cost."""
    wasm = bytes(wasmtime.wat2wasm(_COMPONENT))
    guest, bare = Library(session, Guest("component", wasm)), _BareComponent(wasm)
    text, numbers = "häuser x " * 100_000, [float(index) for index in range(100_000)]
    assert guest.text(text) == text == bare.call("text", text)
    assert guest.numbers(numbers) == numbers == bare.call("numbers", numbers)
    yield pairs(
        "a component's string of 1 MB, there and back",
        lambda: timed(lambda: guest.text(text)),
        lambda: timed(lambda: bare.call("text", text)),
        goal=10.0,
    )
    yield pairs(
        "a component's list of 100,000 f64, there and back",
        lambda: timed(lambda: guest.numbers(numbers)),
        lambda: timed(lambda: bare.call("numbers", numbers)),
        goal=0.5,
        rounds=9,
    )


def _times(name: str, ours: Callable[[], object], theirs: Callable[[], object], count: int, goal: float) -> Row:
    def sample(call: Callable[[], object]) -> Callable[[], float]:
        return lambda: timed(lambda: [call() for _ in range(count)]) / count

    return pairs(name, sample(ours), sample(theirs), goal=goal, rounds=15)


def _growth(guest: Library) -> Iterator[Row]:
    """Tell what 10,000 fresh instances leave behind, after a first thousand that warm everything up."""
    pid = guest._opened._held.caller._worker.pid
    guest.add.map([(1, 2)] * 1000, fresh=True)
    before = _held_by(pid)
    guest.add.map([(1, 2)] * _FRESH, fresh=True)
    after = _held_by(pid)
    descriptors, memory = after[0] - before[0], max(0.0, (after[1] - before[1]) / (1 << 20))
    name = f"more after {_FRESH:,} fresh instances"
    yield Row(f"descriptors {name}", descriptors, 0.0, descriptors, 0, "", samples=1)
    yield Row(f"memory {name}", memory, 0.0, memory, 2.0, "MiB", samples=1)


def _held_by(pid: int) -> tuple[int, int]:
    home = Path("/proc", str(pid))
    pages = int((home / "statm").read_text(encoding="ascii").split()[1])
    return len(list((home / "fd").iterdir())), pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure everything and print the table."""
    finish("calls", list(rows()))


if __name__ == "__main__":
    main()
