"""What a session does with compilers: which there are, files of the session, libraries, the cache."""

from __future__ import annotations

import pytest

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains._wasm_tools import find_wasm_tools
from tests.toolchains.conftest import require

# The environment of the oldest versions has no compilers.
pytestmark = pytest.mark.parametrize("kernel", ["current"], indirect=True, scope="module")


@pytest.fixture
def c_cells(cells):
    require("c")
    return cells


def test_all_languages_are_told_with_what_is_missing(cells) -> None:
    lines = {line.split()[0]: line for line in cells.run("%ssvm toolchains").splitlines()[2:] if line.strip()}
    assert set(lines) >= set(registry.names())
    for name in registry.names():
        assert told(name) in lines[name]
    try:
        expected = find_wasm_tools().version
    except ToolchainMissing as missing:
        expected = missing.command
    assert expected in lines["(with"]


def told(name: str) -> str:
    """Return what the table must say of a language."""
    try:
        return registry.get(name).find().version
    except ToolchainMissing as missing:
        return missing.command.split("\n")[0] or "not found"


def test_a_cell_is_kept_as_a_file_for_later_cells(c_cells) -> None:
    keep = "%%ssvm c --file twice.h\nstatic int twice(int x) {{\n  return {};\n}}\n"
    assert c_cells.run(keep.format("2 * x")).startswith("kept twice.h")
    program = '%%ssvm c\n#include "twice.h"\n#include <stdio.h>\nint main(void) { printf("%d\\n", twice(21)); }\n'
    assert c_cells.run(program).startswith("42\n")
    assert c_cells.run(keep.format("x")).startswith("replaced")
    assert c_cells.run(program).startswith("21\n")
    c_cells.run(keep.format("nope"))
    text = c_cells.run(program)
    assert "<error CompileError:" in text
    assert "--> twice.h, line 2, column 10" in text
    assert "2 |   return nope;" in text


@pytest.mark.parametrize("name", ["../x.h", "/tmp/x.h", ".x.h", "x", "cell.h", "Cargo.toml", "a b.h", "-x.h", "x.h/"])
def test_a_file_has_a_plain_name(cells, name) -> None:
    assert "<error UsageError: a file of the session cannot be called" in cells.run(f"%%ssvm c --file={name!r}\nint x;")


def test_a_cell_without_main_is_a_library_whose_functions_are_called(c_cells) -> None:
    text = c_cells.run("%%ssvm c --name sums\nint add(int a, int b) { return a + b; }\n")
    assert text.splitlines() == [
        'sums is a library; call its functions with: ssvm["sums"].add(…), or %ssvm run sums --call add -- ARGUMENTS',
        "  add (i32, i32) -> (i32)",
    ]
    assert c_cells.run("%ssvm run sums --call add -- 2 40").startswith("42\n")
    assert "<error UsageError: sums is a library" in c_cells.run("%ssvm run sums")
    assert c_cells.run("%%ssvm c --call half -- 5\ndouble half(double x) { return x / 2; }\n").startswith("2.5\n")


def test_warm_and_cache(c_cells) -> None:
    text = c_cells.run("%ssvm warm c wat")
    assert [line.split()[0] for line in text.splitlines()[2:4]] == ["c", "wat"]
    assert "did you mean" in c_cells.run("%ssvm warm cc")
    c_cells.run("%%ssvm c\nint main(void) { return 0; }")
    shown = c_cells.run("%ssvm cache")
    assert "compiled" in shown
    assert "machine-code" in shown
    assert "did you mean compiled" in c_cells.run("%ssvm cache compild")
    assert "removed" in c_cells.run("%ssvm cache compiled --clear")
    assert "cells that were compiled" not in c_cells.run("%ssvm cache")
    assert "exit 0" in c_cells.run("%%ssvm c\nint main(void) { return 0; }")
