"""How a compiler's findings are shown: the line and column in the cell's own text, marked, for every language alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from types import MappingProxyType

from ssvm_kernel.errors import CompileError
from ssvm_kernel.toolchains.base import Diagnostic, Severity

__all__ = ["NO_FILES", "compile_error", "render_html", "render_text"]

LIMIT = 20  # findings shown; the rest is counted
WIDTH = 110  # characters of a source line shown around the marked place
NO_FILES: Mapping[str, str] = MappingProxyType({})
_TAB = "    "
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MAIN = (Severity.ERROR, Severity.WARNING)
_COLOURS = {
    Severity.ERROR: "var(--jp-error-color1, var(--vscode-errorForeground, inherit))",
    Severity.WARNING: "var(--jp-warn-color1, var(--vscode-editorWarning-foreground, inherit))",
}


def compile_error(
    source: str, diagnostics: Iterable[Diagnostic], *, line_offset: int = 0, files: Mapping[str, str] = NO_FILES
) -> CompileError:
    """Return the error to raise, with its report as text and the findings as data."""
    found = tuple(diagnostics)
    return CompileError(render_text(source, found, line_offset=line_offset, files=files), found)


def render_text(
    source: str,
    diagnostics: Iterable[Diagnostic],
    *,
    line_offset: int = 0,
    limit: int = LIMIT,
    files: Mapping[str, str] = NO_FILES,
) -> str:
    """Return the findings as plain text.

    Parameters
    ----------
    source : str
        What was compiled; the findings' lines count from its first line.
    diagnostics : iterable of Diagnostic
        An error or warning, each followed by the notes and helps that belong to it.
    line_offset : int
        Added to each line number that is shown: 1 where the cell has a line with the magic above `source`.
    limit : int
        Errors and warnings to show.
    files : mapping of str to str
        Text of each of the session's files, for findings in them.
    """
    shown, left_out = _limited(diagnostics, limit)
    texts = _Texts(source, files, line_offset)
    blocks = [_block(group, texts) for group in shown]
    return "\n\n".join(["\n".join(line for _, line in block) for block in blocks] + left_out)


def render_html(
    source: str,
    diagnostics: Iterable[Diagnostic],
    *,
    line_offset: int = 0,
    limit: int = LIMIT,
    files: Mapping[str, str] = NO_FILES,
) -> str:
    """Return the findings as HTML without script, class or link; the colours follow a light or dark theme.

    Parameters are those of `render_text`.
    """
    shown, left_out = _limited(diagnostics, limit)
    texts = _Texts(source, files, line_offset)
    blocks = ["\n".join(_html_line(severity, line) for severity, line in _block(group, texts)) for group in shown]
    body = "\n\n".join(blocks + [escape(text) for text in left_out])
    return f'<pre style="background: transparent; color: inherit; overflow-x: auto">{body}</pre>'


def _html_line(severity: Severity | None, line: str) -> str:
    """Return one line; only the head line of a finding has a severity."""
    if severity is None:
        return escape(line)
    head, colon, rest = line.partition(": ")
    colour = _COLOURS.get(severity, "inherit")
    return f'<strong style="color: {colour}">{escape(head)}</strong>{colon}<strong>{escape(rest)}</strong>'


def _limited(diagnostics: Iterable[Diagnostic], limit: int) -> tuple[list[list[Diagnostic]], list[str]]:
    """Group each error or warning with its notes; errors come first; return `limit` groups and a line on the rest."""
    groups: list[list[Diagnostic]] = []
    for found in diagnostics:
        if found.severity in _MAIN or not groups:
            groups.append([found])
        else:
            groups[-1].append(found)
    groups.sort(key=lambda group: group[0].severity is not Severity.ERROR)
    more = len(groups) - limit
    return groups[:limit], [f"… and {more} more"] if more > 0 else []


class _Texts:
    """The lines of the cell and of the session's files, split when one is needed."""

    def __init__(self, source: str, files: Mapping[str, str], offset: int) -> None:
        self._texts = {"": source, **files}
        self._offset = offset
        self._lines: dict[str, list[str]] = {}

    def excerpt(self, found: Diagnostic) -> list[str]:
        """Return the marked place of a finding; without the line where its text is not there."""
        if found.file not in self._texts:
            return [f" --> {_place(found, found.line)}"] if found.line else []
        if found.file not in self._lines:
            self._lines[found.file] = [line.removesuffix("\r") for line in self._texts[found.file].split("\n")]
        lines = self._lines[found.file]
        if not 0 < found.line <= len(lines):
            return []
        return _excerpt(found, lines[found.line - 1], found.line + (0 if found.file else self._offset))


def _block(group: Sequence[Diagnostic], texts: _Texts) -> list[tuple[Severity | None, str]]:
    """Return the lines of a finding with its notes, the head line with its severity."""
    out: list[tuple[Severity | None, str]] = []
    for index, found in enumerate(group):
        code = f"[{found.code}]" if found.code else ""
        message = _visible(found.message, keep="\n").split("\n")
        out.append((found.severity if index == 0 else None, f"{found.severity.value}{code}: {message[0]}"))
        out += [(None, f"  {rest}") for rest in message[1:]]
        out += [(None, line) for line in texts.excerpt(found)]
    return out


def _excerpt(found: Diagnostic, line: str, number: int) -> list[str]:
    """Return the place, the source line and the mark under it."""
    gutter = " " * len(str(number))
    column = max(found.column, 1)
    same_line = found.end_line in {0, found.line} and found.end_column > column
    end = found.end_column if same_line else column + 1
    if found.end_line > found.line:
        end = len(line.rstrip()) + 1  # a span of several lines is marked to the end of its first
    cells, start, width = _window(line, column - 1, max(end - 1, column))
    if not found.column:
        return [f"{gutter}--> {_place(found, number)}", f"{number} | {cells}".rstrip()]
    mark = f"{gutter} | {' ' * start}{'^' * width} {_visible(found.label, keep='')}"
    return [f"{gutter}--> {_place(found, number)}", f"{number} | {cells}".rstrip(), mark.rstrip()]


def _place(found: Diagnostic, number: int) -> str:
    """Return a place in words, in a line that is shown with a number of its own."""
    file = f"{_visible(found.file, keep='')}, " if found.file else ""
    return f"{file}line {number}" + (f", column {max(found.column, 1)}" if found.column else "")


def _window(line: str, first: int, last: int) -> tuple[str, int, int]:
    """Return the visible part of `line` around characters `first` to `last`, and where the mark stands below it."""
    left = max(0, first - WIDTH // 2) if len(line) > WIDTH else 0
    right = min(len(line), left + WIDTH)
    last = min(last, right)
    before, marked, after = (_visible(part, keep="") for part in (line[left:first], line[first:last], line[last:right]))
    before = ("…" if left else "") + before
    after = after + ("…" if right < len(line) else "")
    return before + marked + after, _columns(before), max(1, _columns(marked))


def _visible(text: str, *, keep: str) -> str:
    r"""Return `text` with tabs as spaces and each character that hides or moves others as an escape (``\u202e``).

    A cell whose order on screen is not its order for the compiler must not look harmless in the report either.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) if char not in keep else char for char in text)


def _shown(char: str) -> str:
    if char == "\t":
        return _TAB
    if unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _columns(text: str) -> int:
    """Return how many columns of a fixed-width font `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text)
