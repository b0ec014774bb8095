"""What the AssemblyScript compiler says, as findings about the cell."""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping
from typing import Any

from ssvm_kernel.toolchains.base import Diagnostic, Severity

__all__ = ["asc_diagnostics", "unknown_options"]

_SEVERITIES = {0: Severity.NOTE, 1: Severity.NOTE, 2: Severity.WARNING, 3: Severity.ERROR}
_OWN_CODES = 1000  # below are the compiler's own, from here those that it shares with TypeScript
_UNKNOWN = re.compile(r"^WARNING Unknown option '(.*)'$", re.MULTILINE)
_LIBRARY = "~lib/"


def asc_diagnostics(items: list[dict[str, Any]], cell: str, texts: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Return the compiler's findings.

    Parameters
    ----------
    items : list of dict
        ``code``, ``category``, ``message``, and where there is a place ``file``, ``start`` and ``end``, which count
        UTF-16 code units.
    cell : str
        Name of the cell's file, as the compiler knows it.
    texts : mapping of str to str
        The text of each file, the cell's among them.
    """
    places = {name: _Places(text) for name, text in texts.items()}
    return tuple(dict.fromkeys(_diagnostic(item, cell, places) for item in items))


def _diagnostic(item: Mapping[str, Any], cell: str, places: Mapping[str, _Places]) -> Diagnostic:
    severity = _SEVERITIES.get(item["category"], Severity.ERROR)
    code = f"{'AS' if item['code'] < _OWN_CODES else 'TS'}{item['code']}"
    message, file = str(item["message"]), str(item.get("file", ""))
    place = places.get(file)
    if place is None:
        message = f"{message} (in {file})" if file.startswith(_LIBRARY) else message
        return Diagnostic(severity, message, code=code)
    (line, column), (end_line, end_column) = place.of(item["start"]), place.of(item["end"])
    return Diagnostic(
        severity, message, line, column, end_line, end_column, code=code, file="" if file == cell else file
    )


def unknown_options(said: str) -> list[str]:
    """Return the options that the compiler does not know; it only warns of them."""
    return _UNKNOWN.findall(said)


class _Places:
    """Line and column of an offset that counts UTF-16 code units."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._units = text if text.isascii() else None
        self._starts: list[int] = []

    def of(self, offset: int) -> tuple[int, int]:
        """Return the line and the column in characters, both from 1."""
        if not self._starts:
            self._starts = self._line_starts()
        line = bisect.bisect_right(self._starts, offset)
        within = offset - self._starts[line - 1]
        if self._units is None:
            within = self._characters(line, within)
        return line, within + 1

    def _line_starts(self) -> list[int]:
        starts, at = [0], 0
        for line in self._text.split("\n"):
            at += _units(line) + 1
            starts.append(at)
        return starts[:-1]

    def _characters(self, line: int, units: int) -> int:
        text = self._text.split("\n")[line - 1]
        return len(text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore"))


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
