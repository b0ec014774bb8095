"""Compile a cell, or take it from the cache when exactly this was compiled before.

The key holds everything that the result depends on; files that a cell includes by itself are known only after the
compile, so the entry names them with their digests and is a miss when one changed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from ssvm_kernel.errors import CompileError
from ssvm_kernel.host import store
from ssvm_kernel.host.temporary import prefix_of
from ssvm_kernel.toolchains._tools import failed
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Diagnostic, Found, Severity, Toolchain
from ssvm_kernel.toolchains.files import check_name
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["compile_cached"]

FORMAT = 2  # of an entry; part of the key
_KIND = "compiled"
_DEFAULT = CompileOptions()


def compile_cached(
    toolchain: Toolchain, source: str, options: CompileOptions = _DEFAULT, *, line_offset: int = 0
) -> Compiled:
    """Compile `source`, or return what it compiled to before.

    Parameters
    ----------
    toolchain : Toolchain
        The compiler.
    source : str
        The cell's text, without the line of the magic.
    options : CompileOptions
        What the person set.
    line_offset : int
        Lines of the cell above `source`.  The compiler gets as many empty ones, so that what a guest says of itself (a
        panic, an assertion, the stack of a trap) has the lines of the cell, as the report of an error has.

    Raises
    ------
    ToolchainMissing
        When the compiler is not installed.
    CompileError
        When it does not compile or link; nothing is cached then.
    """
    found = toolchain.find()
    text = "\n" * line_offset + source
    key = _key(toolchain, found, text, options)
    compiled = _load(key)
    if compiled is not None:
        return compiled
    started, began = time.monotonic(), time.time_ns()
    try:
        with tempfile.TemporaryDirectory(prefix=prefix_of("compile"), ignore_cleanup_errors=True) as workdir:
            compiled = _compile(toolchain, text, options, Path(workdir).resolve())
    except CompileError as error:
        if line_offset or options.files:  # a toolchain knows neither the line of the magic nor how files are shown
            files = dict(options.files)
            placed = _in_source(error.diagnostics, line_offset)
            raise compile_error(source, placed, line_offset=line_offset, files=files) from None
        raise
    except OSError as error:
        place = error.filename or tempfile.gettempdir()
        raise failed(source, f"the cell cannot be compiled: {place}: {error.strerror or error}") from error
    placed = _in_source(compiled.diagnostics, line_offset)
    compiled = dataclasses.replace(compiled, diagnostics=placed, seconds=time.monotonic() - started, cached=False)
    if not any(_changed_since(began, path) for path in compiled.read_files):
        _save(key, compiled)
    return compiled


def _compile(toolchain: Toolchain, source: str, options: CompileOptions, workdir: Path) -> Compiled:
    for name, text in options.files:
        (workdir / check_name(name)).write_bytes(text.encode("utf-8", "surrogatepass"))
    compiled = toolchain.compile(source, options, workdir)
    # Those of the session are part of the key, and are no news to the person.
    read = tuple(path for path in compiled.read_files if not Path(path).is_relative_to(workdir))
    return dataclasses.replace(compiled, read_files=read)


def _in_source(diagnostics: tuple[Diagnostic, ...], line_offset: int) -> tuple[Diagnostic, ...]:
    """Return findings about a text with `line_offset` empty lines above it as findings about the text alone."""
    return tuple(
        found
        if found.file
        else dataclasses.replace(
            found, line=max(0, found.line - line_offset), end_line=max(0, found.end_line - line_offset)
        )
        for found in diagnostics
    )


def _key(toolchain: Toolchain, found: Found, source: str, options: CompileOptions) -> str:
    parts = [str(FORMAT), toolchain.name, found.path, found.version, found.target, found.inputs]
    parts += [options.opt, str(len(options.flags)), *options.flags]
    parts += [str(len(options.files)), *(part for file in options.files for part in file), source]
    digest = hashlib.sha256()
    for part in parts:  # with its length, so that no two lists of parts look the same
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


def _load(key: str) -> Compiled | None:
    entry = store.read(_KIND, key)
    if entry is None:
        return None
    header, separator, wasm = entry.partition(b"\n")
    try:
        known = json.loads(header)
        reads = dict(known["reads"])
        diagnostics = tuple(_diagnostic(item) for item in known["diagnostics"])
    except (ValueError, TypeError, KeyError):  # an older or broken writer: a miss like any other
        return None
    if not separator or not wasm or any(_digest_of(path) != digest for path, digest in reads.items()):
        return None
    return Compiled(wasm, diagnostics, cached=True, read_files=tuple(reads))


def _save(key: str, compiled: Compiled) -> None:
    reads = {path: _digest_of(path) for path in compiled.read_files}
    if None in reads.values():  # gone again already: then it cannot be told later whether it changed
        return
    diagnostics = [{**vars(item), "severity": item.severity.value} for item in compiled.diagnostics]
    header = json.dumps({"reads": reads, "diagnostics": diagnostics}).encode()
    store.write(_KIND, key, header + b"\n" + compiled.wasm)


def _changed_since(began: int, path: str) -> bool:
    """Tell whether a file was saved since then: the guest may hold what was in it before.

    One that is dated in the future was not: its clock is another one.
    """
    try:
        return began < Path(path).stat().st_mtime_ns <= time.time_ns()
    except OSError:
        return True


def _diagnostic(item: dict[str, Any]) -> Diagnostic:
    return Diagnostic(**{**item, "severity": Severity(item["severity"])})


def _digest_of(path: str) -> str | None:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None
