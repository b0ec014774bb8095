"""Pictures by SSVM's functions: every function, and all that can be given wrongly."""

from __future__ import annotations

import io
import math
import struct

import pytest
import wasmtime

MODULES = ("ssvm_image", "wasmedge_image")


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (5, 4)) -> bytes:
    from PIL import Image

    image = Image.new("RGB", size)
    image.putdata([((x * 40) % 256, (y * 50) % 256, (x + y) % 256) for y in range(size[1]) for x in range(size[0])])
    file = io.BytesIO()
    image.convert(mode).save(file, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return file.getvalue()


def pixels(data: bytes) -> list[list[tuple[int, ...]]]:
    from PIL import Image

    image = Image.open(io.BytesIO(data))
    return [[image.getpixel((x, y)) for x in range(image.width)] for y in range(image.height)]


def resized(source: list[list[tuple[int, ...]]], width: int, height: int) -> list[int]:
    """The specification, word for word: corners on corners, means cut off."""
    rows, columns = len(source), len(source[0])
    out = []
    for y in range(height):
        at_y = y * ((rows - 1) / max(height - 1, 1))
        y0 = min(math.floor(at_y), rows - 1)
        y1, fy = min(y0 + 1, rows - 1), at_y - y0
        for x in range(width):
            at_x = x * ((columns - 1) / max(width - 1, 1))
            x0 = min(math.floor(at_x), columns - 1)
            x1, fx = min(x0 + 1, columns - 1), at_x - x0
            for c in range(3):
                mean = source[y0][x0][c] * ((1 - fx) * (1 - fy))
                mean += source[y0][x1][c] * (fx * (1 - fy))
                mean += source[y1][x0][c] * ((1 - fx) * fy)
                mean += source[y1][x1][c] * (fx * fy)
                out.append(int(mean))
    return out


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("form", ["rgb8", "bgr8", "rgb32f", "bgr32f"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(5, 4), (2, 2), (9, 7), (1, 1), (1, 6)])
def test_a_picture_becomes_pixels(calls, module, form, kind, size) -> None:
    data = picture(kind)
    wanted = resized(pixels(data), *size)
    if form.startswith("bgr"):
        wanted = [wanted[at + 2 - 2 * (at % 3)] for at in range(len(wanted))]
    guest = calls(module)
    width = 4 if form.endswith("32f") else 1
    at = guest.room(len(wanted) * width)
    name = f"load_{'jpg' if kind == 'JPEG' else 'png'}_to_{form}"
    assert guest(name, data, *size, at) == 0
    got = guest.read(at, len(wanted) * width)
    if width == 1:
        assert list(got) == wanted
    else:
        assert struct.unpack(f"<{len(wanted)}f", got) == pytest.approx([value / 255 for value in wanted], abs=1e-7)


@pytest.mark.parametrize(
    ("name", "data"),
    [("jpg", lambda: picture("PNG")), ("png", lambda: picture("JPEG")), ("jpg", lambda: picture("JPEG", "L")),
     ("png", lambda: picture("PNG", "RGBA")), ("png", lambda: picture("PNG", "L")),
     ("png", lambda: picture("PNG", "P")),
     ("jpg", lambda: picture("JPEG", "CMYK")), ("png", lambda: b""), ("jpg", lambda: b"\xff\xd8\xff\xe0broken"),
     ("png", lambda: picture("PNG")[:-30]), ("jpg", lambda: picture("JPEG", size=(40, 40))[:-200])],
)  # fmt: skip
def test_what_is_no_picture_of_that_kind_gives_1_and_a_reason(calls, name, data) -> None:
    guest = calls(MODULES[0])
    at, _ = guest.put(b"k" * 12)
    assert guest(f"load_{name}_to_rgb8", data(), 2, 2, at) == 1
    assert guest.read(at, 12) == b"k" * 12
    assert guest.state.notes[0].startswith("the picture cannot be used: ")


def test_sixteen_bits_are_not_eight(calls) -> None:
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(7))) + chunk(b"IEND", b"")
    guest = calls(MODULES[0])
    assert guest("load_png_to_rgb8", data, 1, 1, guest.room(16)) == 1


def test_a_bomb_is_not_unpacked(calls) -> None:
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")
    guest = calls(MODULES[0])
    assert guest("load_png_to_rgb8", data, 1, 1, guest.room(16)) == 1
    assert guest.state.notes[0]


@pytest.mark.parametrize("size", [(100_000, 100_000), (-1, -1), (4096, 4096)])
def test_a_size_that_does_not_fit_in_memory_traps_before_anything_is_decoded(calls, size) -> None:
    guest = calls(MODULES[0])
    with pytest.raises(wasmtime.WasmtimeError, match="out of bounds"):
        guest("load_png_to_rgb8", picture("PNG"), *size, 0)


def test_no_width_is_no_pixels(calls) -> None:
    guest = calls(MODULES[0])
    assert guest("load_png_to_rgb8", picture("PNG"), 0, 7, 0) == 0
