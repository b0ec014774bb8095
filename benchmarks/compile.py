"""What compiling costs in each language that is installed here (``python -m benchmarks.compile``).

A real kernel with an empty cache: the first cell ever, a cell that was edited, and one that runs again as it was.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.live_kernel import Kernel, running_kernel
from benchmarks.runner import Row, absolute, finish, pairs, timed
from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains.base import CompileOptions, Toolchain

COLD: Final = {"c": 1000.0}
"""Milliseconds for the first cell on a fresh install; other languages make their library first."""
COLD_OTHERWISE: Final = 30_000.0
WARM: Final = {"wat": 20.0, "c": 100.0, "zig": 100.0}
WARM_OTHERWISE: Final = 200.0
PRINT: Final = 'print("hello")'
PRINT_TAKES: Final = 2.0  # milliseconds on an idle machine: the ratio's goal is the one in milliseconds over it
_edits = itertools.count(1)


def measure(kernel: Kernel, toolchain: Toolchain) -> Iterator[Row]:
    """Measure one language; `kernel` has an empty cache."""
    name, goal = toolchain.name, WARM.get(toolchain.name, WARM_OTHERWISE)
    yield absolute(
        f"{name}: the first cell of all",
        lambda: timed(lambda: kernel.run(cell(toolchain))),
        goal=COLD.get(name, COLD_OTHERWISE),
        rounds=1,
        warmup=0,
    )
    yield absolute(f"{name}: an edited cell, the compiler alone", lambda: compiled(toolchain), goal=goal, rounds=9)
    yield pairs(
        f"{name}: an edited cell to its first output, against {PRINT}",
        lambda: kernel.first_output(cell(toolchain)),
        lambda: kernel.first_output(PRINT),
        goal=goal / PRINT_TAKES,
        rounds=9,
    )
    same = cell(toolchain)
    yield pairs(
        f"{name}: the same cell again, against {PRINT}",
        lambda: kernel.first_output(same),
        lambda: kernel.first_output(PRINT),
        goal=1.3,
        rounds=15,
        warmup=3,
    )


def cell(toolchain: Toolchain) -> str:
    """Return a cell that was never compiled before."""
    return f"%%ssvm {toolchain.name}\n{edited(toolchain)}"


def edited(toolchain: Toolchain) -> str:
    """Return the language's small program, printing another text each time, of the same length (WAT counts it)."""
    return toolchain.hello.replace("hello", f"h{next(_edits):04d}")


def compiled(toolchain: Toolchain) -> float:
    """Compile an edited program here, and return the milliseconds."""
    source = edited(toolchain)
    with tempfile.TemporaryDirectory() as folder:
        return timed(lambda: toolchain.compile(source, CompileOptions(), Path(folder).resolve()))


@contextmanager
def empty_cache() -> Iterator[None]:
    """Let this process and the kernels that it starts find nothing compiled."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["SSVM_CACHE_DIR"] = folder
        try:
            yield
        finally:
            del os.environ["SSVM_CACHE_DIR"]


def rows() -> Iterator[Row]:
    """Measure all languages whose compilers are here."""
    for name in registry.names():
        try:
            toolchain = registry.get(name)
            toolchain.find()
        except ToolchainMissing as missing:
            print(f"  {name} is not measured: {missing.command or missing}", file=sys.stderr)
            continue
        with empty_cache(), running_kernel() as kernel:
            kernel.first_output(PRINT)
            yield from measure(kernel, toolchain)


def main() -> None:
    """Measure everything and print the table."""
    finish("compile", list(rows()))


if __name__ == "__main__":
    main()
