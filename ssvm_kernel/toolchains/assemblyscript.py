"""AssemblyScript, by its own compiler in Node.js, with WASI for the console, arguments and environment."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ssvm_kernel import sdk
from ssvm_kernel.errors import ToolchainMissing, UsageError
from ssvm_kernel.toolchains import _asc_server
from ssvm_kernel.toolchains._asc_install import DRIVER, Compiler, find_compiler, installed
from ssvm_kernel.toolchains._asc_report import asc_diagnostics, unknown_options
from ssvm_kernel.toolchains._signatures import with_signatures
from ssvm_kernel.toolchains._source_map import with_lines
from ssvm_kernel.toolchains._tools import (
    TIMEOUT,
    choose_opt,
    code_digest,
    encode,
    failed,
    inputs_digest,
    packaged_digest,
)
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Diagnostic, Found, Severity
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["AssemblyScriptToolchain"]

LIBRARY = Path(sdk.__file__).parent / "assemblyscript"
_TARGET = "wasm32-wasi"
_CELL, _MODULE = "cell.ts", "cell.wasm"
_EXAMPLE = 'console.log("hello");'
_OPT_LEVELS = "0123sz"
_DEFAULT_OPT = "2"  # a third level takes a third longer to compile, and its code is faster by no more than 6 %
_REPLACED = {"abort": "ssvm_abort"} | {
    name: f"wasi_{name}" for name in ("trace", "seed", "console", "crypto", "performance", "process", "Date")
}
_COMMON = (
    *(word for name, ours in _REPLACED.items() for word in ("--use", f"{name}={ours}")),
    "--use",
    "ASC_WASI=1",
    "--debug",  # names, and by the source map lines, for the stack of a trap
    "--sourceMap",
    "--outFile",
    _MODULE,
)
_SIMD = ("--enable", "simd")
_PROGRAM = ("--exportStart", "_start")
_LIBRARY = ("--exportStart", "_initialize", "--exportRuntime")
# Those that read or write files, run JavaScript, or make something else.
_REFUSED = re.compile(
    r"(?:-[otbhv]|--(?:outFile|textFile|binaryFile|bindings|config|baseDir|transform|lib|path|target|sourceMap|exportStart"
    r"|showConfig|noEmit|help|version|wasm|noColors|stats|measure))(?:=.*)?"
)
# A text can have /* in it. What is not closed goes to the end: to look for it from each of a million quotes took hours.
_NO_CODE = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?|`(?:\\.|[^`\\])*`?", re.DOTALL
)
# Of one line only: to look for the end of all blanks from each of a million empty lines would take minutes.
_EXPORT = re.compile(r"^[ \t]*export\b(?![ \t]+(?:declare|type|interface|import)\b)(?!.*\bfrom\b)", re.MULTILINE)
_START = re.compile(r"^[ \t]*export\s+function\s+_start\b", re.MULTILINE)


class AssemblyScriptToolchain:
    """AssemblyScript, WASI, SIMD; a cell that exports is a library."""

    name = "assemblyscript"
    aliases = ("as", "asc")
    suffix = ".ts"
    hello = 'console.log("hello");\n'

    def find(self) -> Found:
        """Return the compiler that will be used; it may have to be fetched yet.

        Raises
        ------
        ToolchainMissing
            With the command that installs what is needed.
        """
        compiler = find_compiler()
        parts = [*_COMMON, *_SIMD, *_PROGRAM, *_LIBRARY, _DEFAULT_OPT, compiler.node.version, _sources_digest()]
        inputs = inputs_digest(parts)
        return Found(str(compiler.packages), compiler.version, _TARGET, inputs)

    def compile(self, source: str, options: CompileOptions, workdir: Path) -> Compiled:
        """Compile `source`; it can import the session's files, and ``ssvm_process``, ``ssvm_display`` ...

        Raises
        ------
        CompileError
            With line and column in `source`.
        ToolchainMissing
            When there is no Node.js, or the compiler cannot be fetched.
        UsageError
            For an option that makes something other than a guest, or that the compiler does not know.
        """
        for flag in options.flags:
            if not flag.startswith("-"):
                raise UsageError(f"{flag} is no option; an option and its value are one word, as in --runtime=stub")
            if _REFUSED.fullmatch(flag):
                raise UsageError(f"the option {flag} makes something other than a guest, or runs another program")
        opt = choose_opt(options.opt, _DEFAULT_OPT, _OPT_LEVELS)
        encode(source, _EXAMPLE)
        compiler = installed(options.notice)
        started = time.monotonic()
        workdir = workdir.resolve()
        texts = {name: text for name, text in options.files if name.endswith(".ts")} | {_CELL: source}
        words = [*_COMMON, *_kind(source), f"-O{opt}", *_features(options.flags), *options.flags]
        answer = _ask(compiler, {"entry": _CELL, "options": words, "files": texts}, workdir, options)
        for unknown in unknown_options(answer["said"]):
            raise UsageError(f"the AssemblyScript compiler knows no option {unknown}")
        diagnostics = asc_diagnostics(answer["diagnostics"], _CELL, texts)
        wasm = with_signatures(_module(answer, texts, workdir, diagnostics), source)
        return Compiled(wasm, diagnostics, time.monotonic() - started)


def _kind(source: str) -> tuple[str, ...]:
    """Return the options for a program or a library."""
    code = _NO_CODE.sub(" ", source)
    if _START.search(code):
        return ()
    return _LIBRARY if _EXPORT.search(code) else _PROGRAM


def _features(flags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the options for SIMD; for the compiler, what is enabled comes after what is disabled."""
    disabled = [flag.partition("=")[2].split(",") for flag in flags if flag.startswith("--disable=")]
    return () if any("simd" in names for names in disabled) else _SIMD


def _ask(compiler: Compiler, request: Mapping[str, Any], workdir: Path, options: CompileOptions) -> dict[str, Any]:
    """Let the compiler answer a request; see ``_asc/driver.mjs``.

    Raises
    ------
    CompileError
        When it crashed, took too long, or gave no answer.
    ToolchainMissing
        When it cannot be started.
    """
    source = request["files"][_CELL]
    (workdir / _asc_server.REQUEST).write_text(json.dumps(request), "utf-8")
    argv = [str(compiler.node.program), str(DRIVER), str(compiler.packages), str(LIBRARY)]
    try:
        said = _asc_server.ask(argv, workdir, timeout=TIMEOUT, notice=options.notice)
    except OSError as error:
        raise ToolchainMissing(f"{argv[0]} cannot be started: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise failed(source, f"the AssemblyScript compiler took more than {TIMEOUT:.0f} s and was stopped") from error
    if said:
        raise failed(source, f"the AssemblyScript compiler failed: {said}")
    try:
        answer = json.loads((workdir / _asc_server.ANSWER).read_text("utf-8"))
        return {name: answer[name] for name in ("said", "diagnostics", "failed")}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise failed(source, f"the AssemblyScript compiler gave no answer that can be read: {error!r}") from error


def _module(
    answer: Mapping[str, Any], texts: Mapping[str, str], workdir: Path, diagnostics: tuple[Diagnostic, ...]
) -> bytes:
    """Return the module.

    Raises
    ------
    CompileError
        When none was made.
    """
    source = texts[_CELL]
    if any(found.severity is Severity.ERROR for found in diagnostics):
        raise compile_error(source, diagnostics)
    if answer["failed"]:
        raise failed(source, f"the AssemblyScript compiler failed: {answer['failed']}")
    module = workdir / _MODULE
    if not module.is_file():
        raise failed(source, "the options given make the compiler write no module")
    return with_lines(module.read_bytes(), Path(f"{module}.map").read_bytes(), texts)


def _sources_digest() -> str:
    """Return the digest of what is compiled with a cell, of what compiles it, and of what adds to the module."""
    ours = code_digest("_signatures", "_source_map", "_sections")
    return f"{packaged_digest(DRIVER.parent, DRIVER.name)} {packaged_digest(LIBRARY, '*.ts')} {ours}"
