"""Pictures that a guest made, checked before a browser decodes them: their bytes come from an untrusted worker."""

from __future__ import annotations

import re
import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final
from xml.parsers import expat

__all__ = ["BadPicture", "checked_png", "checked_svg"]

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"})
"""Chunks that make the picture; texts, profiles, animations and what else can be packed small and grow are dropped."""
_MOST_SIDE: Final = 16_384
_MOST_PIXELS: Final = 40_000_000
_CHUNK: Final = struct.Struct(">I4s")

_MOST_ELEMENTS: Final = 50_000
_MOST_REFERENCES: Final = 50_000
_MOST_DEPTH: Final = 100
_MOST_DRAWN: Final = 200_000
_REFERENCE: Final = re.compile(r"url\(\s*['\"]?\s*([^'\")\s]*)|#([^\s'\")]+)")
_LENGTH: Final = re.compile(r"\s*(\d{1,6}(?:\.\d+)?)(?:px|pt)?\s*")
_DEFAULT_SIZE: Final = (300, 150)  # what browsers take


class BadPicture(ValueError):
    """It is no picture, or one that could be more than that; the message says why."""


def checked_png(data: bytes) -> tuple[bytes, int, int]:
    """Return a PNG made of the chunks that make the picture, its width and its height.

    Raises
    ------
    BadPicture
        When it is no PNG, is broken, or is so large that to decode it would take a browser's memory.
    """
    if not data.startswith(_SIGNATURE):
        raise BadPicture("it does not begin as PNG does")
    out, size, ended, pixels = [_SIGNATURE], (0, 0), False, False
    for kind, body in _chunks(data):
        if ended or (kind == b"IHDR") != (len(out) == 1):
            raise BadPicture("its parts are not in order")
        if kind == b"IHDR":
            size = _png_size(body)
        ended, pixels = kind == b"IEND", pixels or kind == b"IDAT"
        if kind in _KEPT:
            out.append(_CHUNK.pack(len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body)))
        elif not kind[0] & 0x20:
            raise BadPicture("it needs something that is no PNG's")
    if not ended or not pixels:
        raise BadPicture("it is cut off")
    return b"".join(out), *size


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(data):
        if at + 12 > len(data):
            raise BadPicture("it is cut off")
        length, kind = _CHUNK.unpack_from(data, at)
        body = data[at + 8 : at + 8 + length]
        end = at + 8 + length
        if end + 4 > len(data) or not kind.isalpha():
            raise BadPicture("it is cut off")
        if zlib.crc32(kind + body) != int.from_bytes(data[end : end + 4], "big"):
            raise BadPicture("a part of it is damaged")
        yield kind, body
        at = end + 4


def _png_size(body: bytes) -> tuple[int, int]:
    if len(body) != 13:
        raise BadPicture("its size is not told")
    width, height = struct.unpack_from(">II", body)
    if not 0 < width <= _MOST_SIDE or not 0 < height <= _MOST_SIDE or width * height > _MOST_PIXELS:
        raise BadPicture(f"its size of {width:,} x {height:,} is none, or over {_MOST_PIXELS:,} pixels")
    return width, height


def checked_svg(text: str) -> tuple[str, int, int]:
    """Return an SVG without its document type, its width and its height.

    It is shown as an image, where a browser runs no script of it, loads nothing and makes nothing clickable.  What is
    refused here is what would make the browser work without end: entities, and uses of what uses something itself.

    Raises
    ------
    BadPicture
        When it is no SVG, or could grow.
    """
    if re.search(r"<!ENTITY|<!DOCTYPE[^>]*\[", text, re.IGNORECASE):
        raise BadPicture("it defines entities")
    text = re.sub(r"<!DOCTYPE[^>]*>", "", text, count=1, flags=re.IGNORECASE)
    reader = _SvgReader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = reader.refuse
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise BadPicture(f"it is no SVG: {error}") from None
    reader.check()
    return text.strip(), *reader.size


class _SvgReader:
    """Looks at the elements of one SVG."""

    def __init__(self) -> None:
        self.size = _DEFAULT_SIZE
        self._elements = 0
        self._ids: list[list[str]] = []
        self._uses: Counter[str] = Counter()
        self._inside: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._references = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        self._elements += 1
        if self._elements == 1:
            if tag != "svg":
                raise BadPicture("it is no SVG")
            self.size = _svg_size(attributes)
        if self._elements > _MOST_ELEMENTS or len(self._ids) > _MOST_DEPTH:
            raise BadPicture("it has too many elements")
        if tag == "foreignObject":
            raise BadPicture("it holds a document of another kind")
        self._ids.append([attributes["id"]] if "id" in attributes else [])
        for value in attributes.values():
            for pair in _REFERENCE.findall(value):
                self._refer("".join(pair).lstrip("#"))

    def end(self, _: str) -> None:
        self._ids.pop()

    def refuse(self, *_: object) -> None:
        raise BadPicture("it defines entities")

    def check(self) -> None:
        """Refuse what a browser would draw without end: thirty uses, each of two uses, are a billion elements."""
        costs: dict[str, int] = {}
        if sum(times * self._cost(name, costs, 0) for name, times in self._uses.items()) > _MOST_DRAWN:
            raise BadPicture("what it uses adds up to too many elements")

    def _refer(self, name: str) -> None:
        self._references += 1
        if self._references > _MOST_REFERENCES:
            raise BadPicture("it has too many references")
        self._uses[name] += 1
        for ids in self._ids:
            for one in ids:
                self._inside[one][name] += 1

    def _cost(self, name: str, costs: dict[str, int], depth: int) -> int:
        """Return how many elements one use of `name` draws, as far as uses make more of them."""
        if depth > _MOST_DEPTH:
            raise BadPicture("it uses what uses itself, or too deep")
        if name not in costs:
            inside: Mapping[str, int] = self._inside.get(name, {})
            costs[name] = 1 + sum(times * self._cost(one, costs, depth + 1) for one, times in inside.items())
        return costs[name]


def _svg_size(attributes: dict[str, str]) -> tuple[int, int]:
    found = [_LENGTH.fullmatch(attributes.get(name, "")) for name in ("width", "height")]
    if all(found):
        sides = [round(float(match[1])) for match in found if match]
    else:
        box = re.findall(r"-?\d+(?:\.\d+)?", attributes.get("viewBox", ""))
        sides = [round(float(value)) for value in box[2:4]] if len(box) == 4 else list(_DEFAULT_SIZE)
    width, height = (min(max(1, side), _MOST_SIDE) for side in sides)
    return width, height
