"""`ssvm_kernel.sandbox.entry`: the short way into a guest ends as the long one does."""

from __future__ import annotations

import pytest
import wasmtime

from ssvm_kernel.host.lending import Lent
from ssvm_kernel.host.models import ModelState
from ssvm_kernel.sandbox.entry import enter_start, export_of, starts_plainly
from ssvm_kernel.sandbox.loaded import GuestExit, Loaded


@pytest.fixture(scope="module")
def engine() -> wasmtime.Engine:
    return wasmtime.Engine()


def instantiated(engine: wasmtime.Engine, text: str) -> tuple[wasmtime.Store, wasmtime.Instance]:
    module = wasmtime.Module(engine, text)
    loaded, store = Loaded(engine, module, lambda: ModelState(Lent(), closed=False)), wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    return store, loaded.linker(
        lambda _: pytest.fail("no command"), lambda *_: pytest.fail("nothing to show")
    ).instantiate(store, loaded.module)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('(module (func (export "_start")))', True),
        ('(module (func (export "_start") (param i32)))', False),
        ('(module (func (export "_start") (result i32) (i32.const 1)))', False),
        ('(module (memory (export "_start") 1))', False),
        ('(module (func (export "start")))', False),
        ("(module)", False),
    ],
)
def test_only_the_usual_start_is_plain(engine: wasmtime.Engine, text: str, plain: bool) -> None:
    assert starts_plainly(wasmtime.Module(engine, text)) is plain


def test_it_runs_each_time(engine: wasmtime.Engine) -> None:
    text = """(module (global (export "n") (mut i32) (i32.const 0))
      (func (export "_start") (global.set 0 (i32.add (global.get 0) (i32.const 1)))))"""
    store, instance = instantiated(engine, text)
    enter = enter_start(store, instance)
    enter()
    enter()
    assert export_of(store, instance, "n").value(store) == 2
    assert export_of(store, instance, "m") is None


def test_a_trap_says_what_the_long_way_says(engine: wasmtime.Engine) -> None:
    store, instance = instantiated(engine, '(module (func $inner unreachable) (func (export "_start") (call $inner)))')
    texts = []
    for call in (enter_start(store, instance), lambda: instance.exports(store)["_start"](store)):
        with pytest.raises(wasmtime.Trap) as raised:
            call()
        texts.append(str(raised.value))
    assert texts[0] == texts[1]
    assert "inner" in texts[0]


def test_an_exit_comes_through(engine: wasmtime.Engine) -> None:
    text = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (func (export "_start") (call $exit (i32.const 200))))"""
    store, instance = instantiated(engine, text)
    with pytest.raises(GuestExit) as raised:
        enter_start(store, instance)()
    assert raised.value.code == 200


def test_too_deep_a_call_is_a_trap(engine: wasmtime.Engine) -> None:
    store, instance = instantiated(engine, '(module (func $f (export "_start") (call $f)))')
    with pytest.raises(wasmtime.Trap, match="stack"):
        enter_start(store, instance)()
