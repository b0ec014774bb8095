"""What rustc says, as findings about the cell.

With ``--error-format=json`` it prints one object a line: a message with marked spans, and children (notes, helps) with
spans of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ssvm_kernel.toolchains._clang_report import linker_diagnostics
from ssvm_kernel.toolchains.base import Diagnostic, Severity
from ssvm_kernel.toolchains.render import NO_FILES

__all__ = ["rustc_diagnostics", "without_linker"]

_SEVERITIES = {
    "error": Severity.ERROR,
    "error: internal compiler error": Severity.ERROR,
    "warning": Severity.WARNING,
    "note": Severity.NOTE,
    "help": Severity.HELP,
}
_SUMMARY = re.compile(r"^aborting due to |^\d+ warnings? emitted")
_NO_MAIN = "E0601"
_NO_CRATE = re.compile(r"(?:undeclared crate or module|unlinked crate) `(?P<name>\w+)`")
_LINKING = re.compile(r"^linking with .* failed")
_NO_LINKER = re.compile(r"^linker `(.*)` not found")
_LLD = re.compile(r"^[\w-]*lld: ", re.MULTILINE)
_SUGGESTED_LINES = 3


def rustc_diagnostics(said: str, source: str, cell: str, files: Mapping[str, str] = NO_FILES) -> tuple[Diagnostic, ...]:
    """Return rustc's findings.

    Parameters
    ----------
    said : str
        Its stderr.
    source : str
        The cell's text.
    cell : str
        Name of the cell's file, as rustc knows it.
    files : mapping of str to str
        Text of each of the session's files.
    """
    report = _Report(source, cell, files)
    found: list[Diagnostic] = []
    for message in _messages(said):
        found += report.read(message)
    return tuple(found)


def without_linker(said: str) -> str:
    """Return the name of the linker that rustc wanted and did not find, or an empty string."""
    for message in _messages(said):
        if missing := _NO_LINKER.match(message["message"]):
            return missing[1]
    return ""


def _messages(said: str) -> Iterator[dict[str, Any]]:
    for line in said.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and isinstance(message.get("message"), str):
            yield message


class _Report:
    """Reads messages about one cell."""

    def __init__(self, source: str, cell: str, files: Mapping[str, str]) -> None:
        self._source = source
        self._cell = cell
        self._texts = {**files, cell: source}

    def read(self, message: Mapping[str, Any]) -> Iterator[Diagnostic]:
        """Give the finding of one message, and after it what belongs to it."""
        text, severity = message["message"], _SEVERITIES.get(message.get("level", ""))
        if severity is None or _SUMMARY.match(text):
            return
        if _LINKING.match(text):
            yield from self._linking(message)
            return
        code = (message.get("code") or {}).get("code", "")
        spans = [self._in_cell(span) for span in message["spans"]]
        primary = [span for span, own in zip(spans, message["spans"], strict=True) if span and own["is_primary"]]
        yield self._finding(severity, text, primary[0] if primary else None, code, message.get("rendered") or "")
        for span in spans:
            if span and span not in primary[:1] and span.get("label"):
                yield self._finding(Severity.NOTE, span["label"], {**span, "label": None})
        if crate := _NO_CRATE.search(f"{text}\n{primary[0].get('label') or '' if primary else ''}"):
            declared = f'//! [dependencies] and //! {crate["name"]} = "1"'
            yield Diagnostic(
                Severity.HELP, f"if {crate['name']} is a crate, the cell's first lines declare it: {declared}"
            )
        if code == _NO_MAIN:
            yield Diagnostic(Severity.HELP, "a Rust cell is a program: put what it does into fn main() { … }")
        for child in message["children"]:
            yield from self._child(child)

    def _finding(
        self, severity: Severity, text: str, span: Mapping[str, Any] | None, code: str = "", rendered: str = ""
    ) -> Diagnostic:
        if span is None:
            return Diagnostic(severity, text, code=code, rendered=rendered)
        return Diagnostic(
            severity,
            text,
            span["line_start"],
            span["column_start"],
            span["line_end"],
            span["column_end"],
            code,
            span.get("label") or "",
            rendered,
            self._file(span),
        )

    def _child(self, child: Mapping[str, Any]) -> Iterator[Diagnostic]:
        severity = _SEVERITIES.get(child.get("level", ""), Severity.NOTE)
        spans = [span for own in child["spans"] if (span := self._in_cell(own))]
        changes = [span for span in spans if span.get("suggested_replacement") is not None]
        text = child["message"]
        if changes:
            yield Diagnostic(severity, "\n".join([f"{text}:", *self._changed(changes)]))
        else:
            yield self._finding(severity, text, spans[0] if spans else None)

    def _in_cell(self, span: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the span itself, or the place in a text of the person's whose macro it came from, or None."""
        label = span.get("label")
        current: Mapping[str, Any] | None = span
        while current is not None and current["file_name"] not in self._texts:
            expansion = current.get("expansion")
            current = expansion["span"] if expansion else None
        return None if current is None else {**current, "label": label}

    def _file(self, span: Mapping[str, Any]) -> str:
        """Return the name of the session's file that a span is in, empty for the cell."""
        name: str = span["file_name"]
        return "" if name == self._cell else name

    def _changed(self, changes: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the lines of a text as they would be after a suggestion; all changes of one are in one file."""
        text = self._texts[changes[0]["file_name"]]
        starts = [0]
        for line in text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        first = min(span["line_start"] for span in changes)
        added = 0
        for span in sorted(changes, key=lambda item: (item["line_start"], item["column_start"]), reverse=True):
            start = starts[span["line_start"] - 1] + span["column_start"] - 1
            end = starts[span["line_end"] - 1] + span["column_end"] - 1
            text = text[:start] + span["suggested_replacement"] + text[end:]
            added += span["suggested_replacement"].count("\n")
        last = min(max(span["line_end"] for span in changes) + added, first + _SUGGESTED_LINES - 1)
        return [line.strip() for line in text.split("\n")[first - 1 : last] if line.strip()]

    def _linking(self, message: Mapping[str, Any]) -> Iterator[Diagnostic]:
        """Give what the linker said, without its command line."""
        said = "\n".join(child["message"] for child in message["children"] if _LLD.match(child["message"]))
        found = linker_diagnostics(_LLD.sub("wasm-ld: ", said), self._source)
        yield from found or [Diagnostic(Severity.ERROR, message["message"], rendered=message.get("rendered") or "")]
