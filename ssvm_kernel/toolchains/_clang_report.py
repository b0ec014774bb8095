"""What clang and wasm-ld say, as findings about the cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ssvm_kernel.toolchains.base import Diagnostic, Severity, in_characters, place_in

__all__ = ["clang_diagnostics", "linker_diagnostics", "missing_main", "undefined_symbol"]

_SEVERITIES = {
    "fatal error": Severity.ERROR,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "note": Severity.NOTE,
    "remark": Severity.NOTE,
}
_PLACED = re.compile(
    r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+):(?:(?P<spans>(?:\{[\d:-]+\})+):)? "
    r"(?P<severity>fatal error|error|warning|note|remark): (?P<message>.*)$"
)
_UNPLACED = re.compile(r"^(?:[\w./-]+: )??(?P<severity>fatal error|error|warning): (?P<message>.*)$")
_INCLUDED = re.compile(r"^(?:In file included|\s+) from (?P<file>.+?):(?P<line>\d+)[:,]$")
_FLAG = re.compile(r" \[(?:-Werror,)?(-W[^\]]+)\]$")
_SPAN = re.compile(r"\{(\d+):(\d+)-(\d+):(\d+)\}")
_COUNT = re.compile(r"^\d+ (?:error|warning)s?(?: and \d+ errors?)? generated\.$")
_UNDEFINED = re.compile(r"^wasm-ld: error: .*undefined symbol: (?P<symbol>.+)$")
_LINKER = re.compile(r"^wasm-ld: (?P<severity>error|warning): (?P<message>.*)$")


def clang_diagnostics(said: str, source: str, cell: str, files: frozenset[str] = frozenset()) -> tuple[Diagnostic, ...]:
    """Return clang's findings.

    Parameters
    ----------
    said : str
        Its stderr, printed with source ranges and without excerpts.
    source : str
        The cell's text.
    cell : str
        Name of the cell's file, as clang knows it.
    files : frozenset of str
        Names of the session's files.
    """
    lines = source.split("\n")
    found: list[Diagnostic] = []
    included_at = 0  # line of the cell whose #include brought the file that is spoken of next
    for text in said.splitlines():
        if (placed := _PLACED.match(text)) is not None:
            found.append(_placed(placed, lines, cell, included_at, files))
        elif (included := _INCLUDED.match(text)) is not None:
            if included["file"] == cell:
                included_at = int(included["line"])
            continue
        elif (unplaced := _UNPLACED.match(text)) is not None:
            found.append(_with_flag(Diagnostic(_SEVERITIES[unplaced["severity"]], unplaced["message"], rendered=text)))
        elif text and not _COUNT.match(text) and found:
            found[-1] = replace(found[-1], rendered=f"{found[-1].rendered}\n{text}")
        included_at = 0
    return tuple(found)


def _placed(match: re.Match[str], lines: list[str], cell: str, included_at: int, files: frozenset[str]) -> Diagnostic:
    severity, message = _SEVERITIES[match["severity"]], match["message"]
    line, column = int(match["line"]), int(match["column"])
    file = match["file"].removeprefix("./")
    if file in files:  # its text is at hand when it is shown; the column is right for ASCII before it
        return _with_flag(Diagnostic(severity, message, line, column, file=file, rendered=match.string))
    if file != cell:
        return _with_flag(
            Diagnostic(severity, f"{match['file']}:{line}:{column}: {message}", included_at, rendered=match.string)
        )
    text = lines[line - 1] if line <= len(lines) else ""
    end = _end(match["spans"] or "", line, column)
    return _with_flag(
        Diagnostic(
            severity,
            message,
            line,
            in_characters(text, column),
            line if end else 0,
            in_characters(text, end) if end else _word_end(text, in_characters(text, column)),
            rendered=match.string,
        )
    )


def _end(spans: str, line: int, column: int) -> int:
    """Return the end of the span that begins at the place itself, or 0."""
    for first_line, first, last_line, last in _SPAN.findall(spans):
        if int(first_line) == int(last_line) == line and int(first) == column:
            return int(last)
    return 0


def _word_end(text: str, column: int) -> int:
    word = re.compile(r"\w*").match(text, column - 1)
    return max(column + 1, word.end() + 1) if word else 0


def _with_flag(found: Diagnostic) -> Diagnostic:
    flag = _FLAG.search(found.message)
    return replace(found, message=found.message[: flag.start()], code=flag[1]) if flag else found


def linker_diagnostics(said: str, source: str) -> tuple[Diagnostic, ...]:
    """Return wasm-ld's findings, each once; a symbol that nothing defines is looked for in the cell."""
    return tuple(dict.fromkeys(_linker_diagnostics(said, source)))


def _linker_diagnostics(said: str, source: str) -> Iterator[Diagnostic]:
    for text in said.splitlines():
        if (undefined := _UNDEFINED.match(text)) is not None:
            yield undefined_symbol(undefined["symbol"], source)
        elif (other := _LINKER.match(text)) is not None:
            yield Diagnostic(_SEVERITIES[other["severity"]], other["message"], rendered=text)
        elif text.startswith(">>> "):
            yield Diagnostic(Severity.NOTE, text[4:])


def undefined_symbol(symbol: str, source: str) -> Diagnostic:
    """Return the finding for a name that nothing defines, at its first place in the cell: a linker knows none."""
    found = Diagnostic(Severity.ERROR, f"undefined symbol: {symbol}", label="nothing that is linked defines it")
    name = symbol.split("(")[0].rpartition("::")[2]  # of "space::name(int)" in C++
    word = re.search(rf"\b{re.escape(name)}\b", source) if name else None
    if word is None:
        return found
    line, column = place_in(source, word.start())
    return replace(found, line=line, column=column, end_line=line, end_column=column + len(name))


def missing_main(example: str, *, cxx: bool) -> Diagnostic:
    """Return the finding for a cell that has neither a ``main`` nor anything to export."""
    language, linkage = ("C++", 'extern "C" ') if cxx else ("C", "")
    library = f"{linkage}int add(int a, int b) {{ return a + b; }}"
    message = f"nothing here can be run: a {language} program needs a function {example}, a library one like {library}"
    return Diagnostic(Severity.ERROR, message)
