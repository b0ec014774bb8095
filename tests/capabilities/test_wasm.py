"""What the reader says of a binary is what the engine says of it, and no bytes bring it down."""

from __future__ import annotations

import time

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.wasm import Binary, BinaryKind, Export, Import, read_binary
from ssvm_kernel.errors import LoadError
from tests.capabilities.build import quick
from tests.capabilities.test_reader import leb

HEADER = b"\0asm\x01\0\0\0"
VALUES = ["i32", "i64", "f32", "f64", "funcref", "externref"]  # wasmtime-py aborts when asked to name v128

MODULE = """
(module $clock
  (type (func (param i32 i64) (result f32 f64)))
  (import "env" "f" (func (type 0)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (import "env" "m" (memory 1 16))
  (import "env" "t" (table 10 funcref))
  (import "env" "g" (global (mut v128)))
  (import "env" "\\u{202e}\\1b" (global i32))
  (func (export "_start"))
  (func (export "add") (param i32 i32) (result i32) local.get 0)
  (func $unexported)
  (export "again" (func 0))
  (export "memory" (memory 0))
  (export "t" (table 0))
  (export "g" (global 1)))
"""


def section(number, body):
    return bytes([number]) + leb(len(body)) + body


def name(text):
    return leb(len(text.encode())) + text.encode()


def compile_wat(text):
    return bytes(wasmtime.wat2wasm(text))


def test_a_module_in_full():
    assert read_binary(compile_wat(MODULE)) == Binary(
        BinaryKind.MODULE,
        imports=(
            Import("env", "f", "function", "(i32, i64) -> (f32, f64)"),
            Import("wasi_snapshot_preview1", "proc_exit", "function", "(i32) -> ()"),
            Import("env", "m", "memory", "1..16"),
            Import("env", "t", "table", "funcref 10"),
            Import("env", "g", "global", "mut v128"),
            Import("env", "\u202e\x1b", "global", "i32"),
        ),
        exports=(
            Export("_start", "function", "() -> ()"),
            Export("add", "function", "(i32, i32) -> (i32)"),
            Export("again", "function", "(i32, i64) -> (f32, f64)"),
            Export("memory", "memory"),
            Export("t", "table"),
            Export("g", "global"),
        ),
        name="clock",
        custom=("name",),
    )


def test_the_least_module():
    assert read_binary(HEADER) == Binary(BinaryKind.MODULE)


signatures = st.tuples(st.lists(st.sampled_from(VALUES), max_size=4), st.lists(st.sampled_from(VALUES), max_size=2))


@quick
@given(
    st.lists(st.tuples(st.text("ab\u202e\n", max_size=3), st.text("fé\x1b", max_size=3), signatures), max_size=6),
    st.lists(signatures, max_size=6),
    st.integers(0, 300),
)
def test_the_engine_sees_the_same_imports_and_exports(imports, functions, fillers):
    """Were they to differ, a guest could import what its manifest does not show (rule 2)."""
    quote = lambda text: "".join(f"\\u{{{ord(char):x}}}" for char in text)  # noqa: E731
    func = lambda kinds: f"(param {' '.join(kinds[0])}) (result {' '.join(kinds[1])})"  # noqa: E731
    parts = [f'(import "{quote(m)}" "{quote(n)}" (func {func(kinds)}))' for m, n, kinds in imports]
    parts += ["(func)"] * fillers
    parts += [f'(func (export "e{n}") {func(kinds)} unreachable)' for n, kinds in enumerate(functions)]
    data = compile_wat(f"(module {' '.join(parts)})")
    binary, engine = read_binary(data), wasmtime.Module(wasmtime.Engine(), data)
    assert [(item.module, item.name, item.type) for item in binary.imports] == [
        (item.module, item.name, described(item.type)) for item in engine.imports
    ]
    assert [(item.name, item.type) for item in binary.exports] == [
        (item.name, described(item.type)) for item in engine.exports
    ]


def described(function):
    sides = [
        ", ".join(str(kind).replace("anyref", "externref") for kind in side)
        for side in (function.params, function.results)
    ]
    return f"({sides[0]}) -> ({sides[1]})"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a WebAssembly binary"),
        (b"\0as", "not a WebAssembly binary"),
        (b"#!/bin/sh", "not a WebAssembly binary"),
        (b"  (module (func))", "text form"),
        (b"\0asm\x02\0\0\0", "version 02000000"),
        (b"\0asm", "version "),
        (HEADER + b"\x02", "cut off"),
        (HEADER + b"\x02\x10\x01", "cut off"),
        (HEADER + section(2, b"\x01"), "too many"),
        (HEADER + section(2, leb(2**32 - 1)), "4294967295 imports"),
        (HEADER + section(1, leb(99_999) + b"\x60"), "too many"),
        (HEADER + section(2, b"\x01" + name("m") + name("f") + b"\x00\x07"), "type 7"),
        (HEADER + section(2, b"\x01" + name("m") + name("f") + b"\x09\x07"), "kind"),
        (HEADER + section(2, b"\x01\x01\xff" + name("f") + b"\x00\x00"), "not UTF-8"),
        (HEADER + section(7, b"\x01" + name("f") + b"\x00\x05"), "does not have"),
        (HEADER + section(3, leb(200)) + section(7, b"\x01" + name("f") + b"\x00\x05"), "200 functions"),
        (HEADER + section(2, b"\x01" + name("m") + name("g") + b"\x03\x10\x00"), "type"),
    ],
)
def test_what_is_broken_is_refused_with_the_reason(data, says):
    with pytest.raises(LoadError, match=says) as caught:
        read_binary(data)
    assert str(caught.value).isprintable()


def test_types_of_proposals_are_left_unsaid_and_the_rest_is_read():
    data = HEADER + section(1, b"\x01\x13\x00") + section(2, b"\x01" + name("m") + name("f") + b"\x00\x00")
    assert read_binary(data).imports == (Import("m", "f", "function", ""),)


def test_types_of_garbage_collection():
    data = compile_wat(
        """(module (rec (type $a (sub (struct (field i8) (field (mut (ref null $b)))))) (type $b (array (mut i16))))
        (type $f (func (param (ref $a) anyref) (result i32)))
        (import "m" "f" (func (type $f))) (import "m" "g" (func (param f64))))"""
    )
    assert [item.type for item in read_binary(data).imports] == ["(ref, anyref) -> (i32)", "(f64) -> ()"]


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("(memory 1 2 shared)", "1..2 shared"),
        ("(memory i64 1)", "1 64-bit"),
        ("(table 1 2 externref)", "externref 1..2"),
        ("(tag (param i32))", "(i32) -> ()"),
    ],
)
def test_other_imports(text, described):
    assert read_binary(compile_wat(f'(module (import "m" "x" {text}))')).imports[0].type == described


def test_a_broken_name_section_does_no_harm():
    data = HEADER + section(0, name("name") + b"\x00\x7f")
    assert read_binary(data) == Binary(BinaryKind.MODULE, custom=("name",))


def test_all_import_sections_count():
    """An engine refuses a second one; this reader must not be the one that overlooks it."""
    one = section(2, b"\x01" + name("m") + name("g") + b"\x03\x7f\x00")
    assert len(read_binary(HEADER + one + one).imports) == 2


@quick
@given(st.binary(max_size=200))
def test_any_bytes_give_a_result_or_a_load_error(data):
    for start in (data, HEADER + data, b"\0asm\x0d\0\x01\0" + data):
        outcome(start)


sections = st.tuples(st.integers(0, 13), st.binary(max_size=30)).map(lambda pair: section(*pair))


@quick
@given(st.lists(sections, max_size=5).map(b"".join), st.sampled_from([HEADER, b"\0asm\x0d\0\x01\0"]))
def test_any_sections_give_a_result_or_a_load_error(body, header):
    outcome(header + body)


@quick
@given(st.data())
def test_a_damaged_module_gives_a_result_or_a_load_error(data):
    damaged = bytearray(compile_wat(MODULE))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(8, len(damaged))) :]
    read = outcome(bytes(damaged))
    try:
        engine = wasmtime.Module(wasmtime.Engine(), bytes(damaged))
    except wasmtime.WasmtimeError:
        return
    # what the engine takes, this reader takes too, and sees the same
    assert isinstance(read, Binary)
    assert [item.name for item in engine.imports] == [item.name for item in read.imports]


def outcome(data):
    try:
        return read_binary(data)
    except LoadError as error:
        return str(error)


@pytest.mark.parametrize(
    "data",
    [
        HEADER + section(0, name("x")) * 1_000_000,
        HEADER + section(1, leb(99_999) + b"\x60\0\0" * 99_999),
        HEADER + section(3, leb(2_000_000) + b"\0" * 2_000_000) + section(7, leb(50_000) + (b"\0\0\x01") * 50_000),
        HEADER + b"\x01\x80" * 100_000,
        HEADER + section(10, b"\0" * 20_000_000),
    ],
    ids=["custom sections", "types", "functions", "sections cut off", "code"],
)
def test_hostile_sizes_take_bounded_time(data):
    started = time.process_time()
    outcome(data)
    assert time.process_time() - started < 20  # a fraction of a second; quadratic work would take minutes
