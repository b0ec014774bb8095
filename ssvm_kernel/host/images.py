"""Pictures to pixels: decoded by Pillow, resized as SSVM did it with Boost's image library.

Loaded in a worker that was lent it, before the worker is locked.
"""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin

__all__ = ["MOST_PIXELS", "Unusable", "decode", "resize", "to_pixels", "warm_up"]

MOST_PIXELS: Final = 64 << 20
"""Most pixels of a picture: one of a few kilobytes can stand for gigabytes (attack T03)."""
_BAND: Final = 1 << 20
"""Pixels that are resized at a time, so that the numbers between need no memory of their own worth speaking of."""
_PLUGINS: Final = {"JPEG": JpegImagePlugin, "PNG": PngImagePlugin}  # imported now: no file of Python opens once locked
_PNG_DEPTH: Final = 24
_PNG_EIGHT_BIT_RGB: Final = b"\x08\x02"


class Unusable(Exception):
    """It is no picture that can be used; why, for a person."""


def warm_up() -> None:
    """Use all once that Pillow loads or opens when it is first used."""
    for kind in _PLUGINS:
        file = io.BytesIO()
        Image.new("RGB", (2, 2)).save(file, kind)
        resize(decode(file.getvalue(), kind), 3, 1)


def decode(data: bytes, kind: str, *, convert: bool = False) -> Any:
    """Return a picture's pixels, an array of rows, columns and three colours.

    Parameters
    ----------
    data : bytes
        The file.
    kind : str
        ``"JPEG"``, ``"PNG"``, or empty for either; nothing else is tried, whatever the bytes look like.
    convert : bool
        Whether grey and transparent pictures are turned into coloured ones, as later hosts did; SSVM refused them.

    Raises
    ------
    Unusable
        When it is broken, too large, or, unless they are converted, not of three colours with eight bits each.
    """
    try:
        with Image.open(io.BytesIO(data), formats=(kind,) if kind else tuple(_PLUGINS)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Unusable(f"it has {image.width} x {image.height} pixels, more than are decoded")
            if convert:
                return np.asarray(image.convert("RGB"))
            if image.mode != "RGB" or not _has_eight_bits(data, kind):
                raise Unusable("it has not three colours of eight bits each")
            return np.asarray(image)
    except Unusable:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow raises what it likes for a broken file: SyntaxError, struct.error
        raise Unusable(str(error) or type(error).__name__) from None


def _has_eight_bits(data: bytes, kind: str) -> bool:
    return kind != "PNG" or data[_PNG_DEPTH : _PNG_DEPTH + 2] == _PNG_EIGHT_BIT_RGB


def resize(pixels: Any, width: int, height: int) -> Any:
    """Return pixels in another size: the corners fall on the corners, and means are cut off to whole numbers.

    Parameters
    ----------
    pixels : array of uint8, (rows, columns, 3)
        The picture.
    width, height : int
        The size wanted.
    """
    rows, columns = pixels.shape[:2]
    result: Any = np.empty((height, width, 3), np.uint8)
    if not result.size:
        return result
    left, right, across = _between(width, columns)
    upper, lower, down = _between(height, rows)
    across, band = across[None, :, None], max(1, _BAND // width)
    for first in range(0, height, band):
        part = slice(first, first + band)
        above, below, weight = pixels[upper[part]], pixels[lower[part]], down[part, None, None]
        # In the order in which Boost adds them up: another one would be cut off to another number now and then.
        mean = above[:, left] * ((1.0 - across) * (1.0 - weight))
        mean += above[:, right] * (across * (1.0 - weight))
        mean += below[:, left] * ((1.0 - across) * weight)
        mean += below[:, right] * (across * weight)
        result[part] = mean.astype(np.uint8)
    return result


def _between(wanted: int, there: int) -> tuple[Any, Any, Any]:
    """Return, for each place of one side, its two neighbours in the picture and how far it is from the first."""
    at = np.arange(wanted) * ((there - 1) / max(wanted - 1, 1))
    first = np.minimum(np.floor(at).astype(np.intp), there - 1)
    return first, np.minimum(first + 1, there - 1), at - first


def to_pixels(data: bytes, kind: str, width: int, height: int, pixels: str, *, convert: bool = False) -> bytes:
    """Return a picture as a guest wants it.

    Parameters
    ----------
    data, kind, convert
        As for `decode`.
    width, height : int
        The size wanted.
    pixels : str
        ``"rgb8"``, ``"bgr8"`` (bytes), ``"rgb32f"`` or ``"bgr32f"`` (32-bit numbers from 0 to 1).

    Raises
    ------
    Unusable
        As `decode`.
    """
    resized = resize(decode(data, kind, convert=convert), width, height)
    if pixels.startswith("bgr"):
        resized = resized[:, :, ::-1]
    if pixels.endswith("32f"):
        resized = resized.astype("<f4") / np.float32(255.0)
    return bytes(np.ascontiguousarray(resized).data)
