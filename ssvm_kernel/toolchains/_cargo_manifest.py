"""The crates that a Rust cell declares in its first lines, and the manifest that cargo is given for them.

A cell that begins so is built by cargo::

    //! [dependencies]
    //! regex = "1"
    //! shapes = { path = "/home/me/shapes" }
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel.toolchains._wit_block import HEAD
from ssvm_kernel.toolchains.base import Diagnostic, Severity
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["CELL", "Declared", "declared", "manifest"]

CELL = "cell.rs"
_COMMENT = re.compile(r"//! ?")
_FIRST = re.compile(r"//!\s*\[dependencies\b")
_ABOVE = re.compile(r"//!(?!\s*\[dependencies\b)")
_TABLE = re.compile(r"\s*\[+\s*([^\]\"']*?)\s*\]+\s*(?:#.*)?$")
_NAME = re.compile(r"\s*(?:\[\s*dependencies\s*\.\s*)?\"?([A-Za-z0-9_-]+)\"?\s*(?:=|\.|\])")
_RELATIVE = re.compile(r"\bpath\s*=\s*[\"']([^\"']*)[\"']")
_HEAD = """\
[package]
name = "cell"
version = "0.0.0"
edition = "2021"
publish = false

{kind}
name = "cell"
path = "cell.rs"

[workspace]

"""
_PROGRAM, _LIBRARY = "[[bin]]", '[lib]\ncrate-type = ["cdylib"]'


@dataclass(frozen=True)
class Declared:
    """What a cell declares.

    Parameters
    ----------
    first : int
        The line of the cell that the declarations begin at.
    lines : tuple of str
        The declarations, as cargo reads them.
    indents : tuple of int
        How many characters stand before each in the cell.
    """

    first: int
    lines: tuple[str, ...]
    indents: tuple[int, ...]

    def diagnostic(self, message: str, at: int, column: int = 0, **more: str) -> Diagnostic:
        """Return an error about line `at` of the declarations, which count from 0; without a column about all of it."""
        start = self.indents[at] + (column or 1)
        end = self.indents[at] + len(self.lines[at]) + 1
        line = self.first + at
        return Diagnostic(Severity.ERROR, message, line, start, line, start + 1 if column else end, **more)

    def line_of(self, crate: str) -> int | None:
        """Return the line that declares a crate, counted from 0."""
        wanted = crate.replace("_", "-")
        for at, text in enumerate(self.lines):
            name = _NAME.match(text)
            if name is not None and name[1].replace("_", "-") == wanted:
                return at
        return None


def declared(source: str) -> Declared | None:
    """Return what a cell declares, None for one that declares nothing.

    Raises
    ------
    CompileError
        For a table other than that of the dependencies, and for a relative path.
    """
    lines = source.split("\n")
    start = next((at for at, line in enumerate(lines) if line.strip()), 0)
    if HEAD.match(lines[start]):  # a component's WIT stands above
        start = next((at for at in range(start, len(lines)) if not _ABOVE.match(lines[at])), start)
    if not _FIRST.match(lines[start]):
        return None
    found: list[str] = []
    indents: list[int] = []
    for line in lines[start:]:
        comment = _COMMENT.match(line)
        if comment is None or HEAD.match(line):
            break
        found.append(line[comment.end() :].rstrip("\r"))
        indents.append(comment.end())
    block = Declared(start + 1, tuple(found), tuple(indents))
    _check(block, source)
    return block


def _check(block: Declared, source: str) -> None:
    for at, text in enumerate(block.lines):
        table = _TABLE.match(text)
        if table is not None and table[1].split(".")[0].strip() != "dependencies":
            said = f"a cell can declare [dependencies] here, and not [{table[1]}]"
            raise compile_error(source, [block.diagnostic(said, at)])
        path = _RELATIVE.search(text)
        if path is not None and not Path(path[1]).is_absolute():
            said = "the path must be absolute, because a cell is compiled in a folder of its own"
            raise compile_error(source, [block.diagnostic(said, at, path.start(1) + 1)])


def manifest(block: Declared, *, library: bool) -> tuple[str, int]:
    """Return the text of ``Cargo.toml``, and the line of it that the declarations begin at."""
    head = _HEAD.replace("{kind}", _LIBRARY if library else _PROGRAM)
    return head + "\n".join(block.lines) + "\n", head.count("\n") + 1
