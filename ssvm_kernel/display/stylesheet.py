"""What the style of a drawing uses: read as far as that needs, and where that is not far enough, as used everywhere.

All of it takes time in proportion to the text, whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from ssvm_kernel.display.picture import BadPicture

__all__ = ["EVERYWHERE", "Uses", "address_of", "key_of", "plain", "rules", "uses_of_attribute"]

EVERYWHERE: Final = "*"
"""The selector of every element."""
_MOST_PIECES: Final = 10_000
_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_URL: Final = re.compile(r"(?:url|src|element)\(\s*['\"]?\s*([^'\")]*)", re.IGNORECASE)
_STRING: Final = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_SELECTOR: Final = re.compile(r"[.#]?[\w-]+|\*")
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_ODD: Final = re.compile(r"[\s'\"()\\;{}]")


@dataclass(frozen=True)
class Uses:
    """What a style uses: names of elements, each with the property that does, and pictures that are in it."""

    names: tuple[tuple[str, str], ...] = ()
    pictures: tuple[str, ...] = ()


def plain(style: str) -> str:
    r"""Return a style without comments and escapes: ``u\72l(`` is ``url(`` to a browser."""
    return _ESCAPE.sub(_unescaped, _COMMENT.sub(" ", style))


def address_of(text: str) -> str:
    """Return an address as a browser reads it, if it is of the drawing itself or holds what it leads to; or nothing."""
    address = _CONTROL.sub("", text).strip()
    if address[:5].lower() == "data:":
        return f"data:{address[5:]}"
    return address if address.startswith("#") else ""


def key_of(name: str) -> str:
    """Return what an element's name and an address with it have in common, however the address is written."""
    return _ODD.split(name, maxsplit=1)[0]


def uses_of_attribute(name: str, value: str) -> Uses:
    """Return what an attribute uses whose value is of a style.

    Raises
    ------
    BadPicture
        When it holds a document in another way than as a picture.
    """
    style = plain(value)
    if name != "style":
        return _uses(style, name)
    if "\\" in value or _odd(style) or "data:" in style.lower():  # what ends at a semicolon is not sure
        return _uses(style, "")
    return _declared(style)


def rules(sheet: str) -> Iterator[tuple[frozenset[str], Uses]]:
    """Yield what the elements of some selectors use.

    Selectors are tags, classes and ids; whatever says more is taken as one of every element.

    Parameters
    ----------
    sheet : str
        The text of all ``<style>`` elements.

    Raises
    ------
    BadPicture
        As `uses_of_attribute`.
    """
    style = plain(sheet)
    everywhere = frozenset({EVERYWHERE})
    long = style.count("{") + style.count("}") > _MOST_PIECES
    if long or any(sign in sheet for sign in "\\@&") or "--" in style or "data:" in style.lower() or _odd(style):
        yield everywhere, _uses(style, "")
        return
    before, selectors = "", everywhere
    for piece in re.split("([{}])", style):
        if piece == "{":
            names = frozenset(map(str.strip, before.split(",")))
            selectors = names if all(map(_SELECTOR.fullmatch, names)) else everywhere
        elif piece == "}":
            selectors = everywhere
        else:
            yield selectors, _declared(piece) if selectors is not everywhere else _uses(piece, "")
            before = piece


def _declared(style: str) -> Uses:
    names: list[tuple[str, str]] = []
    for declaration in style.split(";"):
        names += _uses(declaration, declaration.partition(":")[0].strip().lower()).names
    return Uses(tuple(names))


def _uses(style: str, kind: str) -> Uses:
    """Return what some style uses, all by one property; empty for one that is not known."""
    addresses = [address_of(found) for found in _URL.findall(style)]
    if "data:" in _CONTROL.sub("", _URL.sub("", style)).lower():
        raise BadPicture("it holds a document in an address")
    names = tuple((unquote(address[1:]), kind) for address in addresses if address.startswith("#"))
    return Uses(names, tuple(address for address in addresses if address.startswith("data:")))


def _odd(style: str) -> bool:
    """Tell whether a text in a style could be taken for the end of something."""
    return bool(re.search("['\"]", _STRING.sub("", style))) or any(
        sign in text for text in _STRING.findall(style) for sign in "{};"
    )


def _unescaped(escape: re.Match[str]) -> str:
    if not escape[1]:
        return "" if escape[2] == "\n" else escape[2]
    number = int(escape[1], 16)
    return chr(number) if 0 < number < 0xD800 or 0xDFFF < number < 0x110000 else "\ufffd"
