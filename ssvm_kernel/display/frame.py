"""HTML that a guest made: rebuilt from a list of harmless elements, and shown in a frame that can do nothing.

Three walls, of which each would do: what is not on the list is not written again; the frame is sandboxed, so that no
script, form, popup or navigation of its page works; and its policy lets it load nothing, so that no address can carry
away what the guest has read.  Nothing in it can be clicked to go anywhere.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from ssvm_kernel.display.text import escape, inert

__all__ = ["Rebuilt", "frame", "rebuilt"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TEXT: Final = _words(
    """
    abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i ins
    kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead time tr u ul var wbr
    """
)
_FRAMED: Final = _TEXT | _words("article aside bdi bdo col colgroup footer header main nav section img")
_HEADINGS: Final = _words("h1 h2 h3 h4 h5 h6")
"""In the page itself these would be headings of the person's notebook, with links to them (U16)."""
_EMPTY: Final = _words("br hr wbr col img")
_SKIPPED: Final = _words(
    """
    applet embed frame frameset head iframe math noembed noframes noscript object plaintext script select style svg
    template textarea title xmp
    """
)
"""Elements whose content is no text of the document either."""
_RAW: Final = _words("iframe noembed noframes plaintext script style textarea title xmp")
"""Those of them whose content is no markup."""
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ATTRIBUTE: Final = re.compile(r"""[\s/]*([^\s/>="']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?""")
_ATTRIBUTES: Final = _words("colspan rowspan scope start dir lang open")
_FRAMED_ATTRIBUTES: Final = _ATTRIBUTES | _words("style class alt width height title align valign")
_PICTURE: Final = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_MOST_DEPTH: Final = 100

_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
_STYLE: Final = (
    "html{background:#fff;color:#111;font:13px system-ui,sans-serif}table{border-collapse:collapse}"
    "td,th{padding:2px 8px;border:1px solid #ddd;text-align:left}"
)
_LEAST_HEIGHT: Final = 60
_MOST_HEIGHT: Final = 420
_LINE: Final = 24


class Rebuilt:
    """Reads any text as HTML, from start to end in one go, and writes what is harmless of it.

    Not by `html.parser`, which takes minutes for half a megabyte of beginnings of comments: what is written is made
    from the list and from escaped text, so to read odd markup as a browser would is not needed.

    Parameters
    ----------
    framed : bool
        Whether it will be in a frame, where styles and pictures do no harm.
    """

    def __init__(self, *, framed: bool) -> None:
        self._framed = framed
        self._tags = _FRAMED if framed else _TEXT
        self._attributes = _FRAMED_ATTRIBUTES if framed else _ATTRIBUTES
        self._open: list[str] = []
        self._skipping = ""
        self._depth = 0
        self._out: list[str] = []
        self._text: list[str] = []

    def read(self, source: str) -> tuple[str, str]:
        """Return the document and its text."""
        at = 0
        while at < len(source):
            start = source.find("<", at)
            self._data(source[at : start if start >= 0 else len(source)])
            at = self._markup(source, start) if start >= 0 else len(source)
        self._out += [f"</{tag}>" for tag in reversed(self._open)]
        return "".join(self._out), "".join(self._text)

    def _markup(self, source: str, at: int) -> int:
        """Take what begins with ``<``; return where it ends."""
        if source.startswith(("<!", "<?"), at):
            mark = "-->" if source.startswith("<!--", at) else ">"
            end = source.find(mark, at + 2)
            return end + len(mark) if end >= 0 else len(source)
        tag = _TAG.match(source, at)
        if tag is None:
            self._data("<")
            return at + 1
        closing, name = bool(tag[1]), tag[2].lower()
        at, attributes = tag.end(), []
        while (found := _ATTRIBUTE.match(source, at)) is not None:
            value = next((group for group in found.groups()[1:] if group is not None), "")
            attributes.append((found[1].lower(), unescape(value)))
            at = found.end()
        end = source.find(">", at)
        if end < 0:
            return len(source)
        if not self._framed and name in _HEADINGS:
            name, attributes = "p", [("style", "font-weight:bold")]
        if closing:
            self._close(name)
        else:
            self._begin(name, attributes)
        return self._after_raw(source, name, end + 1) if name in _RAW and not closing else end + 1

    def _after_raw(self, source: str, name: str, at: int) -> int:
        """Return where an element ends whose content is no markup; the tag that ends it is read as any other."""
        ends = re.compile(f"</{name}", re.IGNORECASE).search(source, at)
        return ends.start() if ends else len(source)

    def _begin(self, tag: str, attributes: list[tuple[str, str]]) -> None:
        """Write an element that is on the list; of others the text stays."""
        if not self._skipping and tag in _SKIPPED:
            self._skipping, self._depth = tag, 0
        if self._skipping:
            self._depth += tag == self._skipping
            return
        if tag not in self._tags or len(self._open) >= _MOST_DEPTH:
            return
        kept = "".join(f' {name}="{escape(value)}"' for name, value in attributes if self._keeps(tag, name, value))
        self._out.append(f"<{tag}{kept}>")
        if tag not in _EMPTY:
            self._open.append(tag)

    def _close(self, tag: str) -> None:
        """Close an element, and what was left open in it."""
        if self._skipping:
            self._depth -= tag == self._skipping
            if self._depth <= 0:
                self._skipping = ""
        elif tag in self._open:
            while (closed := self._open.pop()) != tag:
                self._out.append(f"</{closed}>")
            self._out.append(f"</{tag}>")

    def _data(self, data: str) -> None:
        if data and not self._skipping:
            text = inert(unescape(data))
            self._out.append(escape(text))
            self._text.append(text)

    def _keeps(self, tag: str, name: str, value: str) -> bool:
        if tag == "img" and name == "src":
            return _PICTURE.fullmatch(value) is not None
        return name in self._attributes or (tag, name, value) == ("p", "style", "font-weight:bold")


def rebuilt(source: str, *, framed: bool) -> tuple[str, str]:
    """Return what is harmless of some HTML, and its text."""
    return Rebuilt(framed=framed).read(source)


def frame(source: str, name: str) -> tuple[str, str]:
    """Return a frame that shows some HTML, and its text.

    Parameters
    ----------
    source : str
        What the guest made.
    name : str
        The guest's, for the frame's own name; safe to show.
    """
    body, text = rebuilt(source, framed=True)
    page = (
        f'<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{_POLICY}"><base target="_blank"><style>{_STYLE}</style></head><body>{body}</body></html>'
    )
    rows = body.count("<tr") + body.count("<p") + body.count("<li") + body.count("<h") + body.count("\n")
    height = min(_MOST_HEIGHT, max(_LEAST_HEIGHT, 40 + _LINE * rows))
    html = (
        f'<iframe sandbox="" referrerpolicy="no-referrer" title="{escape(name)}: HTML of the guest" '
        f'style="width:100%;height:{height}px;border:0;resize:vertical;overflow:auto" srcdoc="{escape(page)}"></iframe>'
    )
    return html, text
