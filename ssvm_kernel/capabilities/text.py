"""Show text that a guest influenced so that it can neither hide, nor move, nor imitate anything.

What a reader sees decides whether a command runs, so every character that is not plainly visible is written as an
escape: controls and ANSI sequences (U01), bidirectional and zero-width characters, line separators, tag and variation
characters, unusual spaces, marks that combine with what stands before them, letters that only look like others
(full-width forms, Cyrillic letters inside a Latin word), letters and digits that a display would move because they
stand after right-to-left ones, lone surrogates, and bytes that are not UTF-8.  The result is lossless: two different
inputs never give the same text, and a guest cannot write an escape or an elision itself, because a backslash before
anything that could be one is doubled.  A word that is Cyrillic or Greek as a whole is left readable; the real path
beside it is what tells such a name from its Latin twin.
"""

from __future__ import annotations

import functools
import re
import unicodedata

__all__ = ["SHOWN_LIMIT", "last_part", "too_long", "visible", "writable"]

SHOWN_LIMIT = 10_240
"""Characters of one request that a person can be asked to read (U04); a longer request is denied, not shown."""

_PLAIN = re.compile(r"[!-\[\]-~]+(?: [!-\[\]-~]+)*", re.ASCII)  # printable ASCII, single spaces inside, no backslash
_WORD = re.compile(r"\w+")
_LOOKALIKE_SCRIPTS = frozenset({"ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LISU"})
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Zl", "Zp", "Zs"})
# Letters and marks that draw nothing (Unicode's Default_Ignorable_Code_Point less the categories above), and braille's
# blank cell.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_MARKS_SHOWN = 3  # a real syllable has that many; more of them would paint over other lines


def visible(data: bytes | str, limit: int = SHOWN_LIMIT) -> str:
    r"""Return `data` as plainly visible text.

    Parameters
    ----------
    data : bytes or str
        Text from a guest; bytes are read as UTF-8.
    limit : int
        Longest result in characters, not counting the note that says how many characters of `data` were left out of
        its middle.

    Returns
    -------
    str
        For example ``rm\x1b[2K`` for an escape sequence, ``\u202e`` for an override, ``\xff`` for a byte that is not
        UTF-8, ``\x20`` for a space at either end or after another space.
    """
    text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
    if len(text) <= limit and (not text or _PLAIN.fullmatch(text)):
        return text
    raw = isinstance(data, bytes)
    if len(text) <= limit:
        units = _units(text, raw=raw)
        if sum(map(len, units)) <= limit:
            return "".join(units)
        head, tail = units, units
    else:  # only the ends are looked at, however long the text is
        head, tail = _units(text[:limit], raw=raw), _units(text[-limit:], raw=raw)
    # the ellipsis itself never stands in shown text (it has a compatibility form), so that no guest can write this note
    first = _fitting(head, limit - limit // 2)
    last = _fitting(tail[::-1], limit // 2)[::-1]
    return f"{''.join(first)}\\…({len(text) - len(first) - len(last)} characters not shown)\\…{''.join(last)}"


def too_long(*items: bytes | str, limit: int = SHOWN_LIMIT) -> bool:
    """Tell whether `items` together need more than `limit` characters to be shown completely (rule 14)."""
    if sum(len(item) for item in items) > 4 * limit:  # no character of UTF-8 has more than four bytes
        return True
    return sum(len(visible(item, limit=12 * len(item) + 1)) for item in items) > limit


def writable(text: str) -> bool:
    """Tell whether `text` can be shown and typed as it is: nothing in it needs an escape (but spaces, backslashes)."""
    flat = text.replace("\\", "_").replace(" ", "_")
    return visible(flat, limit=12 * len(flat) + 1) == flat


def last_part(name: bytes) -> bytes:
    """Return the last part of a path: what a multi-call program takes for its name."""
    return name.rpartition(b"/")[2]


def _fitting(units: list[str], room: int) -> list[str]:
    taken = 0
    for index, unit in enumerate(units):
        taken += len(unit)
        if taken > room:
            return units[:index]
    return units


def _units(text: str, *, raw: bool) -> list[str]:
    """Return what is shown for each character of `text`; `raw` tells that lone surrogates stand for bytes."""
    deceiving = _imitations(text) | _moved(text)
    units: list[str] = []
    cluster = ""  # the shown character that a mark would join, with the marks already on it
    for index, char in enumerate(text):
        if char == "\\":
            units.append(char)  # settled below, when what follows it is known
            cluster = ""
        elif char == " ":
            shown = 0 < index < len(text) - 1 and text[index - 1] != " "
            units.append(char if shown else "\\x20")
            cluster = ""
        elif index in deceiving:
            units.append(_escape(char, raw=raw))
            cluster = ""
        elif "!" <= char <= "~":
            units.append(char)
            cluster = char
        elif _hides(char) or not _joins(cluster, char):
            units.append(_escape(char, raw=raw))
            cluster = ""
        else:
            units.append(char)
            cluster = cluster + char if _is_mark(char) else char
    for index in range(len(text) - 1, -1, -1):
        if text[index] == "\\":
            following = units[index + 1][0] if index + 1 < len(units) else "\\"
            units[index] = "\\\\" if following in "\\xuU" else "\\"
    return units


def _imitations(text: str) -> frozenset[int]:
    """Return the positions of letters that stand in a Latin word and only look Latin."""
    if text.isascii():
        return frozenset()
    found = []
    for word in _WORD.finditer(text):
        letters = word.group()
        if any(char.isascii() and char.isalpha() for char in letters):
            found += [word.start() + i for i, char in enumerate(letters) if _script(char) in _LOOKALIKE_SCRIPTS]
    return frozenset(found)


def _moved(text: str) -> frozenset[int]:
    """Return the positions of characters that a bidirectional display would not draw where they stand.

    Right-to-left letters stay in place as one run of words; what follows them after a separator, and digits, do not.
    """
    if text.isascii():
        return frozenset()
    found = []
    backwards = separated = False
    for index, char in enumerate(text):
        direction = unicodedata.bidirectional(char)
        number = direction in ("EN", "AN")
        if direction in ("R", "AL", "AN") or number:
            if backwards and (separated or number):
                found.append(index)  # its escape holds Latin letters, after which the order is plain again
                backwards = separated = False
            else:
                backwards, separated = direction != "EN", False
        elif direction == "L":
            backwards = separated = False
        elif direction != "NSM" and char != " ":
            separated = True
    return frozenset(found)


@functools.lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0] if char > "~" else ""


@functools.lru_cache(maxsize=4096)
def _hides(char: str) -> bool:
    """Tell whether a character is invisible, unassigned, or drawn like another one."""
    code = ord(char)
    if unicodedata.category(char) in _HIDDEN_CATEGORIES or char in _BLANK:
        return True
    if 0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE0FFF:  # variation selectors, tags
        return True
    return not unicodedata.is_normalized("NFKC", char)


@functools.lru_cache(maxsize=4096)
def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")


def _joins(cluster: str, char: str) -> bool:
    """Tell whether `char` may stand after `cluster` without changing how the cluster is drawn."""
    if _is_mark(char) and (not cluster or not cluster[0].isalnum() or len(cluster) > _MARKS_SHOWN):
        return False
    return unicodedata.is_normalized("NFC", cluster + char)


def _escape(char: str, *, raw: bool) -> str:
    code = ord(char)
    if raw and 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # a byte that is not UTF-8; as a character it would be \u0080 to \u00ff
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
