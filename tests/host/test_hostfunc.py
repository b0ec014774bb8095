"""`ssvm_kernel.host.hostfunc`: raw host functions convert right, keep exceptions, and live as long as they must."""

from __future__ import annotations

import gc
import math
import subprocess
import sys
import threading

import pytest
import wasmtime

from ssvm_kernel.errors import GuestTrap
from ssvm_kernel.host import hostfunc
from ssvm_kernel.host.hostfunc import GuestMemory, define_raw


@pytest.fixture(scope="module", params=["jit", "interpreter"])
def engine(request):
    config = wasmtime.Config()
    if request.param == "interpreter":
        config.target = "pulley64"
    return wasmtime.Engine(config)


class Instance:
    """A module that imports ``h.f`` of some type and exports ``go``, which calls it."""

    def __init__(self, engine, type_, callback, params=(), results=(), more=""):
        arguments = " ".join(f"(local.get {index})" for index in range(len(params)))
        wat = f'(module (import "h" "f" (func $f {type_})) {more} (func (export "go") {type_} (call $f {arguments})))'
        self.module = wasmtime.Module(engine, wat)
        self.linker = wasmtime.Linker(engine)
        define_raw(self.linker, "h", "f", params, results, callback)
        self.store = wasmtime.Store(engine)
        self.exports = self.linker.instantiate(self.store, self.module).exports(self.store)

    def go(self, *args):
        return self.exports["go"](self.store, *args)


@pytest.mark.parametrize(
    ("kind", "given", "seen", "returned", "result"),
    [
        ("i32", -1, 2**32 - 1, -1, -1),
        ("i32", 7, 7, 2**32 - 2, -2),
        ("i32", -(2**31), 2**31, 2**31, -(2**31)),
        ("i32", 0, 0, True, 1),
        ("i64", -1, 2**64 - 1, -1, -1),
        ("i64", 2**40, 2**40, 2**63, -(2**63)),
        ("f32", 0.5, 0.5, -2.25, -2.25),
        ("f64", math.pi, math.pi, -math.inf, -math.inf),
    ],
)
def test_values(engine, kind, given, seen, returned, result):
    got = []
    type_ = f"(param {kind}) (result {kind})"
    instance = Instance(engine, type_, lambda _, value: (got.append(value), returned)[1], [kind], [kind])
    assert instance.go(given) == result
    assert got == [seen]


def test_many_parameters_of_all_kinds(engine):
    got = []
    kinds = ["i32", "i64", "f32", "f64", "i32", "i64", "i32", "i32", "i32"]
    instance = Instance(engine, f"(param {' '.join(kinds)})", lambda _, *values: got.append(values), kinds)
    assert instance.go(1, 2, 3.0, 4.0, -5, -6, 7, 8, 9) is None
    assert got == [(1, 2, 3.0, 4.0, 2**32 - 5, 2**64 - 6, 7, 8, 9)]


def test_a_type_that_does_not_fit_is_found_when_linking(engine):
    with pytest.raises(wasmtime.WasmtimeError, match="incompatible import type"):
        Instance(engine, "(param i64)", lambda _, value: None, ["i32"])


@pytest.mark.parametrize("error", [KeyError("x"), KeyboardInterrupt(), SystemExit(3), RecursionError()])
def test_an_exception_comes_out_of_the_call(engine, error):
    def fail(_: int) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        Instance(engine, "", fail).go()
    assert raised.value is error


def test_a_result_that_is_none_is_an_error_and_no_wrong_number(engine):
    with pytest.raises(TypeError):
        Instance(engine, "(result i32)", lambda _: None, (), ["i32"]).go()


def test_an_exception_during_instantiation_comes_out_too(engine):
    module = wasmtime.Module(engine, '(module (import "h" "f" (func $f)) (start $f))')
    linker = wasmtime.Linker(engine)

    def fail(_: int) -> None:
        raise KeyError("at the start")

    define_raw(linker, "h", "f", (), (), fail)
    with pytest.raises(KeyError, match="at the start"):
        linker.instantiate(wasmtime.Store(engine), module)


def test_a_guest_trap_has_its_message_and_the_guests_stack(engine):
    def fail(_: int) -> None:
        raise GuestTrap("no such thing")

    instance = Instance(engine, "", fail)
    for _ in range(2):
        with pytest.raises(wasmtime.WasmtimeError, match=r"wasm backtrace[\s\S]*function 1[\s\S]*no such thing"):
            instance.go()


def test_an_old_exception_does_not_come_back(engine):
    def fail(_: int) -> None:
        raise KeyError("once")

    with pytest.raises(KeyError):
        Instance(engine, "", fail).go()
    with pytest.raises(wasmtime.Trap, match="unreachable"):
        wasmtime.Instance(
            wasmtime.Store(engine), wasmtime.Module(engine, "(module (func $f unreachable) (start $f))"), []
        )


def test_a_host_function_may_call_the_guest_again(engine):
    depth = []

    def again(_: int, left: int) -> None:
        depth.append(left)
        if left:
            instance.go(left - 1)

    instance = Instance(engine, "(param i32)", again, ["i32"])
    instance.go(20)
    assert depth == list(range(20, -1, -1))


def test_memory_is_the_callers_own_and_is_found_after_it_moved(engine):
    memory = GuestMemory()
    seen = []

    def look(caller: int, at: int, size: int) -> None:
        seen.append(memory.read(caller, at, size))
        memory.view(caller, at, 3)[:] = b"new"

    kinds = ["i32", "i32"]
    more = '(memory (export "memory") 1) (data (i32.const 9) "abcdefgh")'
    instance = Instance(engine, "(param i32 i32)", look, kinds, (), more)
    instance.go(9, 7)
    guest_memory = instance.exports["memory"]
    guest_memory.grow(instance.store, 2000)
    instance.go(9, 8)
    guest_memory.write(instance.store, b"end", 2001 * 65536 - 3)
    instance.go(2001 * 65536 - 3, 3)
    assert seen == [b"abcdefg", b"newdefgh", b"end"]
    assert guest_memory.read(instance.store, 2001 * 65536 - 3) == b"new"


def test_memory_under_another_name(engine):
    memory = GuestMemory("mem")
    seen = []
    more = '(memory (export "mem") 1) (data (i32.const 0) "x")'
    instance = Instance(engine, "", lambda caller: seen.append(memory.read(caller, 0, 1)), (), (), more)
    instance.go()
    assert seen == [b"x"]


def test_a_name_is_defined_once_and_nothing_is_kept_of_the_second(engine):
    linker = wasmtime.Linker(engine)
    define_raw(linker, "h", "f", (), (), lambda _: None)
    kept = set(hostfunc._kept)
    with pytest.raises(wasmtime.WasmtimeError, match="defined twice"):
        define_raw(linker, "h", "f", (), (), lambda _: None)
    # Not the number: those of linkers that other tests dropped may go at any collection.
    assert set(hostfunc._kept) <= kept


def test_a_callback_lives_with_linker_and_instances_and_no_longer(engine):
    gc.collect()
    kept = len(hostfunc._kept)
    called = []
    instance = Instance(engine, "", lambda _: called.append(1))
    assert len(hostfunc._kept) == kept + 1
    instance.linker.close()
    gc.collect()
    instance.go()
    assert called == [1]
    instance.store.close()
    del instance
    gc.collect()
    assert len(hostfunc._kept) <= kept


def test_threads_do_not_mix_their_calls(engine):
    """Two instances at the same time, each with functions and memory of its own."""
    wrong = []

    def work(letter: bytes) -> None:
        memory = GuestMemory()

        def look(caller: int) -> None:
            if memory.read(caller, 0, 1) != letter:
                wrong.append(letter)

        more = f'(memory (export "memory") 1) (data (i32.const 0) "{letter.decode()}")'
        instance = Instance(engine, "", look, (), (), more)
        for _ in range(2000):
            instance.go()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(letter,)) for letter in (b"a", b"b", b"c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong


def test_linkers_that_live_until_the_interpreter_ends_do_no_harm():
    script = """
import wasmtime
from ssvm_kernel.host.hostfunc import define_raw
engine = wasmtime.Engine()
linker = wasmtime.Linker(engine)
define_raw(linker, "h", "f", (), (), lambda _: None)
store = wasmtime.Store(engine)
instance = linker.instantiate(store, wasmtime.Module(engine, '(module (import "h" "f" (func $f)) (start $f))'))
linker.itself, store.itself = linker, store
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
