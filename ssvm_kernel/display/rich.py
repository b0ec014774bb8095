"""What a guest may show besides text: each type checked, and made into an output that does nothing but show it."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ssvm_kernel.display.drawing import checked_svg
from ssvm_kernel.display.frame import frame, rebuilt
from ssvm_kernel.display.picture import BadPicture, checked_png
from ssvm_kernel.display.style import MUTED, NO_MATH, PRE, ROW
from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.display.table import Table
from ssvm_kernel.display.text import counted, escape, inert, size
from ssvm_kernel.host.display import TOO_MUCH, UNKNOWN_TYPE, UNUSABLE

__all__ = ["Refused", "Rich", "rich"]

_MEGA: Final = 1_000_000
_ROWS: Final = 500
_COLUMNS: Final = 50
_CELL: Final = 300
_LINES: Final = 2000
_WRITTEN: Final = 8 * _MEGA
"""Characters of data when it is written with its indentation, which for deeply nested data is nearly all of it."""


class Refused(Exception):
    """It is not shown.

    Parameters
    ----------
    code : int
        What the guest is told, of `ssvm_kernel.host.display`.
    why : str
        What the person is told.
    """

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Rich:
    """Something to show.

    Parameters
    ----------
    what : str
        What it is, for the report: ``"a picture (PNG, 640 x 480, 12.3 kB)"``.
    bundles : tuple of dict
        Outputs to show, one below the other; the first names the guest, so that nothing in the others passes for ours.
    """

    what: str
    bundles: tuple[Bundle, ...]


def rich(name: str, mime: bytes, data: bytes) -> Rich:
    """Return what is shown for something that a guest handed over.

    Parameters
    ----------
    name : str
        The guest, safe to show.
    mime, data : bytes
        Its type and its content; nothing in them is believed.

    Raises
    ------
    Refused
        When it is not shown, with the reason.
    """
    kind = mime.partition(b";")[0].strip().lower().decode("ascii", "replace")
    if kind not in _TYPES:
        raise Refused(UNKNOWN_TYPE, f"{inert(kind)[:100]!r} is not shown; {', '.join(sorted(_TYPES))} are")
    make, most = _TYPES[kind]
    if len(data) > most:
        raise Refused(TOO_MUCH, f"{kind} of {size(len(data))} is over the {size(most)} that are shown")
    try:
        return make(name, data)
    except (BadPicture, ValueError, RecursionError) as error:
        raise Refused(UNUSABLE, f"{kind}: {inert(str(error))[:200]}") from None


def _png(name: str, data: bytes) -> Rich:
    picture, width, height = checked_png(data)
    what = f"a picture (PNG, {width} x {height}, {size(len(data))})"
    text = f"[{what}]"
    return Rich(what, (_label(name, what), {"image/png": base64.b64encode(picture).decode(), "text/plain": text}))


def _svg(name: str, data: bytes) -> Rich:
    picture, width, height = checked_svg(data.decode("utf-8-sig"))
    what = f"a drawing (SVG, {width} x {height}, {size(len(data))})"
    # As a background: what a browser draws there can neither run nor load nor be clicked, as in an <img>, and an export
    # that takes all styles away leaves no megabyte of letters behind.
    address = f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"
    style = (
        f"display:block;width:{width}px;max-width:100%;aspect-ratio:{width}/{height};background:#fff url({address}) "
        "center/contain no-repeat;print-color-adjust:exact;-webkit-print-color-adjust:exact"
    )
    html = f'<b role="img" aria-label="{escape(what)}" style="{style}"></b>'
    return Rich(what, (_label(name, what), {"text/html": html, "text/plain": f"[{what}]"}))


def _csv(name: str, data: bytes) -> Rich:
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    try:
        rows = [row[:_COLUMNS] for row in itertools.islice(reader, _ROWS + 1)]
        more = sum(1 for _ in reader)
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if not rows:
        raise ValueError("there is nothing in it")
    width = max(map(len, rows))
    head, *body = ([inert(cell)[:_CELL] for cell in row] + [""] * (width - len(row)) for row in rows)
    count = len(body) + more
    what = f"a table (CSV, {counted(width, 'column')}, {counted(count, 'row')})"
    table = Table(f"{name} · {what}" + (f", the first {len(body)} of them" if more else ""), head, body)
    return Rich(what, ({"text/plain": repr(table), "text/html": table.html()},))


def _json(name: str, data: bytes) -> Rich:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    value: Any = json.loads(data.decode("utf-8-sig"), parse_constant=refuse)
    lines = _indented(value).split("\n")
    cut = [f"… and {len(lines) - _LINES:,} more lines"] if len(lines) > _LINES else []
    return _text(name, f"data (JSON, {size(len(data))})", inert("\n".join([*lines[:_LINES], *cut])))


def _indented(value: Any) -> str:
    """Return JSON for people; a megabyte of it could be written as a gigabyte."""
    pieces, room = [], _WRITTEN
    for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        room -= len(piece)
        if room < 0:
            raise ValueError("it is nested so deeply that it would be too long to read")
        pieces.append(piece)
    return "".join(pieces)


def _markdown(name: str, data: bytes) -> Rich:
    source = data.decode("utf-8-sig")
    what = f"a text (Markdown, {size(len(data))})"
    try:
        import mistune
    except ImportError:  # comes with JupyterLab; elsewhere its source is as readable
        return _text(name, what, inert(source))
    render = mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])
    body, _ = rebuilt(str(render(source)), framed=False)
    label = _label(name, what)
    html = f'<div class="{NO_MATH}" style="{ROW}">{body}</div>'
    return Rich(what, (label, {"text/plain": inert(source), "text/html": html}))


def _html(name: str, data: bytes) -> Rich:
    what = f"a page (HTML, {size(len(data))}), in a frame without scripts, forms and links"
    html, text = frame(data.decode("utf-8-sig"), name)
    return Rich(what, (_label(name, what), {"text/plain": text.strip() or "[an empty page]", "text/html": html}))


def _text(name: str, what: str, text: str) -> Rich:
    html = f'<pre class="{NO_MATH}" style="{PRE}">{escape(text)}</pre>'
    return Rich(what, (_label(name, what), {"text/plain": text, "text/html": html}))


def _label(name: str, what: str) -> Bundle:
    text = f"ssvm · {name} shows {what}"
    return {"text/plain": text, "text/html": f'<div style="{ROW};{MUTED}">{escape(text)}</div>'}


_TYPES: Final[dict[str, tuple[Callable[[str, bytes], Rich], int]]] = {
    "image/png": (_png, 16 * _MEGA),
    "image/svg+xml": (_svg, 2 * _MEGA),
    "text/csv": (_csv, 4 * _MEGA),
    "application/json": (_json, _MEGA),
    "text/markdown": (_markdown, 50_000),
    "text/html": (_html, _MEGA // 2),
}
