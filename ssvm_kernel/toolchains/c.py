"""C, by the clang and wasm-ld inside the ``ziglang`` package, called directly and with a prebuilt C library.

``zig cc`` would work too, but looks after a cache of its own in more time than the compile takes, and builds the C
library at the first cell.  ``zig clang`` and ``zig wasm-ld`` are the programs that it starts itself.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

from ssvm_kernel import sdk
from ssvm_kernel.errors import UsageError
from ssvm_kernel.toolchains._clang_report import clang_diagnostics, linker_diagnostics, missing_main
from ssvm_kernel.toolchains._sysroot import FORMAT
from ssvm_kernel.toolchains._tools import choose_opt, encode, failed, run_compiler, signature, tidy
from ssvm_kernel.toolchains._ziglang import Ziglang, find_ziglang, sysroot_for
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Diagnostic, Found, Severity
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["CToolchain"]

HEADERS = Path(sdk.__file__).parent / "c"
_TARGET = "wasm32-wasip1"
_CELL, _OBJECT, _MODULE, _DEPENDENCIES = "cell.c", "cell.o", "cell.wasm", "cell.d"
_EXAMPLE = "int main(void) { return 0; }"
_OPT_LEVELS = "0123sz"

_COMPILE = (
    f"--target={_TARGET}",
    "--no-default-config",
    "-std=gnu17",
    "-nostdinc",
    "-fno-color-diagnostics",
    "-fno-caret-diagnostics",
    "-fdiagnostics-print-source-range-info",
    "-fdebug-compilation-dir=.",  # no path of this machine inside the guest
    "-gline-tables-only",  # a trap names the line of the cell; costs 0.2 ms and nothing at run time
    # What WASI lacks and the library imitates inside the guest: clock(), signal(), mmap(), getpid().
    "-D_WASI_EMULATED_PROCESS_CLOCKS",
    "-D_WASI_EMULATED_SIGNAL",
    "-D_WASI_EMULATED_MMAN",
    "-D_WASI_EMULATED_GETPID",
    "-msimd128",
    # Cranelift does not unroll: four vectors a turn make a matrix product 8 % faster and sums 25 %, and leave all goals
    # of the benchmarks within reach.
    "-mllvm",
    "-force-vector-interleave=4",
)
_DEFAULT_OPT = "2"
_STACK = 8 * 2**20  # as a program on Linux has it; untouched pages cost nothing
_LINK = ("--stack-first", "-z", f"stack-size={_STACK}")
_REACTOR = "-mexec-model=reactor"
_PATH_FLAG = re.compile(r"(-I|-L|-iquote|-isystem|-include)(.*)", re.DOTALL)
_LINKER_FLAG = re.compile(r"-Wl,|-l|-L")
_IN_THE_LIBRARY = re.compile(r"-l(?:c|m|rt|dl|pthread|wasi-emulated-[\w-]+)")
_REFUSED = frozenset({"-o", "-c", "-S", "-E", "-fsyntax-only", "-M", "-MM"})
_NO_MAIN = b"undefined_weak:main"  # how wasm-ld names what the C library calls when there is no main


class CToolchain:
    """C17 with GNU extensions, WASI, SIMD."""

    name = "c"
    aliases: tuple[str, ...] = ()
    suffix = ".c"
    hello = '#include <stdio.h>\nint main(void) { puts("hello"); }\n'

    def find(self) -> Found:
        """Return the installed ziglang package.

        Raises
        ------
        ToolchainMissing
            With the command that installs it.
        """
        zig = find_ziglang()
        inputs = "|".join([*_COMPILE, _DEFAULT_OPT, *_LINK, str(FORMAT), signature(zig.program), _headers_digest()])
        return Found(str(zig.program), zig.version, _TARGET, hashlib.sha256(inputs.encode()).hexdigest())

    def compile(self, source: str, options: CompileOptions, workdir: Path) -> Compiled:
        """Compile and link `source`.

        Raises
        ------
        CompileError
            With line and column in `source`.
        ToolchainMissing
            When ziglang is not installed or its C library cannot be made.
        UsageError
            For a flag that makes something other than a guest.
        """
        flags, link_flags = _split_flags(options.flags)
        opt = choose_opt(options.opt, _DEFAULT_OPT, _OPT_LEVELS)
        text = encode(source, _EXAMPLE)
        zig = find_ziglang()
        sysroot = sysroot_for(zig, options.notice)
        started = time.monotonic()
        workdir = workdir.resolve()
        (workdir / _CELL).write_bytes(text)

        argv = [str(zig.program), "clang", *_COMPILE, f"-O{opt}", "-MMD", "-MF", _DEPENDENCIES]
        for folder in (*sysroot.includes, str(HEADERS)):
            argv += ["-isystem", folder]
        argv += [*flags, "-c", _CELL, "-o", _OBJECT]
        said, failed_to_compile = _run(argv, workdir, source, zig, options.notice)
        diagnostics = clang_diagnostics(said, source, _CELL)
        _check(failed_to_compile, said, source, diagnostics, workdir / _OBJECT)

        reactor = _REACTOR in options.flags
        argv = [str(zig.program), "wasm-ld", *_LINK, *(["--entry=_initialize"] if reactor else [])]
        argv += [*sysroot.link_line([_OBJECT, *link_flags], reactor=reactor), "-o", _MODULE]
        said, failed_to_link = _run(argv, workdir, source, zig, options.notice)
        linked = linker_diagnostics(said, source)
        _check(failed_to_link, said, source, diagnostics + linked, workdir / _MODULE)

        wasm = (workdir / _MODULE).read_bytes()
        if _NO_MAIN in wasm:
            raise compile_error(source, [missing_main(), *diagnostics])
        read = _read_files(workdir)
        return Compiled(wasm, diagnostics + linked, time.monotonic() - started, read_files=read)


def _run(
    argv: list[str], workdir: Path, source: str, zig: Ziglang, notice: Callable[[str], None] | None
) -> tuple[str, bool]:
    """Run a step; return what it said, without paths of this machine, and whether it failed."""
    done = run_compiler(argv, workdir, source=source, notice=notice)
    names = [(workdir, ""), (HEADERS, ""), (zig.lib / "libc" / "include", "libc"), (zig.lib, "zig"), (zig.program, "")]
    return tidy(done.stderr.decode(errors="replace"), *names), done.returncode != 0


def _check(failed_step: bool, said: str, source: str, diagnostics: tuple[Diagnostic, ...], made: Path) -> None:
    """Raise when a step failed, or made nothing."""
    if failed_step and any(found.severity is Severity.ERROR for found in diagnostics):
        raise compile_error(source, diagnostics)
    if failed_step:
        raise failed(source, f"the compiler failed: {said.strip() or 'without a word'}")
    if not made.is_file():
        raise failed(source, f"the flags given make the compiler write no {made.name}")


def _split_flags(flags: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the flags for the compiler and those for the linker, in the form that each understands.

    Raises
    ------
    UsageError
        For a flag that changes what is made, or that means another folder than the person thinks.
    """
    compiler: list[str] = []
    linker: list[str] = []
    for flag, following in zip(flags, (*flags[1:], ""), strict=False):
        path = _PATH_FLAG.fullmatch(flag)
        if path is not None and not Path(path[2] or following).is_absolute():
            raise UsageError(f"{flag}: the path must be absolute, because a cell is compiled in a folder of its own")
        if flag in _REFUSED:
            raise UsageError(f"the flag {flag} makes something other than a guest")
        if flag.startswith("-Wl,"):
            linker += flag.split(",")[1:]
        elif _LINKER_FLAG.match(flag):
            linker += [] if _IN_THE_LIBRARY.fullmatch(flag) else [flag]
        elif flag != _REACTOR:
            compiler.append(flag)
    return compiler, linker


def _read_files(workdir: Path) -> tuple[str, ...]:
    """Return the files that the cell includes besides system headers, from clang's make rule."""
    try:
        rule = (workdir / _DEPENDENCIES).read_text("utf-8", "surrogateescape")
    except OSError:
        return ()
    _, _, names = rule.replace("\\\n", " ").partition(":")
    found = [name.replace("\\ ", " ").replace("$$", "$") for name in re.split(r"(?<!\\)\s+", names) if name]
    return tuple(str((workdir / name).resolve()) for name in found if name != _CELL)


def _headers_digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(HEADERS.glob("*.h")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
