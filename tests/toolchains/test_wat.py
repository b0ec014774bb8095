"""WebAssembly text: what assembles, what does not, and where."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ssvm_kernel.errors import UsageError
from ssvm_kernel.toolchains.base import Severity
from tests.toolchains.conftest import build, failure
from tests.toolchains.run_guest import run_guest

HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "Grüße 日本\\n")
  (data (i32.const 0) "\\10\\00\\00\\00\\0f\\00\\00\\00")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
"""


def test_hello(tmp_path):
    compiled = build("wat", HELLO, folder=tmp_path / "w")
    assert run_guest(compiled.wasm).stdout == "Grüße 日本\n"
    assert compiled.diagnostics == ()
    assert not list((tmp_path / "w").iterdir())


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        ("(module\n  (func (i32.cnst 1)))", 2, 10, "unknown operator"),
        ("(module\n  (func $a)\n  (func $a))", 3, 9, "duplicate func identifier"),
        ("(module (func\n\t(call $nope)))", 2, 8, "failed to find name"),
        ("(module (; é日本😀 ;) (func (nope)))", 1, 27, "unknown operator"),
        ('(module\n ;; ü\n (func "日" (i32.const 1)))', 3, 8, "expected an instruction"),
        ("(module (func $f (param i32)", 1, 29, "expected `)`"),
        ("(module) (module)", 1, 10, "extra tokens"),
        ("   ;; nothing but a comment", 1, 28, "expected at least one module field"),
    ],
)
def test_a_mistake_is_at_its_line_and_column(tmp_path, source, line, column, message):
    error = failure("wat", source, folder=tmp_path)
    (found,) = error.diagnostics
    assert (found.severity, found.line, found.column) == (Severity.ERROR, line, column)
    assert message in found.message
    assert f"line {line}, column {column}" in str(error)
    assert "<anon>" not in str(error)


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        (
            "(module\n (func $ok)\n (func $f (result i32)\n   i64.const 1))",
            3,
            2,
            "type mismatch: expected i32, found i64",
        ),
        (
            '(module (import "a" "b" (func)) (func $i (import "a" "c"))\n'
            '  (; (func (; nested ;) ;) ;; (func\n  (func (export ")(func") drop))',
            3,
            3,
            "type mismatch",
        ),
        ("(func) (func\n (i32.add))", 1, 8, "type mismatch"),
        ('(module (func (export "a")) (func (export "a")))', 0, 0, "duplicate export name"),
    ],
)
def test_a_module_that_is_not_valid_names_the_function(tmp_path, source, line, column, message):
    error = failure("wat", source, folder=tmp_path)
    (found,) = error.diagnostics
    assert (found.line, found.column) == (line, column)
    assert message in found.message
    assert "offset" not in str(error)


@pytest.mark.parametrize("source", ["", "  \n\t\n"])
def test_an_empty_cell_says_so(tmp_path, source):
    assert "the cell is empty" in str(failure("wat", source, folder=tmp_path))


def test_half_a_character_is_a_mistake_in_the_cell(tmp_path):
    error = failure("wat", "(module\n ;; \ud800)", folder=tmp_path)
    assert (error.diagnostics[0].line, error.diagnostics[0].column) == (2, 5)


def test_a_hidden_character_is_shown_and_refused(tmp_path):
    error = failure("wat", "(module ;; \u202e )cnuf( \u2066\n)", folder=tmp_path)
    assert "\u202e" not in str(error)
    assert "\\u202e" in str(error)


@pytest.mark.parametrize("source", ["(" * 1_000_000, "(module " + "(func) " * 150_000 + "(nope))"])
def test_a_mistake_in_a_mebibyte_is_reported_shortly(tmp_path, source):
    error = failure("wat", source, folder=tmp_path)
    assert error.diagnostics[0].column > 0
    assert len(str(error)) < 1000


def test_a_mebibyte_compiles(tmp_path):
    source = HELLO + ";; " + "é" * (1 << 19)
    assert run_guest(build("wat", source, folder=tmp_path).wasm).stdout == "Grüße 日本\n"


def test_a_component_is_left_to_the_loader(tmp_path):
    assert build("wat", "(component)", folder=tmp_path).wasm[4:8] == b"\x0d\0\1\0"


def test_there_are_no_options(tmp_path):
    with pytest.raises(UsageError, match="no compiler options"):
        build("wat", "(module)", "-O2", folder=tmp_path)


def test_finding_it_does_not_import_wasmtime():
    """A cached cell needs neither the assembler nor the hundred milliseconds of its import."""
    code = (
        "import sys; from ssvm_kernel.toolchains import registry; registry.get('wat').find();"
        "sys.exit('wasmtime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
