"""Rust, by a rustc that the person has, with the crate of the process interface at hand."""

from __future__ import annotations

import dataclasses
import re
import time
from pathlib import Path

from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.toolchains._cargo import ALLOW_SCRIPTS, Order, build
from ssvm_kernel.toolchains._cargo_manifest import declared
from ssvm_kernel.toolchains._clang_report import undefined_symbol
from ssvm_kernel.toolchains._flags import check_flags
from ssvm_kernel.toolchains._libraries import linked_by_rust
from ssvm_kernel.toolchains._rust_crates import extern_flags, libraries, sources_digest
from ssvm_kernel.toolchains._rustc import INSTALL, Rustc, find_rustc
from ssvm_kernel.toolchains._rustc_report import rustc_diagnostics, without_linker
from ssvm_kernel.toolchains._tools import choose_opt, encode, failed, inputs_digest, run_compiler, signature, tidy
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Diagnostic, Found, Severity
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["RustToolchain"]

_CELL, _MODULE, _DEPENDENCIES = "cell.rs", "cell.wasm", "cell.d"
_EXAMPLE = "fn main() {}"
_OPT_LEVELS = "0123sz"
_DEFAULT_OPT = "3"
_STACK = 8 * 2**20  # as the main thread of a program on Linux has it
_CODE = (
    "-Ctarget-feature=+simd128",
    "-Ccodegen-units=1",
    # Debian's library brings 5.8 MB of debug sections into each guest. Names stay for the stack of a trap; a panic
    # names its line by itself.
    "-Cstrip=debuginfo",
    "-Cllvm-args=-force-vector-interleave=4",  # see the C toolchain
)
_COMMON = ("--edition=2021", "--error-format=json", *_CODE)
_LINK = f"-Clink-arg=-zstack-size={_STACK}"
# Behind the person's flags: one at their end that wants a word takes this, and no library that it could write over.
_LAST = "-Clink-arg=--stack-first"
_CRATE = ("--crate-name=cell", _LINK, "--emit=link,dep-info")
_PROGRAM, _LIBRARY = "--crate-type=bin", "--crate-type=cdylib"
# What a short flag of one letter is followed by can be another one: -gClinker=x.
_REFUSED = re.compile(
    r"-o.*|--(?:out-dir|emit|target|crate-type|error-format|print|test)(?:=.*)?"
    r"|(?:-[gOvhV]*C|--codegen=)?linker(?:[-_]\w+)?=.*",
    re.DOTALL,
)
# Not where crates are: one that is a macro would run on this machine. Crates are declared (X06).
_WITH_PATH = re.compile(r"--(?:cfg|check-cfg|remap-path-prefix)=.*|(?:-L)?native=.*", re.DOTALL)
_BEFORE_PATH = ("--cfg", "--check-cfg", "--remap-path-prefix")
# What is not closed goes to the end: to look for the end from each of a million quotes would take hours.
_NO_CODE = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)"
    r"|'(?:\\.[^'\n]{0,10}|[^'\\\n])'"  # before texts: a quote can be one; a lifetime ('a) has no second one
    r"|\bb?r(?P<hashes>#*)\".*?(?:\"(?P=hashes)|\Z)|\"(?:\\.|[^\"\\])*\"?",
    re.DOTALL,
)
_HAS_MAIN = re.compile(r"\bfn\s+main\b|#!\[no_main\]")
_EXPORTS = re.compile(r"#\[(?:unsafe\s*\(\s*)?(?:no_mangle|export_name\b)|\bexport!\s*[({\[]")
_WIT = re.compile(r"\bextern crate ssvm_wit\b")  # a component (`components`): its exports are in a file of their own
_NOWHERE = "env"  # where the linker looks for functions that nothing defines: rustc tells it to allow them


class RustToolchain:
    """Rust 2021, WASI, SIMD; with crates by cargo, where the first lines declare some (`_cargo_manifest`)."""

    name = "rust"
    aliases = ("rs",)
    suffix = ".rs"
    hello = 'fn main() { println!("hello"); }\n'

    def find(self) -> Found:
        """Return the compiler that will be used.

        Raises
        ------
        ToolchainMissing
            With the commands that install one.
        """
        rustc = find_rustc()
        parts = [
            *_COMMON,
            *_CRATE,
            _PROGRAM,
            _LIBRARY,
            _DEFAULT_OPT,
            signature(rustc.program, rustc.library),
            sources_digest(),
        ]
        return Found(str(rustc.program), rustc.version, rustc.target, inputs_digest(parts))

    def compile(self, source: str, options: CompileOptions, workdir: Path) -> Compiled:
        """Compile and link `source`; one that exports functions and has no ``main`` is a library.

        Raises
        ------
        CompileError
            With line and column in `source`.
        ToolchainMissing
            When there is no compiler, no linker, or no library for WebAssembly.
        UsageError
            For a flag that makes something other than a guest, or could touch other files.
        """
        flags = tuple(flag for flag in options.flags if flag != ALLOW_SCRIPTS)
        check_flags(flags, _REFUSED, _WITH_PATH, _BEFORE_PATH)
        texts = (source, *(text for name, text in options.files if name.endswith(self.suffix)))
        theirs = linked_by_rust(flags, texts)
        flags = (*flags, _LAST) if flags else ()
        opt = choose_opt(options.opt, _DEFAULT_OPT, _OPT_LEVELS)
        text = encode(source, _EXAMPLE)
        rustc = find_rustc()
        workdir = workdir.resolve()
        target = f"--target={rustc.target}"
        crates = libraries(texts, rustc, [*_COMMON, target, f"-Copt-level={_DEFAULT_OPT}"])
        started = time.monotonic()
        block = declared(source)
        if block is not None:
            files = dict(options.files)
            order = Order(rustc, source, block, files, _is_library(source), opt, _CODE, [_LINK, *flags], crates, theirs)
            scripts = ALLOW_SCRIPTS in options.flags
            built = build(dataclasses.replace(order, allow_scripts=scripts, notice=options.notice))
            _check_imports(built.wasm, source, built.diagnostics)
            return Compiled(built.wasm, built.diagnostics, time.monotonic() - started, read_files=built.read_files)
        (workdir / _CELL).write_bytes(text)
        kind = _LIBRARY if _is_library(source) else _PROGRAM
        argv = [str(rustc.program), *_COMMON, target, f"-Copt-level={opt}", kind, *_CRATE]
        argv += [*extern_flags(crates, workdir), *flags, _CELL]
        wasm, diagnostics = _run(argv, workdir, source, rustc, options)
        return Compiled(wasm, diagnostics, time.monotonic() - started, read_files=(*_read_files(workdir), *theirs))


def _run(
    argv: list[str], workdir: Path, source: str, rustc: Rustc, options: CompileOptions
) -> tuple[bytes, tuple[Diagnostic, ...]]:
    """Run the compiler; return the module, and what was found."""
    done = run_compiler(argv, workdir, source=source, notice=options.notice)
    said = tidy(done.stderr.decode(errors="replace"), (workdir, ""))
    diagnostics = rustc_diagnostics(said, source, _CELL, dict(options.files))
    if done.returncode != 0:
        raise _failure(said, source, diagnostics, rustc)
    if not (workdir / _MODULE).is_file():
        raise failed(source, "the flags given make the compiler write no program")
    wasm = (workdir / _MODULE).read_bytes()
    _check_imports(wasm, source, diagnostics)
    return wasm, diagnostics


def _is_library(source: str) -> bool:
    """Tell whether a source has functions for the host to call, and nothing to begin with."""
    code = _NO_CODE.sub(" ", source)
    return bool(_WIT.search(code)) or (bool(_EXPORTS.search(code)) and not _HAS_MAIN.search(code))


def _failure(said: str, source: str, diagnostics: tuple[Diagnostic, ...], rustc: Rustc) -> Exception:
    linker = without_linker(said)
    if linker:
        problem = f"{rustc.program} does not find its linker {linker} for WebAssembly"
        return ToolchainMissing(f"{problem}. On Debian: apt-get install lld. Or install another compiler:\n{INSTALL}")
    if any(found.severity is Severity.ERROR for found in diagnostics):
        return compile_error(source, diagnostics)
    return failed(source, f"the compiler failed: {said.strip() or 'without a word'}")


def _check_imports(wasm: bytes, source: str, diagnostics: tuple[Diagnostic, ...]) -> None:
    """Raise for functions that are declared and defined nowhere, unless the cell wants them from that module."""
    missing = [item.name for item in read_binary(wasm).imports if item.module == _NOWHERE]
    if missing and f'"{_NOWHERE}"' not in source:
        raise compile_error(source, [*(undefined_symbol(name, source) for name in missing), *diagnostics])


def _read_files(workdir: Path) -> tuple[str, ...]:
    """Return the files that the cell includes, from rustc's make rules: each is a rule of its own at the end."""
    try:
        rules = (workdir / _DEPENDENCIES).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ()
    own = {_CELL, _MODULE, _DEPENDENCIES}
    names = [rule[:-1].replace("\\ ", " ") for rule in rules if rule.endswith(":") and not rule.startswith("#")]
    return tuple(str((workdir / name).resolve()) for name in names if name not in own)
