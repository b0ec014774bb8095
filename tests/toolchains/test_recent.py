"""A cell that runs again finds its module in memory, and never an old one."""

from __future__ import annotations

import shutil

import pytest

from ssvm_kernel.errors import CompileError
from ssvm_kernel.toolchains.base import CompileOptions
from ssvm_kernel.toolchains.c import CToolchain
from ssvm_kernel.toolchains.recent import RecentlyCompiled
from tests.toolchains.test_cache import Counting

EMPTY = '(module (func (export "_start")))'
_OTHER = '(module (memory {}) (func (export "_start")))'


@pytest.fixture
def twice():
    """A toolchain and a memory that has one result of it."""
    toolchain, recent = Counting(), RecentlyCompiled()
    for _ in range(2):
        kept = recent.compile(toolchain, EMPTY, CompileOptions())
    return toolchain, recent, kept


def test_the_same_cell_needs_no_disk(twice, cache) -> None:
    toolchain, recent, kept = twice
    shutil.rmtree(cache)
    assert recent.compile(toolchain, EMPTY, CompileOptions()) is kept
    assert toolchain.compiles == 1


@pytest.mark.parametrize(
    ("source", "options"),
    [
        (EMPTY + "\n", CompileOptions()),
        (EMPTY, CompileOptions(opt="2")),
        (EMPTY, CompileOptions(flags=("-g",))),
        (EMPTY, CompileOptions(files=(("a.wat", "x"),))),
    ],
)
def test_anything_else_is_compiled(twice, source: str, options: CompileOptions) -> None:
    toolchain, recent, _ = twice
    assert not recent.compile(toolchain, source, options).cached
    assert toolchain.compiles == 2


def test_another_version_of_the_compiler_compiles_anew(twice, monkeypatch) -> None:
    toolchain, recent, _ = twice
    monkeypatch.setattr(Counting, "changed", {"version": "0.0.1"})
    assert not recent.compile(toolchain, EMPTY, CompileOptions()).cached


def test_the_oldest_goes_and_an_error_is_not_kept(twice, cache) -> None:
    toolchain, recent, kept = twice
    for pages in range(1, 9):
        for _ in range(2):
            recent.compile(toolchain, _OTHER.format(pages), CompileOptions())
    assert recent.compile(toolchain, EMPTY, CompileOptions()) is not kept
    for _ in range(2):
        with pytest.raises(CompileError):
            recent.compile(toolchain, "(nope)", CompileOptions())


def test_a_file_that_a_cell_reads_is_looked_at_each_time(tmp_path) -> None:
    header, recent, toolchain = tmp_path / "value.h", RecentlyCompiled(), CToolchain()
    source = f'#include "{header}"\nint main(void) {{ return VALUE; }}'
    results = []
    for value in (1, 1, 1, 2):
        header.write_text(f"#define VALUE {value}\n")
        results.append(recent.compile(toolchain, source, CompileOptions()))
    assert [result.cached for result in results] == [False, True, True, False]
    assert results[2].wasm != results[3].wasm
