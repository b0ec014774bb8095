"""Pictures that a guest made, checked before a browser decodes them: their bytes come from an untrusted worker."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

__all__ = ["BadPicture", "checked_png", "picture_in_address"]

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"})
"""Chunks that make the picture; texts, profiles, animations and what else can be packed small and grow are dropped."""
_MOST_SIDE: Final = 16_384
_MOST_PIXELS: Final = 40_000_000
_CHUNK: Final = struct.Struct(">I4s")
_NO_SPACE: Final = dict.fromkeys(map(ord, " \t\r\n"))


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


def picture_in_address(address: str) -> tuple[bytes, int, int]:
    """Return the PNG that an address holds (``data:image/png;base64,...``), its width and its height.

    Raises
    ------
    BadPicture
        When it holds something else, or as `checked_png`.
    """
    head, _, body = address.partition(",")
    if head.lower().replace(" ", "") != "data:image/png;base64":
        raise BadPicture("it holds something in an address that is no PNG")
    try:
        return checked_png(base64.b64decode(unquote(body).translate(_NO_SPACE), validate=True))
    except ValueError as error:
        raise error if isinstance(error, BadPicture) else BadPicture("a picture in it is damaged") from None
