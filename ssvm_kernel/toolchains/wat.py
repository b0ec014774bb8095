"""WebAssembly text, assembled by wasmtime itself."""

from __future__ import annotations

import functools
import re
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from ssvm_kernel.capabilities.binary import is_component
from ssvm_kernel.errors import CompileError, ToolchainMissing, UsageError
from ssvm_kernel.toolchains._tools import encode
from ssvm_kernel.toolchains._wat_place import function_at
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Diagnostic, Found, Severity
from ssvm_kernel.toolchains.render import compile_error

if TYPE_CHECKING:
    from wasmtime import Engine

__all__ = ["WatToolchain"]

_EXAMPLE = '(module (func (export "_start")))'
_HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\05\\00\\00\\00")
  (data (i32.const 16) "hello")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
"""
_PLACE = re.compile(r"\s*(?:-->|at) <anon>:(\d+):(\d+)")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_OFFSET = re.compile(r"\s*\(at offset 0x([0-9a-f]+)\)")


class WatToolchain:
    """The text format: no process, no file, a few milliseconds."""

    name = "wat"
    aliases = ("wast",)
    suffix = ".wat"
    hello = _HELLO

    def find(self) -> Found:
        """Return the installed wasmtime, without importing it: a cached cell does not need it here.

        Raises
        ------
        ToolchainMissing
            When the package is gone.
        """
        return Found("wasmtime", _wasmtime_version(), "wasm")

    def compile(self, source: str, options: CompileOptions, workdir: Path) -> Compiled:  # noqa: ARG002 - no files needed
        """Assemble and validate `source`.

        Raises
        ------
        CompileError
            With line and column; for a text that does not validate, those of the function.
        UsageError
            When options are given: there are none.
        """
        if options.opt or options.flags:
            raise UsageError("WebAssembly text is assembled as it stands: there are no compiler options")
        encode(source, _EXAMPLE)
        started = time.monotonic()
        from wasmtime import WasmtimeError, wat2wasm

        try:
            wasm = bytes(wat2wasm(source))
        except WasmtimeError as error:
            raise _syntax_error(source, str(error)) from None
        _validate(source, wasm)
        return Compiled(wasm, seconds=time.monotonic() - started)


@functools.cache
def _wasmtime_version() -> str:
    try:
        return version("wasmtime")
    except PackageNotFoundError:
        command = "pip install wasmtime"
        raise ToolchainMissing(f"the package wasmtime is not installed: {command}", command) from None


def _syntax_error(source: str, text: str) -> CompileError:
    message, line, column = _parsed(text)
    if not source.isascii():
        column = _character_column(source, (message, line, column))
    return compile_error(source, [Diagnostic(Severity.ERROR, message, line, column, rendered=text)])


def _parsed(text: str) -> tuple[str, int, int]:
    place = _PLACE.search(text)
    return (text[: place.start()].strip(), int(place[1]), int(place[2])) if place else (text, 0, 0)


def _character_column(source: str, found: tuple[str, int, int]) -> int:
    """Return the column of an error in characters; the assembler counts columns of a terminal.

    A text with one ASCII letter for each other character has the same error at the same character.
    """
    from wasmtime import WasmtimeError, wat2wasm

    try:
        wat2wasm(_NOT_ASCII.sub("_", source))
    except WasmtimeError as error:
        message, line, column = _parsed(str(error))
        if (message, line) == found[:2]:
            return column
    return found[2]  # the character itself was the error, so what stands before it is most likely ASCII


def _validate(source: str, wasm: bytes) -> None:
    """Raise for a module that assembles but is not valid: here the person still sees which function it is."""
    if is_component(wasm):
        return
    from wasmtime import Module, WasmtimeError

    try:
        Module.validate(_engine(), wasm)
    except WasmtimeError as error:
        text = str(error)
        offset = _OFFSET.search(text)
        place = function_at(source, wasm, int(offset[1], 16)) if offset else None
        line, column = place or (0, 0)
        label = "in this function" if place else ""
        found = Diagnostic(Severity.ERROR, _OFFSET.sub("", text), line, column, label=label, rendered=text)
        raise compile_error(source, [found]) from None


@functools.cache
def _engine() -> Engine:
    from wasmtime import Engine

    return Engine()
