"""What zig says, as findings about the cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ssvm_kernel.toolchains._clang_report import undefined_symbol
from ssvm_kernel.toolchains.base import Diagnostic, Severity, in_characters

__all__ = ["NOTHING_TO_RUN", "zig_diagnostics"]

_SEVERITIES = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "note": Severity.NOTE,
}
_PLACED = re.compile(
    r"^(?P<file>\S.*?):(?P<line>\d+):(?P<column>\d+): (?P<severity>error|warning|note): (?P<message>.*)$"
)
_UNPLACED = re.compile(r"^(?: {4})?(?P<severity>error|warning|note): (?P<message>.*)$")
_UNDEFINED = re.compile(r"^.*undefined (?:function|data|global|symbol): (?P<symbol>\S+)$")
_MARK = re.compile(r"^(?P<before>[ ~]*)\^(?P<after>~*)$")
_REFERENCE = re.compile(r"^ {4}(?P<who>\S.*): (?P<file>\S.*?):(?P<line>\d+):(?P<column>\d+)$")
_NO_ENTRY = "entry symbol '_start' missing"
NOTHING_TO_RUN = (
    "nothing here can be run: a Zig program needs pub fn main() !void { … }, a library functions like "
    "export fn add(a: i32, b: i32) i32 { return a + b; }"
)


def zig_diagnostics(said: str, texts: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Return zig's findings.

    Parameters
    ----------
    said : str
        Its stderr, without colours, with the whole trace of references.
    texts : mapping of str to str
        Text of each file that the person wrote, by its name for zig; the first one is the cell.
    """
    return tuple(_Report(texts).read(said))


class _Report:
    """Reads what zig says, line by line; a finding is given when the next one begins."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._lines = {name: text.split("\n") for name, text in texts.items()}
        self._cell, self._source = next(iter(texts.items()))
        self._current: Diagnostic | None = None
        self._elsewhere = False  # the finding is in a file of the library, and its place in the cell is not known yet

    def read(self, said: str) -> Iterator[Diagnostic]:
        """Give the findings."""
        for text in said.splitlines():
            if (placed := _PLACED.match(text)) is not None:
                yield from self._finish()
                self._begin(placed)
            elif (unplaced := _UNPLACED.match(text)) is not None:
                yield from self._finish()
                self._current = self._without_place(unplaced)
            elif self._current is not None:
                self._add(text)
        yield from self._finish()

    def _finish(self) -> Iterator[Diagnostic]:
        if self._current is not None:
            yield self._current
        self._current, self._elsewhere = None, False

    def _begin(self, match: re.Match[str]) -> None:
        severity, message, file = _SEVERITIES[match["severity"]], match["message"], match["file"]
        line, column = int(match["line"]), int(match["column"])
        if file in self._lines:
            where = "" if file == self._cell else file
            column = self._characters(file, line, column)
            self._current = Diagnostic(severity, message, line, column, file=where, rendered=match.string)
        else:
            self._elsewhere = severity is not Severity.NOTE
            self._current = Diagnostic(severity, f"{message} ({file}:{line})", rendered=match.string)

    def _without_place(self, match: re.Match[str]) -> Diagnostic:
        message = match["message"]
        if (undefined := _UNDEFINED.match(message)) is not None:
            return undefined_symbol(undefined["symbol"], self._source)
        if message == _NO_ENTRY:
            return Diagnostic(Severity.ERROR, NOTHING_TO_RUN, rendered=match.string)
        return Diagnostic(_SEVERITIES[match["severity"]], message, rendered=match.string)

    def _add(self, text: str) -> None:
        """Take a further line of the current finding: the source, the mark below it, or who refers to it."""
        found = self._current
        assert found is not None
        found = replace(found, rendered=f"{found.rendered}\n{text}")
        reference = _REFERENCE.match(text)
        if reference is not None and self._elsewhere and reference["file"] in self._lines:
            self._elsewhere = False
            file, line = reference["file"], int(reference["line"])
            column = self._characters(file, line, int(reference["column"]))
            found = replace(found, line=line, column=column, file="" if file == self._cell else file)
        elif found.line and not found.end_column and (mark := _MARK.match(text)) is not None:
            found = replace(found, end_line=found.line, end_column=found.column + 1 + len(mark["after"]))
        self._current = found

    def _characters(self, file: str, line: int, column: int) -> int:
        lines = self._lines[file]
        return in_characters(lines[line - 1], column) if line <= len(lines) else column
