"""Our HTML in the few elements that every viewer keeps, so that each shows the same words.

``nbconvert --sanitize-html`` knows twelve elements and takes away all attributes; of any other it shows the tag itself,
as text among the words.  So a table is written as a list whose style makes it a table, a block as a quotation without
its margins: with styles it looks as it was written, without them it reads in the same order.  Folding needs an element
that is not among the twelve; what would be folded is a box of a few lines that scrolls and can be drawn larger
(JupyterLab shows the report by a renderer of its own, which folds).
"""

from __future__ import annotations

import re
from typing import Final

from ssvm_kernel.display.text import escape

__all__ = ["survivable", "survivable_bundle"]

_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>")
_KEPT: Final = re.compile(r'\s((?:style|class|role|title|lang|dir|aria-[a-z]+)="[^"<>]*")')
_STYLE: Final = re.compile(r'style="([^"]*)"')
_KNOWN: Final = frozenset({"b", "blockquote", "code", "em", "i", "li", "ol", "strong", "ul"})
_BLOCK: Final = "margin:0;padding:0;border:0;max-width:none;quotes:none;font-style:normal"
_INLINE: Final = "font-style:normal"
_FOLDED: Final = f"{_BLOCK};max-height:3em;overflow:auto;resize:vertical"
_WRITTEN: Final = {
    # the element as it is written, and the style and the role that make it what it was
    "div": ("blockquote", _BLOCK, ""),
    "p": ("blockquote", f"{_BLOCK};margin:4px 0", ""),
    "pre": ("code", "display:block;background:transparent;padding:0;border:0;white-space:pre-wrap", ""),
    "span": ("i", _INLINE, ""),
    "small": ("i", f"{_INLINE};font-size:smaller", ""),
    "del": ("i", f"{_INLINE};text-decoration:line-through", ""),
    "table": ("ul", "display:table;list-style:none;padding:0", "table"),
    "caption": ("li", "display:table-caption", "caption"),
    "tr": ("li", "display:table-row", "row"),
    "th": ("b", "display:table-cell;font-weight:bold", "columnheader"),
    "td": ("i", f"display:table-cell;{_INLINE}", "cell"),
    "details": ("blockquote", _BLOCK, "group"),
    "summary": ("b", "display:block;font-weight:inherit", ""),
    "iframe": ("iframe", "", ""),
}
_GROUPS: Final = frozenset({"thead", "tbody", "tfoot"})
_BREAKS: Final = {"br": '<i style="display:block"></i>', "hr": '<i style="display:block;border-top:1px solid"></i>'}


def survivable(html: str) -> str:
    """Return HTML of ours (well formed, its attributes quoted and escaped) in elements that survive."""
    folds: list[bool] = []

    def rewrite(found: re.Match[str]) -> str:
        closing, tag, attributes = bool(found[1]), found[2], found[3]
        if tag in _BREAKS or tag in _GROUPS:
            return "" if closing or tag in _GROUPS else _BREAKS[tag]
        if tag == "iframe":
            return found[0]
        written, style, role = _WRITTEN.get(tag, (tag, "", "") if tag in _KNOWN else ("i", _INLINE, ""))
        if tag == "details" and not closing:
            folds.append(" open" not in _STYLE.sub("", attributes))
        if closing:
            inner = "</blockquote>" if tag == "details" and folds.pop() else ""
            box = f'<blockquote style="{_FOLDED}">' if tag == "summary" and folds and folds[-1] else ""
            return f"{inner}</{written}>{box}"
        return f"<{written}{_attributes(attributes, style, role)}>"

    return _TAG.sub(rewrite, html)


def _attributes(given: str, style: str, role: str) -> str:
    """Return the attributes that are kept, with the style and role of what the element was."""
    kept = [attribute for attribute in _KEPT.findall(given) if not attribute.startswith("style=")]
    own = _STYLE.search(given)
    both = ";".join(part for part in (style, own[1] if own else "") if part)
    kept += [f'style="{both}"'] if both else []
    kept += [f'role="{escape(role)}"'] if role else []
    return "".join(f" {attribute}" for attribute in kept)


def survivable_bundle(bundle: dict[str, object]) -> dict[str, object]:
    """Return an output whose HTML survives; what has none is returned as it is."""
    html = bundle.get("text/html")
    return {**bundle, "text/html": survivable(html)} if isinstance(html, str) else bundle
