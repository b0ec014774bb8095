"""Text that a guest or command made, prepared so that showing it does nothing but show it; and figures for people."""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import Final

__all__ = ["PLAIN_COLOURS", "ago", "counted", "duration", "escape", "inert", "leaves_colours", "size", "tame"]

PLAIN_COLOURS: Final = "\x1b[0m"
"""Ends all colours."""
_SGR: Final = re.compile(r"\x1b\[[0-9;:]*m")
_PLAIN: Final = re.compile(r"\x1b\[0*m")
_KEPT: Final = frozenset("\n\t\r")
_ACTING: Final = re.compile(r"(\x1b\[[0-9;:]*m)|[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def inert(text: str, *, keep_colours: bool = False) -> str:
    r"""Return text whose control, format and separator characters are shown instead of obeyed.

    New lines, tabs and carriage returns stay.  Colours (SGR sequences) are dropped, or kept with `keep_colours`; every
    other escape becomes visible, as ``\x1b`` (attack W17).
    """
    if text.isascii() and text.isprintable():
        return text
    parts = _SGR.split(text)
    shown = ["".join(map(_shown, part)) for part in parts]
    if not keep_colours:
        return "".join(shown)
    colours = [*_SGR.findall(text), ""]
    return "".join(part + colour for part, colour in zip(shown, colours, strict=True))


def tame(text: str) -> str:
    r"""Return a stream's text with a picture (U+241B for an escape) for each control that acts on a terminal.

    Colours, ``\b``, ``\t`` and line ends stay.  A notebook's front end may be a console, whose terminal would obey the
    rest (attacks W17, U30).  Letters of all scripts, and what joins and directs them, stay as they are: this is the
    guest's own output and nothing else.
    """
    return _ACTING.sub(lambda match: match[1] or _picture(ord(match[0])), text)


def leaves_colours(text: str) -> bool | None:
    """Tell whether colours hold after a text, which would hide what comes next (X32); None where it has none."""
    colours = _SGR.findall(text) if "\x1b" in text else ()
    return _PLAIN.fullmatch(colours[-1]) is None if colours else None


def _picture(control: int) -> str:
    """Return one character for one, so that a flood of controls does not become a longer one."""
    if control < 0x20:
        return chr(0x2400 + control)
    return "\u2421" if control == 0x7F else "\ufffd"


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def counted(count: int, what: str) -> str:
    """Return how many there are of something whose plural has an s: ``"1 row"``, ``"2,000 rows"``."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def duration(seconds: float) -> str:
    """Return a time with two or three significant digits: ``"4.1 ms"``, ``"230 µs"``, ``"12.0 s"``."""
    if seconds < 0.000_95:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.0995:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def size(count: int) -> str:
    """Return a number of bytes for people: ``"512 B"``, ``"1.2 kB"``, ``"64.0 MB"``."""
    if count < 1000:
        return f"{count} B"
    for unit, scale in (("kB", 1e3), ("MB", 1e6)):
        if count < scale * 999.5:
            return f"{count / scale:.1f} {unit}"
    return f"{count / 1e9:.1f} GB"


def ago(seconds: float) -> str:
    """Return an age in its largest unit: ``"12 s"``, ``"3 min"``, ``"5 h"``, ``"40 days"``."""
    for unit, scale, most in (("s", 1, 100), ("min", 60, 100), ("h", 3600, 48)):
        if seconds < scale * most:
            return f"{seconds / scale:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"
