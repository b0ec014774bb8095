"""What the Go compiler and linker say, as findings about the cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ssvm_kernel.toolchains.base import Diagnostic, Severity, in_characters

__all__ = ["BY_FOLDER", "NO_EXPORT", "Source", "go_diagnostics"]

_PLACED = re.compile(r"^(?:\./)?(?P<file>[^\s:/]+\.go):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<message>.*)$")
_ABOUT = re.compile(r"^(?:# |package command-line-arguments$|\s*imports )")
_USAGE = re.compile(r"^usage: ", re.IGNORECASE)
_NO_MAIN = re.compile(r"function main is undeclared in the main package")
_NO_PACKAGE = re.compile(r'^cannot find package "(?P<name>[^"]*)"')
_OF_A_FOLDER = re.compile(r'^import "[^"]*": cannot import absolute path$')
_WORD = re.compile(r'"[^"\n]*"|\w*')
_HAS = "a cell can import the standard library, ssvm_process, wasmedge_process and ssvm_display"

BY_FOLDER = f"a package cannot be imported by its folder; {_HAS}"

NO_EXPORT = (
    "a Go cell needs a function to begin with, func main() { … }, or functions to export, each after a line "
    "//go:wasmexport NAME"
)


class Source:
    """The texts that are compiled, to find columns in.

    Parameters
    ----------
    cell : str
        Name of the cell's file, as Go knows it.
    source : str
        The cell's text.
    files : mapping of str to str
        Name and text of the session's files.
    """

    def __init__(self, cell: str, source: str, files: Mapping[str, str]) -> None:
        self._cell = cell
        self._lines = {name: text.split("\n") for name, text in ((cell, source), *files.items())}

    def place(self, found: Diagnostic, file: str, line: int, column: int) -> Diagnostic:
        """Return `found` with its place: Go counts columns in bytes of UTF-8, and names only where a thing begins."""
        lines = self._lines.get(file)
        if lines is None or not 0 < line <= len(lines):
            return replace(found, message=f"{file}:{line}: {found.message}")
        text = lines[line - 1]
        column = in_characters(text, column)
        word = _WORD.match(text, max(column - 1, 0))
        end = max(column + 1, word.end() + 1) if word and column else 0
        name = "" if file == self._cell else file
        return replace(found, line=line, column=column, end_line=line if end else 0, end_column=end, file=name)


def go_diagnostics(said: str, source: Source) -> tuple[Diagnostic, ...]:
    """Return Go's findings; it knows no warnings.

    Parameters
    ----------
    said : str
        What ``go build`` wrote to stderr, without paths of this machine.
    source : Source
        What was compiled.
    """
    found: list[Diagnostic] = []
    for text in said.splitlines():
        if (placed := _PLACED.match(text)) is not None:
            message, line, column = placed["message"], int(placed["line"]), int(placed["column"] or 0)
            plain = Diagnostic(Severity.ERROR, message, rendered=text)
            found.append(source.place(plain, placed["file"], line, column))
        elif text.startswith("\t") and found:
            found[-1] = replace(
                found[-1], message=f"{found[-1].message}\n{text.strip()}", rendered=f"{found[-1].rendered}\n{text}"
            )
        elif _NO_MAIN.search(text):
            found.append(Diagnostic(Severity.ERROR, NO_EXPORT, rendered=text))
        elif _USAGE.match(text):
            break  # a flag was wrong, which is said above; what follows are pages of others
        elif text.strip() and not _ABOUT.match(text):
            found.append(Diagnostic(Severity.ERROR, text.strip(), rendered=text))
    return tuple(_shorter(item) for item in found)


def _shorter(found: Diagnostic) -> Diagnostic:
    """Say of a package that is not there what can be had, instead of the folders that were looked at."""
    missing = _NO_PACKAGE.match(found.message)
    if missing is None and not _OF_A_FOLDER.match(found.message):
        return found
    # Go calls a package by a relative path ".", wherever that leads.
    name = missing["name"] if missing and missing["name"] != "." else ""
    return replace(found, message=f"there is no package {name} here; {_HAS}" if name else BY_FOLDER)
