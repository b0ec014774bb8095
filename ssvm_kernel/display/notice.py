"""A short list of things for the person, each with the option that would change it, and one line for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ssvm_kernel.capabilities.wording import remedy
from ssvm_kernel.display.style import MUTED, ROW
from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.display.text import escape

__all__ = ["Item", "notice"]


class Item(NamedTuple):
    """One thing, safe to show, and what grants it or a sentence about that (empty: nothing does, or nothing has to)."""

    text: str
    grant_line: str = ""


def notice(title: str, items: Sequence[Item], again: str = "") -> Bundle:
    """Return a list as an output.

    Parameters
    ----------
    title : str
        What the list is.
    items : sequence of Item
        The list.
    again : str
        The line that grants all of it and runs the guest again, or empty.
    """
    lines = [f"ssvm · {title}" + (":" if items else "")]
    rows = []
    for item in items:
        lines.append(f"  {item.text}")
        row = escape(item.text)
        if item.grant_line:
            lines.append(f"    {remedy(item.grant_line)}")
            row += f"<br>{_remedy_html(item.grant_line)}"
        rows.append(f"<li>{row}</li>")
    html = f"<strong>{escape(title)}</strong>" + (f"<ul>{''.join(rows)}</ul>" if rows else "")
    if again:
        lines.append(f"  to grant all of it and run again: {again}")
        html += f'<span style="{MUTED}">To grant all of it and run again:</span> <code>{escape(again)}</code>'
    return {"text/plain": "\n".join(lines), "text/html": f'<div style="{ROW}">{html}</div>'}


def _remedy_html(line: str) -> str:
    words = remedy(line).removesuffix(line).strip()
    if not words:  # a sentence, and no option to copy
        return f'<span style="{MUTED}">{escape(line)}</span>'
    return f'<span style="{MUTED}">{words}</span> <code>{escape(line)}</code>'
