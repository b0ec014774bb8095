"""Zig, by the ``ziglang`` package.

Without ``--opt`` zig's own backend makes the code, in a tenth of a second and with safety checks; with it LLVM does, in
one to two seconds, and the guest is two to three times as fast.  Only LLVM's code has line tables (see `line_options`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ssvm_kernel import sdk
from ssvm_kernel.errors import UsageError
from ssvm_kernel.host import store
from ssvm_kernel.host.tidy import bound
from ssvm_kernel.toolchains._libraries import linked
from ssvm_kernel.toolchains._tools import (
    ALLOW_ASSEMBLY,
    ASSEMBLY,
    encode,
    failed,
    inputs_digest,
    packaged_digest,
    run_compiler,
    signature,
    tidy,
)
from ssvm_kernel.toolchains._zig_flags import checked
from ssvm_kernel.toolchains._zig_library import LEFT_OUT, kept_files, small_library, wants_whole
from ssvm_kernel.toolchains._zig_report import NOTHING_TO_RUN, zig_diagnostics
from ssvm_kernel.toolchains._ziglang import Ziglang, find_ziglang
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Diagnostic, Found, Severity, place_in
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["ZigToolchain"]

_SDK: Final = Path(sdk.__file__).parent / "zig"
PROCESS: Final = _SDK / "ssvm_process.zig"
DISPLAY: Final = _SDK / "ssvm_display.zig"
EXPORT: Final = _SDK / "ssvm_export.zig"
_TARGET: Final = "wasm32-wasi"
_CELL: Final = "cell.zig"
_MODULE: Final = "cell.wasm"
_EXAMPLE: Final = "pub fn main() void {}"
_STACK: Final = 8 * 2**20
_COMMON: Final = (
    "-target",
    _TARGET,
    "--color",
    "off",
    "-freference-trace=64",  # a mistake that shows in the library is one of the line of the cell that led there
    "--stack",
    str(_STACK),
)
# Not with SIMD: for some loops of the standard library this backend then makes code that is not valid (zig 0.17.1).
# With one thread: for programs of a cell's size its threads wait for each other longer than they work.
_QUICK: Final = ("-OReleaseSafe", "-fno-llvm", "-fno-lld", "-mcpu=lime1", "-j1")
_LLVM: Final = ("-fllvm", "-flld", "-mcpu=lime1+simd128")
_MODES: Final = {
    "debug": "Debug",
    "safe": "ReleaseSafe",
    "fast": "ReleaseFast",
    "small": "ReleaseSmall",
    "0": "Debug",
    "2": "ReleaseSafe",
    "3": "ReleaseFast",
    "s": "ReleaseSmall",
    "z": "ReleaseSmall",
}
_LIBRARY: Final = ("-fno-entry", "-rdynamic")
_COMMENT: Final = re.compile(r"//[^\n]*")
_MAIN: Final = re.compile(r"\bpub\s+(?:export\s+)?fn\s+main\b|\bexport\s+fn\s+_start\b|\bpub\s+const\s+main\b")
_ASM: Final = re.compile(r"\basm\b")
_EXPORT: Final = re.compile(r"\bexport\s+(?:fn|var|const)\b|@export\b|\bexportAs\b")
# An error in the library or at no place; with the small library that may be for want of what is not in it.
_NOT_OF_THE_CELL: Final = re.compile(r"^(?:zig/\S*:\d+:\d+: )?error: ", re.MULTILINE)
_BUILT: Final = "built-"  # a file of this name in zig's cache says that the next compile will not take long


class ZigToolchain:
    """Zig of the installed ziglang package, WASI; with ``--opt`` SIMD."""

    name = "zig"
    aliases: tuple[str, ...] = ()
    suffix = ".zig"
    hello = """const std = @import("std");

pub fn main(init: std.process.Init) !void {
    var buffer: [64]u8 = undefined;
    var out: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    try out.interface.writeAll("hello\\n");
    try out.interface.flush();
}
"""

    def find(self) -> Found:
        """Return the installed ziglang package.

        Raises
        ------
        ToolchainMissing
            With the command that installs it.
        """
        zig = find_ziglang()
        parts = [
            *_COMMON,
            *_QUICK,
            *_LLVM,
            *_LIBRARY,
            signature(zig.program),
            *(packaged_digest(file.parent, file.name) for file in (PROCESS, DISPLAY, EXPORT)),
        ]
        return Found(str(zig.program), zig.version, _TARGET, inputs_digest(parts))

    def line_options(self, options: CompileOptions) -> CompileOptions | None:
        """Return the options whose code tells the lines of a trap; None when that of `options` does."""
        return None if options.opt else replace(options, opt="debug")

    def compile(self, source: str, options: CompileOptions, workdir: Path) -> Compiled:
        """Compile and link `source`; without a ``main`` it is a library of its ``export fn``.

        Raises
        ------
        CompileError
            With line and column in `source`.
        ToolchainMissing
            When ziglang is not installed.
        UsageError
            For a flag that makes something other than a guest.
        """
        flags = [*_mode(options.opt), *checked(options.flags)]
        text = encode(source, _EXAMPLE)
        texts = {_CELL: source, **dict(options.files)}
        if ALLOW_ASSEMBLY not in options.flags:
            _check_assembly(texts)
        zig = find_ziglang()
        started = time.monotonic()
        workdir = workdir.resolve()
        (workdir / _CELL).write_bytes(text)
        argv = ["build-exe", *_COMMON, *flags, *_shape(source), f"-femit-bin={_MODULE}"]
        argv += ["--dep", "ssvm_process", "--dep", "ssvm_display", "--dep", "ssvm_export", f"-Mroot={_CELL}"]
        argv += [f"-Mssvm_process={PROCESS}", f"-Mssvm_display={DISPLAY}", f"-Mssvm_export={EXPORT}"]
        said, did_fail = _said_by(zig, argv, workdir, texts, options)
        diagnostics = zig_diagnostics(said, texts)
        if any(found.severity is Severity.ERROR for found in diagnostics):
            raise compile_error(source, diagnostics)
        if did_fail:
            raise failed(source, f"the compiler failed: {said.strip() or 'without a word'}")
        if not (workdir / _MODULE).is_file():
            raise failed(source, f"the flags given make the compiler write no {_MODULE}")
        wasm = (workdir / _MODULE).read_bytes()
        return Compiled(wasm, diagnostics, time.monotonic() - started, read_files=linked(options.flags))


def _mode(opt: str) -> tuple[str, ...]:
    """Return the flags of an optimisation level.

    Raises
    ------
    UsageError
        When there is no such level.
    """
    if not opt:
        return _QUICK
    word = opt.lower().removeprefix("release")  # "ReleaseFast" is what zig itself called it until 0.17
    if word not in _MODES:
        raise UsageError(f"unknown optimisation level {opt!r}; Zig has debug, safe, fast, small")
    return (f"-O{_MODES[word]}", *_LLVM)


def _check_assembly(texts: Mapping[str, str]) -> None:
    """Refuse assembly (attack X07), also where the word is a comment's: what is a comment only a whole parser knows."""
    for name, text in texts.items():
        for word in _ASM.finditer(text) if name.endswith(".zig") else ():
            line, column = place_in(text, word.start())
            file = "" if name == _CELL else name
            found = Diagnostic(Severity.ERROR, "assembly is not allowed", line, column, line, column + 3, file=file)
            raise compile_error(texts[_CELL], [found, Diagnostic(Severity.HELP, ASSEMBLY)])


def _shape(source: str) -> tuple[str, ...]:
    """Return the flags of a program, or of a library when there is no ``main``."""
    code = _COMMENT.sub("", source)
    if _MAIN.search(code):
        return ()
    if not _EXPORT.search(code):
        raise failed(source, NOTHING_TO_RUN)
    return _LIBRARY


def _said_by(
    zig: Ziglang, argv: list[str], workdir: Path, texts: Mapping[str, str], options: CompileOptions
) -> tuple[str, bool]:
    """Run zig with the small library where that will do, else with the whole one; return as `_run` does."""
    quick = not options.opt and not set(options.flags) - {ALLOW_ASSEMBLY}  # flags can call for more of the library
    if quick and kept_files(zig.version) and not wants_whole(zig, texts.values()):
        said, did_fail = _run(zig, argv, workdir, texts[_CELL], options, small=True)
        if not did_fail or not (LEFT_OUT in said or _NOT_OF_THE_CELL.search(said)):
            return said, did_fail
    return _run(zig, argv, workdir, texts[_CELL], options)


def _run(
    zig: Ziglang, argv: list[str], workdir: Path, source: str, options: CompileOptions, *, small: bool = False
) -> tuple[str, bool]:
    """Run zig with a cache of ours; return what it said, without paths of this machine, and whether it failed.

    What it keeps of the library for good is apart from what it keeps of this cell, which goes with the folder: one
    folder for both would grow by half a megabyte with every edit.
    """
    kept = store.folder("zig")
    what = hashlib.sha256(" ".join([*_mode(options.opt), "small" if small else "whole"]).encode()).hexdigest()[:12]
    first = kept is None or not (kept / f"{_BUILT}{zig.version}-{what}").exists()
    if first:
        bound("zig")  # what another zig left here, or other options
        kept = store.folder("zig")
    if first and options.notice is not None:
        options.notice(f"zig {zig.version} compiles its library: once on this machine, a few seconds")
    library = small_library(zig, kept) if small and kept is not None else None
    # Each library has a cache of its own: in one for both, zig would compile anew what it made of the other.
    cache = (kept or workdir) / ("small" if library is not None else "whole")
    env = {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(workdir / ".zig")}
    notice = None if first else options.notice
    argv = [str(zig.program), *argv, *(("--zig-lib-dir", str(library)) if library is not None else ())]
    done = run_compiler(argv, workdir, source=source, env=env, notice=notice)
    if first and kept is not None and done.returncode == 0:
        with contextlib.suppress(OSError):  # a full disk: then the next cell says again what takes long
            (kept / f"{_BUILT}{zig.version}-{what}").touch()
    said = done.stderr.decode(errors="replace")
    lib = library or zig.lib
    below = os.path.relpath(lib, workdir)  # how zig names it when it is below the folder that zig runs in
    said = tidy(said, (lib, "zig/"), (below, "zig/"), (zig.lib, "zig/"), (workdir, ""), (PROCESS.parent, ""))
    return tidy(said, (zig.program, "")), done.returncode != 0
