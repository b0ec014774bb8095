"""Guests of C cells against programs of this machine that a native compiler made of the same source."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.c_guests import SOURCES
from benchmarks.runner import Row, pairs
from ssvm_kernel.options import CompileTraits, RunTraits, parse
from ssvm_kernel.runtime import Prepared
from ssvm_kernel.session import Session

__all__ = ["against_native"]

GOALS: Final = {"matmul": 1.3, "triad": 1.3}
OTHERWISE: Final = 3.0


def native_compiler() -> str:
    """Return a native C compiler.

    Raises
    ------
    SystemExit
        When there is none.
    """
    found = next(filter(None, map(shutil.which, ("clang", "gcc", "cc"))), None)
    if found is None:
        sys.exit("a native C compiler is needed: apt-get install gcc")
    return found


@contextmanager
def native(source: str) -> Iterator[Callable[[], float]]:
    """Give a function that runs a program of this machine, made with -O2, and returns the milliseconds of its work."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.c").write_text(source, encoding="utf-8")
        argv = [native_compiler(), "-O2", "-o", f"{folder}/program", f"{folder}/program.c", "-lm"]
        subprocess.run(argv, check=True)
        yield lambda: milliseconds(subprocess.run([f"{folder}/program"], capture_output=True, check=True).stdout)


@contextmanager
def from_cell(source: str, options: str = "") -> Iterator[Callable[[], float]]:
    """Give a function that runs the guest of a C cell, and returns the milliseconds of its work."""
    session = Session()
    guest = session.compile("c", source, parse(options.split(), CompileTraits).options, "bench")

    def sample() -> float:
        printed = _Kept()
        with Prepared(session.grants, guest, RunTraits()) as prepared:
            handler = session.runtime.broker.handler(prepared.context)
            outcome = session.runtime.runner.run(prepared.job("jit"), printed, handler)
        assert outcome.exit_code == 0, outcome
        return milliseconds(bytes(printed.out))

    try:
        yield sample
    finally:
        session.close()


def milliseconds(printed: bytes) -> float:
    """Return what a program says that its work took."""
    return int(printed.split()[0]) / 1e6


class _Kept:
    """Output that is kept."""

    def __init__(self) -> None:
        self.out = bytearray()

    def stdout(self, data: bytes) -> None:
        """Keep bytes."""
        self.out += data

    def stderr(self, data: bytes) -> None:
        """Drop bytes."""

    def poll(self) -> float | None:
        """Have nothing to show."""
        return None

    def flush(self) -> None:
        """Have nothing to show."""


def against_native() -> Iterator[Row]:
    """Measure guests of default C cells against the native compiler's -O2."""
    compiler = Path(native_compiler()).name
    for name, source in SOURCES.items():
        goal = next((goal for word, goal in GOALS.items() if name.startswith(word)), OTHERWISE)
        with native(source) as theirs, from_cell(source) as ours:
            yield pairs(f"{name}: a C cell, against {compiler} -O2", ours, theirs, goal=goal, rounds=11)
