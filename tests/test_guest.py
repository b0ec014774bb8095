"""What a guest says of itself in a cell."""

from __future__ import annotations

import wasmtime

from ssvm_kernel.guest import Guest

SIGNED = """(module
  (@custom "ssvm_sig" "greet(name: string) -> string # says hello\\0amean(values: [f64]) -> f64\\0aodd")
  (func (export "greet") (param i64) (result i64) (i64.const 0))
  (func (export "mean") (param i64) (result f64) (f64.const 0))
  (func (export "half") (param i32) (result i32) (local.get 0)))"""


def test_a_library_tells_its_functions_as_they_are_called() -> None:
    guest = Guest("a b", bytes(wasmtime.wat2wasm(SIGNED)))
    head, *functions = guest.library_text().split("\n")
    assert head.endswith("""ssvm["a b"].greet(…), or %ssvm run 'a b' --call greet -- ARGUMENTS""")
    assert functions == [
        "  greet(name: string) -> string",
        "  mean(values: [f64]) -> f64",
        "  half (i32) -> (i32)",
    ]


def test_what_is_no_module_says_why() -> None:
    assert Guest("x", b"").why_no_module == "it is empty"
    assert Guest("x", b"#!/bin/sh").why_no_module == "it does not begin with the bytes \\0asm"
    assert "text form" in Guest("x", b" (module)").why_no_module
