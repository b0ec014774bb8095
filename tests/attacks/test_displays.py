"""Attacks through what a guest may show besides text, and through what it is given to read."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from ssvm_kernel.display.rich import Refused, rich
from ssvm_kernel.errors import GrantError
from tests.display.test_rich import SVG, bomb, chunk, png

from .play import Played, Stage

MARKERS = "EVCXR_BEGIN_CONTENT text/csv\\0aa\\0a1\\0aEVCXR_END_CONTENT\\0a"
SHOW = """(module
  (import "ssvm_display" "show" (func $show (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 0) "text/csv") (data (i32.const 16) "a\\0a1\\0a")
  (func (export "_start") (local $last i32)
    (loop $again
      (local.set $last (call $show (i32.const 0) (i32.const 8) (i32.const 16) (i32.const 4)))
      (br_if $again (i32.eqz (i32.const %d))))
    (call $exit (local.get $last))))"""
MASK = f'<mask id="m">{"<path/>" * 1000}</mask>'
NESTED = f"data:image/svg+xml;base64,{base64.b64encode(bomb(40).encode()).decode()}"
ONCE, FOR_EVER = SHOW % 1, SHOW % 0


def shown(played: Played) -> list[dict]:
    return [bundle for bundle in played.bundles if "a table (CSV" in bundle["text/plain"].splitlines()[0]]


def test_u32_nothing_but_text_without_the_grant(stage: Stage, engine: str) -> None:
    played = stage.play(ONCE, engine=engine, whole=True)
    assert (played.raised, shown(played)) == ("DeniedError", [])
    assert [line.outcome.kind for line in stage.session.ledger.lines()][-1] == "denied"
    granted = stage.play(ONCE, ["--display"], engine=engine, whole=True)
    assert (granted.raised, len(shown(granted))) == ("", 1)
    assert shown(stage.play(ONCE, ["--display", "--deny-all"], engine=engine, whole=True)) == []


def test_u32_what_is_printed_shows_nothing(stage: Stage, engine: str) -> None:
    guest = f'(func $attack (call $say (text "{MARKERS}")))'
    for options in ([], ["--display"], ["--display-from-stdout"]):
        played = stage.play(guest, options, engine=engine)
        assert shown(played) == []
        assert "EVCXR_BEGIN_CONTENT text/csv\na\n1\n" in played.stdout
    assert len(shown(stage.play(guest, ["--display", "--display-from-stdout"], engine=engine))) == 1


def test_u32_a_type_of_ours_or_of_widgets_is_none_of_a_guests() -> None:
    for mime in (
        b"application/vnd.ssvm.run+json",
        b"application/vnd.jupyter.widget-view+json",
        b"text/latex",
        b"text/x",
    ):
        with pytest.raises(Refused):
            rich("g", mime, b"{}")


def test_u33_no_html_of_a_guest_is_in_the_page() -> None:
    prompt = (Path(__file__).parents[2] / "ssvm_kernel/deciders/static/prompt.js").read_text()
    source = f"<div class=ssvm-prompt><button onclick=x>Allow once</button></div><script>{prompt}</script>"
    label, page = rich("<b>g</b>", b"text/html", source.encode()).bundles
    assert label["text/plain"].startswith("ssvm · <b>g</b> shows a page (HTML")
    assert "&lt;b&gt;g&lt;/b&gt;" in label["text/html"]
    html = page["text/html"]
    assert re.findall(r"<\\s*/?\\s*([a-z]+)", html) == re.findall("[a-z]+", "iframe iframe") or html.count("<") == 2
    assert 'sandbox=""' in html
    assert "button" not in html
    assert "script" not in html.replace("without scripts", "")


@pytest.mark.parametrize(
    ("mime", "data"),
    [
        ("image/png", png(size=(60_000, 60_000))),
        ("image/png", b"<svg onload=alert(1)>"),
        ("image/png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0" * 13) + b"<script>"),
        ("image/svg+xml", bomb(40).encode()),
        ("image/svg+xml", b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'),
        ("image/svg+xml", b"<svg><foreignObject><form/></foreignObject></svg>"),
        ("image/svg+xml", f"<svg><style>path{{mask:url(#m)}}</style>{MASK}{'<path/>' * 1000}</svg>".encode()),
        ("image/svg+xml", f'<svg><image href="{NESTED}"/></svg>'.encode()),
        ("image/svg+xml", f'<svg><style>path{{mask:url("{NESTED}")}}</style><path/></svg>'.encode()),
        ("image/svg+xml", b"<!DOCTYPE" * 200_000),
    ],
    ids=["pixels", "other", "cut", "uses", "entities", "document", "style", "nested", "style-nested", "long"],
)
def test_u34_pictures_that_are_none_or_grow(mime: str, data: bytes) -> None:
    with pytest.raises(Refused):
        rich("g", mime.encode(), data)


def test_u34_a_drawing_is_never_markup_of_the_page() -> None:
    _, drawing = rich("g", b"image/svg+xml", SVG.replace("<rect", "<script>alert(1)</script><rect").encode()).bundles
    assert "<svg" not in drawing["text/html"]
    assert "script" not in drawing["text/html"]


def test_u35_a_guest_that_shows_without_end_is_stopped(stage: Stage, engine: str) -> None:
    played = stage.play(FOR_EVER, ["--display", "--time-limit", "3"], engine=engine, whole=True)
    assert played.raised == "LimitReached"
    assert len(shown(played)) == 100
    assert played.stderr.count("could not show") == 10


def test_u36_a_file_for_stdin_is_held_to_the_rules_for_folders(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc/self/environ")
    for path in ("/proc/self/environ", "/dev/../proc/self/status", f"{tmp_path}/link"):
        played = stage.play("(func $attack)", ["--stdin-file", path])
        assert isinstance(played.error, GrantError), path
    played = stage.play("(func $attack)", ["--stdin-file", "/dev/tty"])
    assert played.raised == "UsageError"


def test_u36_the_box_names_the_guest_and_nobody_is_asked_where_nobody_is(stage: Stage, monkeypatch) -> None:
    from ssvm_kernel import inputs
    from ssvm_kernel.deciders.stdin import Terminal

    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "^D"

    monkeypatch.setattr(inputs, "terminal_of_person", lambda wait: Terminal(print, ask))
    typing = inputs.Typing("\x1b[2Jyour bank", print)
    assert typing(lambda fd, timeout=None: True) is None
    assert asked == ["input for \\x1b[2Jyour bank (^D ends it): "]
