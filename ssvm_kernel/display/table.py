"""Outputs that a line magic returns: a table, or a bundle; whole in text, without script in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ssvm_kernel.display.style import CELL, NO_MATH, ROW, TABLE
from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.display.survive import survivable
from ssvm_kernel.display.text import escape, inert

__all__ = ["Shown", "Table"]


_SHORT: Final = 9  # "40.8 ms", "deny once": never two lines


def _style(cell: str) -> str:
    return f"{CELL};white-space:nowrap" if len(cell) <= _SHORT else CELL


class Table:
    """A table.

    Parameters
    ----------
    title : str
        What it shows.
    headers : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        Its cells; control characters in them are made visible.
    """

    def __init__(self, title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.title = title
        self.headers = tuple(headers)
        self.rows = [tuple(inert(cell) for cell in row) for row in rows]

    def __repr__(self) -> str:
        if not self.rows:
            return self.title
        lines = [self.headers, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.headers))]
        body = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([self.title, *(f"  {line}" for line in body)])

    def _repr_html_(self) -> str:
        return survivable(self.html())

    def html(self) -> str:
        """Return the table in the elements of one."""
        title = f"<strong>{escape(self.title)}</strong>"
        if not self.rows:
            return f'<div style="{ROW}">{title}</div>'
        head = "".join(f'<th scope="col" style="{CELL}">{escape(name)}</th>' for name in self.headers)
        cells = ["".join(f'<td style="{_style(cell)}">{escape(cell)}</td>' for cell in row) for row in self.rows]
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        table = f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        return f'<div class="{NO_MATH}" style="{ROW}">{title}{table}</div>'


class Shown:
    """An output that was made already."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def __repr__(self) -> str:
        return str(self._bundle["text/plain"])

    def _repr_html_(self) -> str:
        return survivable(str(self._bundle["text/html"]))
