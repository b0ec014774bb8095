"""A command under its label, in a notebook and in a terminal."""

from __future__ import annotations

import re

import pytest

from ssvm_kernel.display.commands import CommandBlock
from ssvm_kernel.display.report import CommandLine, FileLine, GrantLine, RunReport, Timings

from .recording import Recording


def block(surface: Recording, *pieces: bytes) -> CommandBlock:
    shown = CommandBlock(surface, "tool --flag", "/usr/bin/tool")
    for piece in pieces:
        shown.output("stdout", piece)
    return shown


def test_in_a_notebook_one_output_is_replaced_until_the_end() -> None:
    surface = Recording()
    block(surface, b"one\n", b"two\n").close("exit 0 · 1.0 ms")
    (versions,) = surface.shown
    assert versions[0]["text/plain"] == "┌ tool --flag  (/usr/bin/tool)\n└ running"
    assert versions[-1]["text/plain"] == "┌ tool --flag  (/usr/bin/tool)\n│ one\n│ two\n└ exit 0 · 1.0 ms"
    assert not surface.written


def test_what_came_is_shown_before_more_comes() -> None:
    surface = Recording()
    block(surface, b"one\n")
    assert surface.shown[0][-1]["text/plain"] == "┌ tool --flag  (/usr/bin/tool)\n│ one\n└ running"


def test_in_a_terminal_it_streams() -> None:
    surface = Recording(live=False)
    block(surface, b"one\n", b"two").close("exit 0")
    assert surface.text("stdout") == "┌ tool --flag  (/usr/bin/tool)\none\ntwo\n└ exit 0\n"


def test_long_output_is_folded_and_cut() -> None:
    surface = Recording()
    block(surface, b"line\n" * 10, b"z" * 200_000).close("exit 0")
    final = surface.shown[0][-1]
    assert len(final["text/plain"]) < 70_000
    assert "the rest is not shown" in final["text/plain"]
    short = Recording()
    block(short, b"line\n").close("exit 0")
    assert "<details open" in short.shown[0][-1]["text/html"]
    long = Recording()
    block(long, b"line\n" * 100).close("exit 0")
    assert "<details open" not in long.shown[0][-1]["text/html"]


@pytest.mark.parametrize(
    "hostile", [b"<script>alert(1)</script>", b"<img src=x onerror=alert(1)>", b"\x1b]0;t\x07", b"&lt;b&gt;"]
)
def test_hostile_output_is_inert_in_every_form(hostile: bytes) -> None:
    surface = Recording()
    block(surface, hostile).close("exit 0")
    final = surface.shown[0][-1]
    assert not re.search(r"<(script|img|b)\b", final["text/html"])
    assert "\x1b" not in final["text/html"] + final["text/plain"]


def test_a_report_says_how_many_it_does_not_list() -> None:
    many = [f"n{number}" for number in range(1202)]
    report = RunReport(
        "g",
        "0" * 64,
        "jit",
        "exit 0",
        grants=[*(GrantLine(each, "option") for each in many), *(GrantLine(each, "person", 1) for each in many[:201])],
        commands=[CommandLine(each, "", "exit 0") for each in many],
        shown=many,
        connections=many,
        files=[FileLine(each, "opened to read", opened=True) for each in many],
        more_files=7,
    )
    last = dict(report.facts())  # of each name the last
    assert last["was lent"] == "and 1,002 more"
    assert last["decided by"] == "and 1 more"
    assert last["command"] == last["shown"] == last["connection"] == "and 1,002 more; the ledger has them"
    assert last["file"] == "and 1,009 more"
    data = report.data()
    for name, more in (("grants", 1203), ("commands", 1002), ("shown", 1002), ("connections", 1002), ("files", 1009)):
        assert (len(data[name]), data[f"more_{name}"]) == (200, more)


def test_a_report_that_lists_all_says_nothing_more() -> None:
    report = RunReport("g", "0" * 64, "jit", "exit 0", shown=["s"] * 200, connections=["c"])
    assert " more" not in report.text()
    assert [value for name, value in report.data().items() if name.startswith("more_")] == [0] * 5


def test_the_report_escapes_what_the_guest_named() -> None:
    line = CommandLine("<b>x</b>", "/usr/bin/x", "exit 0", 0.001)
    times = Timings(run=0.002, host=0.001)
    report = RunReport("<i>g</i>", "0" * 64, "jit", "exit 0", times, 65536, 3, 0, commands=(line,))
    html = report.bundle()["text/html"]
    assert "<b>" not in html
    assert "<i>" not in html
    assert "host 1.0 ms (1 command)" in report.line()
