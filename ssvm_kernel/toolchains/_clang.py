"""C and C++ by the clang and wasm-ld inside the ``ziglang`` package, called directly and with prebuilt libraries.

``zig cc`` would work too, but looks after a cache of its own in more time than the compile takes, and builds the
libraries at the first cell.  ``zig clang`` and ``zig wasm-ld`` are the programs that it starts itself.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel import sdk
from ssvm_kernel.host import store
from ssvm_kernel.toolchains._clang_flags import REACTOR, split_flags
from ssvm_kernel.toolchains._clang_report import clang_diagnostics, linker_diagnostics, missing_main
from ssvm_kernel.toolchains._libraries import linked as libraries
from ssvm_kernel.toolchains._sysroot import FORMAT
from ssvm_kernel.toolchains._tools import (
    ASSEMBLY,
    choose_opt,
    encode,
    failed,
    inputs_digest,
    packaged_digest,
    run_compiler,
    signature,
    tidy,
)
from ssvm_kernel.toolchains._ziglang import Sysroot, Ziglang, find_ziglang, sysroot_for
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Diagnostic, Found, Severity
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["DEFAULT_OPT", "HEADERS", "Clang", "Step"]

_OURS = Path(sdk.__file__).parent.resolve()
HEADERS = _OURS / "c"
_TARGET = "wasm32-wasip1"
_OBJECT, _MODULE, _DEPENDENCIES = "cell.o", "cell.wasm", "cell.d"
_OPT_LEVELS = "0123sz"

_COMPILE = (
    f"--target={_TARGET}",
    "--no-default-config",
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
    "-fvisibility=default",  # a library exports what is not static (see _LIBRARY); a program exports nothing by it
    "-fno-gnu-inline-asm",  # ".incbin" reads any file, and no list of what was read has it (attack X07)
    "-msimd128",
    # Cranelift does not unroll: four vectors a turn make a matrix product 8 % faster and sums 25 %, and leave all goals
    # of the benchmarks within reach.
    "-mllvm",
    "-force-vector-interleave=4",
)
_MAP = "-ffile-prefix-map="
DEFAULT_OPT = "2"
_STACK = 8 * 2**20  # as a program on Linux has it; untouched pages cost nothing
_LINK = ("--stack-first", "-z", f"stack-size={_STACK}")
# With the C library's own start code: without it the linker has each export run the constructors anew at every call.
_LIBRARY = ("--entry=_initialize", "--export-dynamic")
_MAIN = re.compile(r"\bw?main\b")
_ASSEMBLY = re.compile("GNU-style inline assembly is disabled")
_NO_FILE = re.compile(r"'[^']+' file not found")
_NAMED = (
    "a cell includes what the language has, and files of the session: %%ssvm c --file NAME keeps a cell as one; "
    "--cflags=-I/FOLDER names a folder of yours"
)
_UP = f"{os.sep}..{os.sep}"
_MAINS = frozenset({"main", "__main_void", "__main_argc_argv", "__original_main"})
_NO_MAIN = b"undefined_weak:main"  # how wasm-ld names what the C library calls when there is no main


@dataclass(frozen=True)
class Step:
    """What each step of a compile needs.

    Parameters
    ----------
    zig : Ziglang
        The compiler.
    sysroot : Sysroot
        Its libraries.
    workdir : Path
        The folder of the compile.
    source : str
        The cell's text.
    files : tuple of (str, str)
        The session's files, which the cell may include.
    notice : callable or None
        Told when a step takes long.
    """

    zig: Ziglang
    sysroot: Sysroot
    workdir: Path
    source: str
    files: tuple[tuple[str, str], ...]
    notice: Callable[[str], None] | None

    def run(self, argv: Sequence[str]) -> tuple[str, bool]:
        """Run one of zig's programs; return what it said, without paths of this machine, and whether it failed."""
        zig = self.zig
        done = run_compiler([str(zig.program), *argv], self.workdir, source=self.source, notice=self.notice)
        folders = [(self.workdir, ""), (HEADERS, ""), (zig.lib / "libc" / "include", "libc/"), (zig.lib, "zig/")]
        return tidy(done.stderr.decode(errors="replace"), *folders, (zig.program, "")), done.returncode != 0


class Clang:
    """What C and C++ have in common.

    Subclasses say what their cells look like, and may add to the compiler's flags.
    """

    name = "c"
    suffix = ".c"
    cxx = False
    example = "int main(void) { return 0; }"
    standard: tuple[str, ...] = ()
    """Flags that make it this language."""
    helps: tuple[tuple[re.Pattern[str], str], ...] = ((_ASSEMBLY, ASSEMBLY), (_NO_FILE, _NAMED))
    """What to say once after findings that a person could not know what to do about."""

    def find(self) -> Found:
        """Return the installed ziglang package.

        Raises
        ------
        ToolchainMissing
            With the command that installs it.
        """
        zig = find_ziglang()
        ours = packaged_digest(HEADERS, "*.h")
        parts = [*self.flags(), _MAP, DEFAULT_OPT, *_LINK, *_LIBRARY, str(FORMAT), signature(zig.program), ours]
        return Found(str(zig.program), zig.version, _TARGET, inputs_digest(parts))

    def flags(self) -> tuple[str, ...]:
        """Return the compiler's flags that every cell gets."""
        return (*self.standard, *_COMPILE)

    def compile(self, source: str, options: CompileOptions, workdir: Path) -> Compiled:
        """Compile and link `source`; without a ``main`` it is a library that exports what is not static.

        Raises
        ------
        CompileError
            With line and column in `source`.
        ToolchainMissing
            When ziglang is not installed or its libraries cannot be made.
        UsageError
            For a flag that makes something other than a guest.
        """
        flags, link_flags = split_flags(options.flags)
        opt = choose_opt(options.opt, DEFAULT_OPT, _OPT_LEVELS)
        text = encode(source, self.example)
        zig = find_ziglang()
        sysroot = sysroot_for(zig, options.notice, cxx=self.cxx)
        started = time.monotonic()
        step = Step(zig, sysroot, workdir.resolve(), source, options.files, options.notice)
        cell = step.workdir / f"cell{self.suffix}"
        cell.write_bytes(text)

        said, failed_to_compile = self.compile_step(step, opt, flags, cell.name)
        files = frozenset(name for name, _ in options.files)
        diagnostics = tuple(self.explained(clang_diagnostics(said, source, cell.name, files)))
        _check(failed_to_compile, said, source, diagnostics, step.workdir / _OBJECT)

        wasm, linked = self._link(step, link_flags, reactor=REACTOR in options.flags, diagnostics=diagnostics)
        read = (*_read_files(step, cell.name), *libraries(link_flags))
        return Compiled(wasm, diagnostics + linked, time.monotonic() - started, read_files=read)

    def compile_step(self, step: Step, opt: str, flags: list[str], cell: str) -> tuple[str, bool]:
        """Compile the cell to an object; return what the compiler said and whether it failed."""
        return step.run([*self.command(step, opt), "-MD", "-MF", _DEPENDENCIES, "-c", *flags, cell, "-o", _OBJECT])

    def command(self, step: Step, opt: str) -> list[str]:
        """Return the compiler's command line without what is to be compiled."""
        includes = [word for folder in (*step.sysroot.includes, str(HEADERS)) for word in ("-isystem", folder)]
        # Functions of headers have lines too; where the headers are differs from machine to machine.
        maps = [f"{_MAP}{place}={name}" for place, name in ((HEADERS, "ssvm"), (step.zig.lib, "zig"))]
        return ["clang", *self.flags(), *maps, f"-O{opt}", *step.sysroot.defines, *includes]

    def explained(self, diagnostics: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
        """Give the compiler's findings, each of `helps` after the first that it is for."""
        told: set[str] = set()
        for found in diagnostics:
            yield found
            for wanted, text in self.helps:
                if text not in told and wanted.match(found.message):
                    told.add(text)
                    yield Diagnostic(Severity.HELP, text)

    def _link(
        self, step: Step, flags: Sequence[str], *, reactor: bool, diagnostics: tuple[Diagnostic, ...]
    ) -> tuple[bytes, tuple[Diagnostic, ...]]:
        """Link the object to a program, or to a library when there is no ``main``; return it with the findings."""
        likely = not reactor and any(map(_MAIN.search, (step.source, *(text for _, text in step.files))))
        wasm, linked = self._link_as(step, flags, reactor=not likely, diagnostics=diagnostics)
        certainly = likely and _NO_MAIN not in wasm
        if likely and not certainly:  # the word is there, the function is not
            wasm, linked = self._link_as(step, flags, reactor=True, diagnostics=diagnostics)
        if certainly:
            return wasm, linked
        functions = _exports(wasm)
        if not functions:
            raise compile_error(step.source, [missing_main(self.example, cxx=self.cxx), *diagnostics])
        if not reactor and not _MAINS.isdisjoint(functions):  # it comes from a header, or by a macro
            wasm, linked = self._link_as(step, flags, reactor=False, diagnostics=diagnostics)
        return wasm, linked

    def _link_as(
        self, step: Step, flags: Sequence[str], *, reactor: bool, diagnostics: tuple[Diagnostic, ...]
    ) -> tuple[bytes, tuple[Diagnostic, ...]]:
        # A flag at the end that wants a word takes ours, and no library that it could write over (attack X27).
        theirs = [*flags, _LINK[0]] if flags else []
        inputs = step.sysroot.link_line([_OBJECT, *theirs], reactor=reactor)
        said, failed_to_link = step.run(["wasm-ld", *_LINK, *(_LIBRARY if reactor else ()), *inputs, "-o", _MODULE])
        linked = linker_diagnostics(said, step.source)
        _check(failed_to_link, said, step.source, diagnostics + linked, step.workdir / _MODULE)
        return (step.workdir / _MODULE).read_bytes(), linked


def _exports(wasm: bytes) -> set[str]:
    """Return the names of a library's functions."""
    from ssvm_kernel.capabilities.wasm import read_binary

    return {export.name for export in read_binary(wasm).exports if export.kind == "function"} - {"_initialize"}


def _check(failed_step: bool, said: str, source: str, diagnostics: tuple[Diagnostic, ...], made: Path) -> None:
    """Raise when a step failed, or made nothing."""
    if failed_step and any(found.severity is Severity.ERROR for found in diagnostics):
        raise compile_error(source, diagnostics)
    if failed_step:
        raise failed(source, f"the compiler failed: {said.strip() or 'without a word'}")
    if not made.is_file():
        raise failed(source, f"the flags given make the compiler write no {made.name}")


def _read_files(step: Step, cell: str) -> tuple[str, ...]:
    """Return the files that the cell includes besides the headers of compiler and SDK, from clang's make rule.

    Which headers are the compiler's is decided by where they are: a cell can tell clang that any file is one (X08).
    """
    try:
        rule = (step.workdir / _DEPENDENCIES).read_text("utf-8", "surrogateescape")
    except OSError:
        return ()
    _, _, names = rule.replace("\\\n", " ").partition(":")
    found = [name.replace("\\ ", " ").replace("$$", "$") for name in re.split(r"(?<!\\)\s+", names) if name]
    known = f"{step.zig.lib}{os.sep}"
    others = (name for name in found if name != cell and (not name.startswith(known) or _UP in name))
    own = (_OURS, step.zig.lib.resolve(), *filter(None, [store.root()]))
    paths = dict.fromkeys((step.workdir / name).resolve() for name in others)
    return tuple(str(path) for path in paths if not any(path.is_relative_to(folder) for folder in own))
