"""What is read off an engine's trap."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import wasmtime

from ssvm_kernel.sandbox.engines import EngineSettings, make_engine
from ssvm_kernel.sandbox.exchange import failed
from ssvm_kernel.sandbox.protocol import Failed, StackFrame
from ssvm_kernel.sandbox.traps import parse_trap

WITH_LINES = """error while executing at wasm backtrace:
    0:    0x28d - div_it
                    at /tmp/x/cell.c:4:13
                - main
                    at /tmp/x/cell.c:9:13
    1:    0x32b - trap.wasm!__main_void
    2:    0x22b - <unknown>!<wasm function 9>

Caused by:
    wasm trap: integer divide by zero
"""

NAMED = """(module (func $inner (drop (i32.div_u (i32.const 1) (i32.const 0)))) (func $f (call $inner))
  (func (export "_start") (call $f)))"""


def test_lines_and_inlined_functions() -> None:
    trap = parse_trap(WITH_LINES)
    assert trap.message == "integer divide by zero"
    assert trap.frames == (
        StackFrame("div_it", "/tmp/x/cell.c", 4, 13),
        StackFrame("main", "/tmp/x/cell.c", 9, 13),
        StackFrame("__main_void"),
        StackFrame("<wasm function 9>"),
    )


def test_an_engine_s_error_is_told_in_one_line() -> None:
    told = failed(Failed("load", "no module\n\nCaused by:\n    0: unknown version:    0x2\n    1: at byte 4\n"))
    assert str(told) == "the module cannot be loaded: no module: unknown version: 0x2: at byte 4"
    assert (
        str(failed(Failed("link", "unknown import: `a::b`"))) == "the module cannot be linked: unknown import: `a::b`"
    )


@pytest.mark.parametrize("text", ["", "\n\n", "Caused by:", "something else", "Caused by:\n    0: odd\n    1: odder\n"])
def test_any_text_gives_a_message(text: str) -> None:
    assert parse_trap(text).message


@pytest.mark.parametrize("engine", ["jit", "interpreter"])
def test_a_real_trap_in_each_engine(engine: str) -> None:
    made = make_engine(EngineSettings(engine))
    store = wasmtime.Store(made)
    instance = wasmtime.Instance(store, wasmtime.Module(made, bytes(wasmtime.wat2wasm(NAMED))), [])
    start = instance.exports(store)["_start"]
    assert isinstance(start, wasmtime.Func)
    with pytest.raises(wasmtime.Trap) as raised:
        start(store)
    trap = parse_trap(str(raised.value))
    assert "divide by zero" in trap.message
    assert [frame.function for frame in trap.frames][:2] == ["inner", "f"]


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("<unknown>!float", "f"),
        ("cell.wasm!long long", "x"),
        ("cell.wasm!abort", "abort"),
        ("core::panicking::panic_fmt::h01", "core::panicking::panic_fmt::h01"),
        ("<T as core::ops::FnOnce<!>>::call_once", "<T as core::ops::FnOnce<!>>::call_once"),
        ("cell.wasm!void app::deep<int>(int)", "void app::deep<int>(int)"),
    ],
)
def test_a_function_has_the_name_that_was_written(shown: str, name: str) -> None:
    assert parse_trap(f"    0:    0x28d - {shown}\n").frames == (StackFrame(name),)


def test_engines_agree_on_backtraces_wherever_they_are_made() -> None:
    # Machine code made with and without backtraces does not mix; the setting must not depend on the environment.
    code = "from ssvm_kernel.sandbox.engines import EngineSettings, make_engine; import os\n"
    code += "make_engine(EngineSettings('jit')); print(os.environ['WASMTIME_BACKTRACE_DETAILS'])"
    env = {**os.environ, "WASMTIME_BACKTRACE_DETAILS": "0"}
    result = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "1"
