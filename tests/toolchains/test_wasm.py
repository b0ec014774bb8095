"""The import section, read as the engine reads it."""

from __future__ import annotations

import pytest
import wasmtime

from ssvm_kernel.toolchains._wasm import imports, leb128, sections
from tests.toolchains import run_guest


@pytest.mark.parametrize(
    "text",
    [
        "(module)",
        '(module (import "a" "f" (func (param i32))) (import "a" "m" (memory 1)) (import "" "t" (table 1 2 funcref)))',
        '(module (import "a" "m" (memory 1 300)) (import "日" "g" (global (mut i64))) (import "a" "h" (global f32)))',
        '(module (type (func)) (import "a" "e" (tag (type 0))) (import "z" "z" (func)))',
        '(module (import "a" "t" (table 1 (ref null func))) (import "a" "r" (global (ref null extern))) (func))',
        '(module (import "a" "m64" (memory i64 1 2)) (import "a" "z" (func)))',
    ],
)
def test_names_are_those_that_the_engine_sees(text):
    wasm = bytes(wasmtime.wat2wasm(text))
    assert list(imports(wasm)) == run_guest.imports(wasm)


def test_a_number_of_several_bytes():
    assert leb128(b"\xe5\x8e\x26", 0) == (624485, 3)


def test_a_module_that_ends_early_is_an_error():
    with pytest.raises(IndexError):
        list(sections(b"\0asm\1\0\0\0\x01"))
