"""What a guest may show besides text: each type, and what is refused."""

from __future__ import annotations

import base64
import contextlib
import json
import struct
import time
import zlib

import pytest

from ssvm_kernel.display.drawing import checked_svg
from ssvm_kernel.display.picture import BadPicture, checked_png
from ssvm_kernel.display.rich import Refused, rich
from ssvm_kernel.host.display import TOO_MUCH, UNKNOWN_TYPE, UNUSABLE

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="9" height="9"/></svg>'


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 4, height: int = 3, *more: bytes, size: tuple[int, int] | None = None) -> bytes:
    header = struct.pack(">IIBBBBB", *(size or (width, height)), 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x20\x80\xff" * width) * height)
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *more, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


def shown(mime: str, data: str | bytes):
    return rich("guest", mime.encode(), data.encode() if isinstance(data, str) else data)


def refused(mime: str, data: str | bytes) -> Refused:
    with pytest.raises(Refused) as error:
        shown(mime, data)
    return error.value


def test_a_picture() -> None:
    item = shown("image/png", png())
    label, picture = item.bundles
    assert label["text/plain"] == f"ssvm · guest shows {item.what}"
    assert item.what == f"a picture (PNG, 4 x 3, {len(png())} B)"
    assert base64.b64decode(picture["image/png"]) == png()
    assert picture["text/plain"] == f"[{item.what}]"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "begin"),
        (b"GIF89a", "begin"),
        (png()[:-5], "cut off"),
        (png()[:40], "cut off"),
        (png() + b"<script>", "cut off"),
        (png() + chunk(b"IHDR", b"\0" * 13), "order"),
        (png().replace(b"IDAT", b"IDAX"), "damaged"),
        (png(4, 3, chunk(b"XXXX", b"")), "no PNG's"),
        (png(size=(0, 3)), "is none"),
        (png(size=(60_000, 60_000)), "over"),
        (png(size=(16_000, 16_000)), "over"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "order"),
        (b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**31) + b"IHDR", "cut off"),
    ],
)
def test_a_picture_that_is_none_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadPicture, match=why):
        checked_png(data)
    assert refused("image/png", data).code == UNUSABLE


def test_only_the_picture_of_a_picture_is_kept() -> None:
    extra = [chunk(b"tEXt", b"Comment\0<script>"), chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 10_000_000))]
    assert checked_png(png(4, 3, *extra, chunk(b"acTL", b"\0" * 8)))[0] == png()


def test_a_drawing_is_an_image_and_no_markup_of_the_page() -> None:
    hostile = SVG.replace("<rect", '<script>alert(1)</script><a href="javascript:alert(1)"><text>x</text></a><rect')
    _, drawing = shown("image/svg+xml", hostile).bundles
    html = drawing["text/html"]
    assert html.count("<") == 2  # one element
    assert "base64," in html
    assert "script" not in html
    assert "image/svg+xml" not in drawing  # some front ends put that into the page


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (SVG, (40, 20)),
        ('<svg viewBox="0 0 30 15"/>', (30, 15)),
        ('<svg width="100%" height="50%"/>', (300, 150)),
        ('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd"><svg width="1.6px" height="9"/>', (2, 9)),
    ],
)
def test_the_size_of_a_drawing(text: str, size: tuple[int, int]) -> None:
    assert checked_svg(text)[1:] == size


def bomb(levels: int) -> str:
    steps = "".join(f'<g id="a{n + 1}"><use href="#a{n}"/><use href="#a{n}"/></g>' for n in range(levels))
    return f'<svg><defs><path id="a0"/>{steps}</defs><use href="#a{levels}"/></svg>'


def address(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


USE_A, X, MASKED = '<use href="#a"/>', '<path class="x"/>', '<path mask="url(#a)"/>'
MANY = f'<mask id="a">{"<path/>" * 1000}</mask>'
STYLES = (
    "<style>.x{mask:url(#a)}</style>",
    "<style>b,.x { fill: red; mask: url( '#a' ) }</style>",
    "<style>svg > .x{mask:url(#a)}</style>",
    "<style>path{mask:url(#a)</style>",
    "<style>@media screen{path{mask:url(#a)}}</style>",
    "<style>:root{--m:url(#a)}path{mask:var(--m)}</style>",
    "<style>g::before{content:'} b{'} path{mask:url(#a)}</style>",
    r"<style>path{mask:u\72l(#\61)}</style>",
    "<style><![CDATA[path{mask:/* */url(#a)}]]></style>",
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<svg>",
        "<html/>",
        "not markup",
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>',
        "<svg><foreignObject><button>Allow once</button></foreignObject></svg>",
        bomb(30),
        '<svg><g id="a"><use href="#a"/></g><use href="#a"/></svg>',
        '<svg><pattern id="a"><rect fill="url(#a)"/></pattern><rect fill="url(#a)"/></svg>',
        "<svg>" + "<g>" * 200 + "</g>" * 200 + "</svg>",
        "<svg>" + "<g/>" * 60_000 + "</svg>",
        f'<svg><g id="a">{"<path/>" * 1000}</g>{USE_A * 1000}</svg>',
        f'<svg><pattern id="a">{"<path/>" * 1000}</pattern><g fill="url(#a)">{"<path/>" * 1000}</g></svg>',
        f'<svg><marker id="a">{"<path/>" * 100}</marker><path marker-mid="url(#a)" d="M{"0 " * 5000}"/></svg>',
        f'<svg><marker id="a">{"<path/>" * 100}</marker><g marker="url(#a)"><path d="M{"0 " * 5000}"/></g></svg>',
        *(f"<svg>{MANY}{style}{X * 1000}</svg>" for style in STYLES),
        f"<svg>{MANY}{MASKED * 1000}</svg>".replace("url(#a)", r"u\72l(\23 a)"),
        f"<svg>{MANY}{MASKED * 1000}</svg>".replace("url(#a)", "URL( '#%61' )"),
        f"<svg>{MANY}<g style='--m:url(#a)'>{'<path/>' * 1000}</g></svg>",
        '<svg><g id="a"><path style="mask:url(#a)"/></g></svg>',
        '<?xml-stylesheet href="data:text/css,"?><svg/>',
        "<svg><style>@import 'data:text/css,'</style></svg>",
        '<svg><image href=" DA&#10;TA:image/svg+xml,%3Csvg/%3E"/></svg>',
        '<svg><image xmlns:x="y" x:href="data:image/png;base64,AAAA"/></svg>',
        f'<svg><image href="{address(png(size=(60_000, 60_000)))}"/></svg>',
        f'<svg><rect style="fill:url({address(png(size=(60_000, 60_000)))})"/></svg>',
        '<svg><g id="a"/><use><set attributeName="href" to="#a"/></use></svg>',
        '<svg><g id="q"/><set href="#q" attributeName="mask" to="url(#a)"/></svg>',
        "<svg>" + '<g id="a">' * 90 + f'<g fill="{"url(#b) " * 200_000}"/>' + "</g>" * 90 + "</svg>",
    ],
    ids=lambda text: text[:40],
)
def test_a_drawing_that_is_none_or_grows_is_refused(text: str) -> None:
    assert refused("image/svg+xml", text).code == UNUSABLE


def test_a_drawing_may_use_its_parts_many_times() -> None:
    assert checked_svg(bomb(5))
    assert checked_svg(f'<svg><path id="p"/>{"<use href=" + chr(34) + "#p" + chr(34) + "/>"}</svg>')


GRADIENT = '<linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient>'


@pytest.mark.parametrize(
    "text",
    [
        f'<svg>{GRADIENT}<g fill="url(#a)">{"<path/>" * 40_000}</g></svg>',
        f"<svg><style>.x{{fill:url(#a)}}*{{stroke:url('#a')}}</style>{GRADIENT}{X * 1000}</svg>",
        f'<svg><path id="a"/>{USE_A * 40_000}</svg>',
        f'<svg><marker id="a"><path/></marker><polyline marker-mid="url(#a)" points="{"1,2 " * 20_000}"/></svg>',
        '<svg><clipPath id="a b"><path/></clipPath><g clip-path="url(&quot;#a b&quot;)"><path/></g></svg>',
        "<svg><style>@font-face{src:url(https://example.org/a.woff2)} text{font-family:a}</style></svg>",
        "<svg><style>/* none */</style><style>.b{--color:#fff} .c::after{content:'a;b'}</style></svg>",
        f'<svg><image width="9" href="{address(png())}"/></svg>',
        '<svg><path id="a" d="M0 0"><animate href="#a" attributeName="d" values="M0 0;M1 1"/></path></svg>',
        '<svg><text class="#a" aria-label="f(x)">data: url(x)</text><a href="https://example.org#a"/></svg>',
    ],
    ids=["gradient", "style", "use", "marker", "spaces", "font", "comment", "picture", "shape", "text"],
)
def test_drawings_as_programs_make_them(text: str) -> None:
    assert checked_svg(text)[0] == text


@pytest.mark.parametrize(
    "piece",
    ["<!DOCTYPE", "{", "}", "url(", "a{", "'", '"', "/*", "\\", "@", "<style>", "&#", ".a,", "a{b:url(#c)}", "data:"],
)
def test_a_drawing_is_read_in_proportion_to_its_length(piece: str) -> None:
    """Each of these takes milliseconds; read over and over from each place, minutes (the test's own limit)."""
    for text in (piece * (1_900_000 // len(piece)), f"<svg><style>{piece * (1_900_000 // len(piece))}</style></svg>"):
        with contextlib.suppress(Refused):
            rich("g", b"image/svg+xml", text.encode())


def test_a_table() -> None:
    (table,) = shown("text/csv", 'fruit,weight\napple,120\n"<b>,",7\n').bundles
    assert table["text/plain"].splitlines() == [
        "guest · a table (CSV, 2 columns, 2 rows)",
        "  fruit  weight",
        "  apple  120",
        "  <b>,   7",
    ]
    assert "&lt;b&gt;," in table["text/html"]


def test_a_long_table_is_cut_and_says_so() -> None:
    (table,) = shown("text/csv", "n\n" + "1\n" * 9000).bundles
    assert "9,000 rows), the first 500 of them" in table["text/plain"]
    assert table["text/html"].count("<tr>") == 501


def test_json() -> None:
    _, data = shown("application/json", '{"a": ["<b>", null]}').bundles
    assert data["text/plain"] == '{\n  "a": [\n    "<b>",\n    null\n  ]\n}'
    assert "&lt;b&gt;" in data["text/html"]


def test_nested_json_is_refused_before_it_is_written() -> None:
    depth = 300
    items = 900_000 // 2
    error = refused("application/json", "[" * depth + "1," * items + "1" + "]" * depth)  # a quarter of a gigabyte
    assert error.code == UNUSABLE
    assert "nested" in str(error)


def test_markdown_is_made_into_harmless_html() -> None:
    source = (
        "# Head\n\n**bold** <img src=x onerror=alert(1)> [link](javascript:alert(1)) [out](https://example.org/?q)\n\n"
        "![spy](https://example.org/spy.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n$\\href{javascript:alert(1)}{x}$\n"
    )
    _, text = shown("text/markdown", source).bundles
    html = text["text/html"]
    assert '<p style="font-weight:bold">Head</p>' in html
    assert "<strong>bold</strong>" in html
    assert "<td>1</td>" in html
    assert "text/markdown" not in text  # a front end would follow its links and load its pictures
    for word in ("<img", "href=", "<a"):
        assert word not in html
    assert text["text/plain"].startswith("# Head\n")


def test_html_is_in_a_frame_that_can_do_nothing() -> None:
    source = (
        '<h1 onclick="x()" style="color:red">T</h1><script>alert(1)</script><form action="/">'
        '<button>Allow once</button><input name="p"></form><a href="https://example.org">go</a><img src="https://example.org/spy.png">'
        '<img src="data:image/png;base64,AAAA"><meta http-equiv="refresh" content="0;url=https://example.org">'
        "<iframe src=x></iframe><object data=x></object></body></iframe><base href=x><link rel=stylesheet href=x>"
    )
    _, page = shown("text/html", source).bundles
    html = page["text/html"]
    assert html.startswith('<iframe sandbox="" ')
    assert html.count("<") == 2
    inside = html.partition('srcdoc="')[2]
    for word in ("script", "onclick", "form ", "button", "input", "href", "example.org", "refresh", "object", "link"):
        assert word not in inside, word
    assert "default-src &#x27;none&#x27;" in inside
    assert "data:image/png;base64,AAAA" in inside
    assert "color:red" in inside
    assert page["text/plain"] == "TAllow oncego"


@pytest.mark.parametrize(
    ("mime", "data", "code"),
    [
        ("text/javascript", "alert(1)", UNKNOWN_TYPE),
        ("application/vnd.jupyter.widget-view+json", "{}", UNKNOWN_TYPE),
        ("application/vnd.ssvm.run+json", "{}", UNKNOWN_TYPE),
        ("", "", UNKNOWN_TYPE),
        ("\x1b[2J", "", UNKNOWN_TYPE),
        ("text/csv", b"\xff\xfe", UNUSABLE),
        ("text/csv", "", UNUSABLE),
        ("text/csv", 'a,"b', UNUSABLE),
        ("text/html", b"\xff", UNUSABLE),
        ("text/markdown", b"\xff", UNUSABLE),
        ("application/json", "{", UNUSABLE),
        ("application/json", "[NaN]", UNUSABLE),
        ("application/json", "[" * 100_000, UNUSABLE),
        ("application/json", "1" * 2_000_000, TOO_MUCH),
        ("image/svg+xml", "<svg>" + " " * 3_000_000 + "</svg>", TOO_MUCH),
        ("text/markdown", "x" * 60_000, TOO_MUCH),
    ],
)
def test_what_is_not_shown(mime: str, data: str | bytes, code: int) -> None:
    error = refused(mime, data)
    assert error.code == code
    assert "\x1b" not in str(error)
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    ("mime", "piece", "size"),
    [
        *(
            ("text/html", piece, 500_000)
            for piece in ("<!--", "<", "</", "<a ", "<a b='", "<div>", "&#", "<svg>", "<style>")
        ),
        *(("text/markdown", piece, 50_000) for piece in ("[", "![](", "*_", "[a](", "> ", "<!--")),
        ("text/csv", '"a', 4_000_000),
    ],
)
def test_no_input_takes_more_time_than_it_is_long(mime: str, piece: str, size: int) -> None:
    """Quadratic readers take minutes for these (Python's own takes four for the first); seconds are a busy machine."""
    started = time.process_time()
    with contextlib.suppress(Refused):
        shown(mime, (piece * size)[:size])
    assert time.process_time() - started < 20


@pytest.mark.parametrize("hostile", ["\x1b]0;t\x07", "\u202ertl", "\u2066x", "<script>alert(1)</script>", "a" * 10_000])
@pytest.mark.parametrize("mime", ["text/csv", "application/json", "text/markdown", "text/html"])
def test_hostile_text_is_inert_in_every_form(mime: str, hostile: str) -> None:
    source = json.dumps({"a": hostile}) if mime == "application/json" else f"h\n{hostile}"
    for bundle in shown(mime, source).bundles:
        for form in bundle.values():
            assert not set(form) & {"\x1b", "\x07", "\u202e", "\u2066"}
        assert "<script" not in bundle["text/html"]
