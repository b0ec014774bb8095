"""The WIT of a cell: in its first lines, or in a file.

A cell that begins so is built as a component::

    //! [wit]
    //! export half: func(n: u32) -> result<u32, string>;

The ``package`` and the ``world`` around it may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel.errors import UsageError
from ssvm_kernel.host.named import read_whole
from ssvm_kernel.toolchains.base import Diagnostic, Severity, place_in

__all__ = ["COMMENT", "HEAD", "Wit", "declared", "from_file"]

COMMENT = re.compile(r"\s*(?://!|;;) ?")
HEAD = re.compile(r"\s*(?://!|;;)\s*\[wit\]\s*$")
_TABLE = re.compile(r"\s*(?://!|;;)\s*\[")
_NOTE = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)  # to look for an end again and again would take hours
_PACKAGE = re.compile(r"^\s*package\b")
_WORLD = re.compile(r"\b(?:package|world)\s")
_OWN_PACKAGE = "package ssvm:cell; "
_OWN_WORLD = "world cell { "


@dataclass(frozen=True)
class Wit:
    """The WIT that a cell's functions are exported by.

    Parameters
    ----------
    text : str
        As the person wrote it.
    file : str
        The file that it is in; empty for the cell itself.
    first : int
        The line of the cell or file that it begins at.
    indents : tuple of int
        How many characters stand before each of its lines.
    """

    text: str
    file: str = ""
    first: int = 1
    indents: tuple[int, ...] = ()

    @property
    def before(self) -> str:
        """What stands before it for ``wasm-tools``, on its first line."""
        code = _NOTE.sub("", self.text)
        if not _WORLD.search(code):
            return _OWN_PACKAGE + _OWN_WORLD
        return "" if _PACKAGE.match(code) else _OWN_PACKAGE

    @property
    def whole(self) -> str:
        """As ``wasm-tools`` gets it."""
        end = "\n}\n" if self.before.endswith(_OWN_WORLD) else "\n"
        return self.before + self.text + end

    def diagnostic(self, message: str, line: int, column: int, length: int = 1, rendered: str = "") -> Diagnostic:
        """Return an error at a place of the text that ``wasm-tools`` got; without one where `line` is 0."""
        lines = self.text.split("\n")
        if not 0 < line <= len(lines):
            line, column = len(lines), len(lines[-1])
        column -= len(self.before) if line == 1 else 0
        if line == 1 and column < 1 and len(lines) > 1:  # what is ours is in order: the fault is what follows
            line, column = 2, 1
        column = max(1, column) + (self.indents[line - 1] if self.indents else 0)
        place = self.first + line - 1
        return Diagnostic(
            Severity.ERROR, message, place, column, place, column + max(1, length), rendered=rendered, file=self.file
        )

    def about(self, message: str, name: str) -> Diagnostic:
        """Return an error about a function or type, at its name."""
        found = re.search(rf"(?<![\w-])%?{re.escape(name)}(?![\w-])", self.text) if name else None
        if found is None:
            length = len("[wit]") if not self.file else len(self.text.partition("\n")[0])
            column = self.indents[0] + 1 if self.indents else 1
            return Diagnostic(Severity.ERROR, message, self.first, column, self.first, column + length, file=self.file)
        line, column = place_in(self.text, found.start())
        return self.diagnostic(message, line, column + (len(self.before) if line == 1 else 0), len(found[0]))


def declared(source: str) -> Wit | None:
    """Return the WIT in the first lines of a cell, None for a cell without."""
    lines = source.split("\n")
    at = next((at for at, line in enumerate(lines) if line.strip()), 0)
    while at < len(lines) and COMMENT.match(lines[at]) and not HEAD.match(lines[at]):
        at += 1
    if at == len(lines) or not HEAD.match(lines[at]):
        return None
    found = [""]
    indents = [lines[at].index("[")]
    for line in lines[at + 1 :]:
        comment = COMMENT.match(line)
        if comment is None or _TABLE.match(line):
            break
        found.append(line[comment.end() :].rstrip("\r"))
        indents.append(comment.end())
    return Wit("\n".join(found), "", at + 1, tuple(indents))


def from_file(name: str, files: Mapping[str, str]) -> Wit:
    """Return the WIT of a file: one of the session (``%%ssvm --file``), or one on this machine.

    Raises
    ------
    UsageError
        When it cannot be read.
    """
    if name in files:
        return Wit(files[name], name)
    try:
        text = read_whole(Path(name)).decode()
        return Wit(text.replace("\r\n", "\n").replace("\r", "\n"), Path(name).name)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(
            f"--wit {name}: the session has no such file, and it cannot be read from disk: {why}"
        ) from None
