"""Cells that become components: WIT says what they export, and the cell writes plain functions of its language.

The language's own toolchain makes a module, with a header (C, C++) or a module `wit` (Rust) that is made of the WIT and
stands between the cell's functions and the canonical ABI; ``wasm-tools`` makes a component of it.  In other languages a
cell exports what the canonical ABI says by itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.errors import CompileError, ToolchainMissing, UsageError
from ssvm_kernel.toolchains._adapter import DIGEST, adapter
from ssvm_kernel.toolchains._clang_flags import REACTOR
from ssvm_kernel.toolchains._tools import packaged_digest
from ssvm_kernel.toolchains._wasm_tools import Work, find_wasm_tools
from ssvm_kernel.toolchains._wit import Function, Uncovered, World, world_from
from ssvm_kernel.toolchains._wit_block import Wit, declared, from_file
from ssvm_kernel.toolchains._wit_c import CHeader
from ssvm_kernel.toolchains._wit_rust import RustModule
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Diagnostic, Found, Severity, Toolchain, place_in
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["ComponentToolchain", "for_cell"]

_LANGUAGES: Final = ("c", "c++", "rust", "zig", "wat")  # others make programs, or need a host of their own
_WASI: Final = "wasi_snapshot_preview1"
_OF_C: Final = (".c", ".cpp")
_HEADER, _MODULE = "cell.wit.h", "cell.wit.rs"
_IN_HEADER: Final = re.compile(re.escape(_HEADER) + r":(\d+):")
_UNDEFINED: Final = "undefined symbol: "
_NO_FUNCTION, _OTHER_TYPE = "E0425", "E0308"
# After the cell's last line, so that its own lines stay where they are.
_RUST_END: Final = f'\n#[allow(warnings)] #[path = "{_MODULE}"] mod wit; extern crate ssvm_wit;\n'


def for_cell(toolchain: Toolchain, source: str, file: str, files: Mapping[str, str]) -> Toolchain:
    """Return what compiles a cell: for one with WIT, what makes a component of it.

    Parameters
    ----------
    toolchain : Toolchain
        That of the cell's language.
    source : str
        The cell's text.
    file : str
        The file with its WIT (``--wit``); empty where the cell has it.
    files : mapping of str to str
        The session's files.

    Raises
    ------
    UsageError
        When the file cannot be read, or the cell has WIT besides.
    """
    inside = declared(source)
    if file and inside is not None:
        raise UsageError(f"the WIT is in the cell already ([wit], line {inside.first} of its text): leave out --wit")
    wit = from_file(file, files) if file else inside
    if wit is None:
        return toolchain
    if toolchain.name not in _LANGUAGES:
        raise UsageError(f"components are made of cells in {', '.join(_LANGUAGES)}, and not in {toolchain.name}")
    return ComponentToolchain(toolchain, wit)


class _Helper(Protocol):
    """What stands between a cell's functions and the canonical ABI."""

    lines: dict[int, Function]

    def prototype(self, function: Function) -> str: ...
    def name(self, function: Function) -> str: ...
    def text(self) -> str: ...


class ComponentToolchain:
    """Makes components of cells.

    Parameters
    ----------
    inner : Toolchain
        The toolchain of the cell's language.
    wit : Wit
        What the cell exports.
    """

    def __init__(self, inner: Toolchain, wit: Wit) -> None:
        self._inner = inner
        self._wit = wit
        self.name = f"{inner.name}+wit"
        self.aliases: tuple[str, ...] = ()
        self.suffix = inner.suffix
        self.hello = inner.hello

    def find(self) -> Found:
        """Return the language's compiler, with all that a component depends on besides.

        Raises
        ------
        ToolchainMissing
            When the compiler or ``wasm-tools`` is not installed.
        """
        found = self._inner.find()
        folder = Path(__file__).parent
        ours = " ".join(packaged_digest(folder, files) for files in ("components.py", "_wasm_tools.py", "_wit*.py"))
        parts = [found.inputs, find_wasm_tools().identity, self._wit.file, self._wit.text, ours, DIGEST]
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
        return dataclasses.replace(found, inputs=digest)

    def compile(self, source: str, options: CompileOptions, workdir: Path) -> Compiled:
        """Compile a cell to a component; see `Toolchain.compile`.

        Raises
        ------
        CompileError
            When the cell does not compile, its WIT is wrong, or it does not have the functions of its world.
        ToolchainMissing
            When ``wasm-tools``, or what gives a component the host's functions, is not there.
        """
        started = time.monotonic()
        wit = self._wit if self._wit.file else declared(source) or self._wit  # lines may have come above it
        work = Work(find_wasm_tools(), wit, source, workdir.resolve(), options.notice)
        tree = work.world()
        try:
            made = self._compile(source, options, work, world_from(tree))
        except Uncovered as error:
            raise compile_error(source, [wit.about(str(error), error.name)]) from None
        wasm = work.component(made.wasm, self._adapter(made, work), grows=self._inner.suffix in _OF_C)
        return dataclasses.replace(made, wasm=wasm, seconds=time.monotonic() - started)

    def _compile(self, source: str, options: CompileOptions, work: Work, world: World) -> Compiled:
        """Compile the cell to a module that exports what the world says."""
        if self._inner.suffix in _OF_C:
            header = CHeader(world)
            place = work.workdir / _HEADER
            place.write_text(header.text(), "utf-8")
            # Without --export-dynamic what no export needs is left out, and with it what it would have of WASI.
            # The place of the header is another each time, and the same cell is to be the same component.
            named = f"-ffile-prefix-map={work.workdir}=."
            flags = ("-include", str(place), named, REACTOR, "-Wl,--no-export-dynamic", *options.flags)
            explained = _Explained(work.wit, world, header, source)
            with explained:
                return self._inner.compile(source, dataclasses.replace(options, flags=flags), work.workdir)
        if self._inner.suffix == ".rs":
            module = RustModule(world)
            text = module.text()
            (work.workdir / _MODULE).write_text(text, "utf-8")
            files = (*options.files, (_MODULE, text))
            explained = _Explained(work.wit, world, module, source)
            with explained:
                return self._inner.compile(source + _RUST_END, dataclasses.replace(options, files=files), work.workdir)
        return self._inner.compile(source, options, work.workdir)

    def _adapter(self, made: Compiled, work: Work) -> bytes:
        """Return what gives a module its imports; nothing for one that has none."""
        imports = read_binary(made.wasm).imports
        others = sorted({f"{item.module} ({item.name})" for item in imports if item.module != _WASI})
        if others:
            message = f"a component can ask the host for WASI only, and this cell imports {', '.join(others)}"
            help_ = Diagnostic(Severity.HELP, "without WIT it is a module, which can run commands and all the rest")
            raise compile_error(work.source, [Diagnostic(Severity.ERROR, message), help_, *made.diagnostics])
        if not imports:
            return b""
        try:
            return adapter(work.notice)
        except ToolchainMissing as error:
            names = ", ".join(item.name for item in imports)
            raise ToolchainMissing(
                f"the cell asks for {names} of WASI 0.1, which a component has by an adapter only: {error}",
                error.command,
            ) from None


class _Explained:
    """Says in the words of the WIT what a compiler says of code that the person did not write."""

    def __init__(self, wit: Wit, world: World, helper: _Helper, source: str) -> None:
        self._wit = wit
        self._helper = helper
        self._source = source
        self._by_name = {helper.name(function): function for function in world.functions}

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, CompileError):
            raise compile_error(self._source, list(self._explained(error.diagnostics))) from None

    def _explained(self, found: tuple[Diagnostic, ...]) -> Iterator[Diagnostic]:
        for item in found:
            missing = self._missing(item)
            if missing is not None:
                message = f"the world exports {missing.name}, and the cell has no such function"
                yield self._wit.about(message, missing.name)
                yield self._wanted(missing)
            elif (place := _IN_HEADER.match(item.message)) and item.severity is Severity.NOTE:
                function = self._helper.lines.get(int(place[1]))
                yield item if function is None else self._wanted(function)
            elif item.file == _MODULE and item.code == _OTHER_TYPE:
                yield from self._other_type(item)
            elif item.file != _MODULE:
                yield item
            elif item.severity is Severity.ERROR:
                yield dataclasses.replace(item, file="", line=0)

    def _missing(self, item: Diagnostic) -> Function | None:
        """Return the function that a finding says is not there."""
        if item.message.startswith(_UNDEFINED):
            return self._by_name.get(item.message.removeprefix(_UNDEFINED))
        if item.file == _MODULE and item.code == _NO_FUNCTION:
            return self._helper.lines.get(item.line)
        return None

    def _other_type(self, item: Diagnostic) -> Iterator[Diagnostic]:
        function = self._helper.lines.get(item.line)
        if function is None:
            yield dataclasses.replace(item, file="", line=0)
            return
        name = self._helper.name(function)
        message = f"{name} has other types than the world says"
        place = re.search(rf"\bfn\s+({name})\b", self._source)
        if place is None:
            yield self._wit.about(message, function.name)
        else:
            line, column = place_in(self._source, place.start(1))
            end = column + len(name)
            yield Diagnostic(Severity.ERROR, message, line, column, line, end, item.code, rendered=item.rendered)
        yield self._wanted(function)

    def _wanted(self, function: Function) -> Diagnostic:
        return Diagnostic(Severity.HELP, f"the world wants: {self._helper.prototype(function)}")
