"""``%ssvm warm``: what compilers do at first use, done before anybody waits for it; for images and Binder."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from ssvm_kernel.commands.base import Command
from ssvm_kernel.display.surface import current_surface
from ssvm_kernel.display.table import Table
from ssvm_kernel.display.text import duration
from ssvm_kernel.errors import ToolchainMissing, UsageError
from ssvm_kernel.host.temporary import prefix_of
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session
from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains.base import CompileOptions, Toolchain

__all__ = ["COMMAND"]


def _run(session: Session, parsed: Parsed[LineTraits], label: str) -> Table:
    del session, label
    if parsed.words:
        chosen = [registry.get(name) for name in parsed.words]
        for toolchain in chosen:
            toolchain.find()  # one that was asked for by name and is not there is an error, before anything takes long
        return _table([_row(toolchain) for toolchain in chosen])
    return _table([_row_if_there(name) for name in registry.names()])


def _table(rows: list[tuple[str, ...]]) -> Table:
    return Table("a small program compiled in each", ("language", "version", "the first time", "from now on"), rows)


def _row_if_there(name: str) -> tuple[str, ...]:
    try:
        return _row(registry.get(name))
    except (ToolchainMissing, UsageError) as missing:
        return (name, "not found", "", str(missing))


def _row(toolchain: Toolchain) -> tuple[str, ...]:
    return (toolchain.name, toolchain.find().version, *(duration(_compile(toolchain)) for _ in range(2)))


def _compile(toolchain: Toolchain) -> float:
    """Compile the language's smallest program, past the cache of cells, and return the seconds."""
    surface = current_surface()
    options = CompileOptions(notice=lambda text: surface.write("stderr", f"[ssvm] {text}\n"))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=prefix_of("compile"), ignore_cleanup_errors=True) as workdir:
        toolchain.compile(toolchain.hello, options, Path(workdir).resolve())
    return time.monotonic() - started


COMMAND = Command(
    "%ssvm warm [LANGUAGE ...]",
    "Do what compilers do at first use now, for some languages or all that are there.",
    LineTraits,
    (0, 100),
    _run,
    registry.names,
)
