"""Every form of ours says the same words where a viewer takes styles and elements away."""

from __future__ import annotations

import re
from html import unescape

import pytest
import wasmtime
from bleach import ALLOWED_TAGS, clean

from benchmarks.guests import HELLO
from ssvm_kernel.capabilities.manifest import manifest_of
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.deciders.record import answer_bundle
from ssvm_kernel.display.abilities import manifest_bundle
from ssvm_kernel.display.commands import CommandBlock
from ssvm_kernel.display.notice import Item, notice
from ssvm_kernel.display.report import CommandLine, FileLine, GrantLine, RunReport, Timings
from ssvm_kernel.display.rich import rich
from ssvm_kernel.display.survive import survivable
from ssvm_kernel.display.table import Table
from ssvm_kernel.toolchains.base import Diagnostic, Severity
from ssvm_kernel.toolchains.render import render_html

from .recording import Recording

HOSTILE = "<script>alert('x')</script> &amp; \"q\""


def report() -> RunReport:
    return RunReport(
        HOSTILE,
        "0" * 64,
        "jit",
        "exit 0",
        Timings(run=0.5, host=0.1),
        1 << 20,
        6,
        0,
        "wasmtime 1",
        can=["print"],
        cannot=["sleep"],
        grants=[GrantLine("--dir /data:ro", "option"), GrantLine("allowed once by you", "person", 2)],
        commands=[CommandLine("echo <b>", "/usr/bin/echo", "exit 0", 0.001, 0, 4, 0)],
        files=[FileLine("data/<i>", "it may only be read", opened=False)],
    )


def command() -> str:
    surface = Recording()
    block = CommandBlock(surface, "echo <b>", "/usr/bin/echo")
    block.output("stdout", f"{HOSTILE}\n".encode() * 40)
    block.close("exit 0")
    return str(surface.shown[0][-1]["text/html"])


FORMS = {
    "report": lambda: report().bundle()["text/html"],
    "command": command,
    "manifest": lambda: manifest_bundle(HOSTILE, manifest_of(read_binary(bytes(wasmtime.wat2wasm(HELLO)))))[
        "text/html"
    ],
    "notice": lambda: notice("title", [Item(HOSTILE, "--dir x"), Item("b")], "%ssvm run x")["text/html"],
    "table": lambda: Table("title", ("a", HOSTILE), [("1", HOSTILE), ("2", "b")]).html(),
    "answer": lambda: answer_bundle("Allowed once", "echo &lt;b&gt;", "guest", allowed=True)["text/html"],
    "markdown": lambda: rich("g", b"text/markdown", b"# T\n\n> q\n\n1. a\n   - b\n\n|a|b|\n|-|-|\n|1|2|\n").bundles[1][
        "text/html"
    ],
    "diagnostics": lambda: render_html(
        "int x\n", (Diagnostic(severity=Severity.ERROR, message=HOSTILE, line=1, column=4),), line_offset=1
    ),
}


def words(html: str) -> list[str]:
    return unescape(re.sub(r"<[^>]*>", " ", html)).split()


@pytest.mark.parametrize("form", FORMS)
def test_the_same_words_whatever_is_taken_away(form: str) -> None:
    before = FORMS[form]()
    after = survivable(before)
    assert words(after) == words(before)
    assert words(clean(after)) == words(before)
    assert "&lt;blockquote" not in clean(after)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_but_elements_that_survive_and_nothing_that_acts(form: str) -> None:
    html = survivable(FORMS[form]())
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= ALLOWED_TAGS - {"a"}
    assert not re.search(r"<[^>]*\s(on\w+|href|src|srcdoc|action|id)\s*=", html)
    opened = [tag for closing, tag in re.findall(r"<(/?)([a-z0-9]+)", html) if not closing]
    closed = [tag for closing, tag in re.findall(r"<(/?)([a-z0-9]+)", html) if closing]
    assert sorted(opened) == sorted(closed)


def test_a_table_is_still_one_for_who_cannot_see_it() -> None:
    html = survivable(Table("t", ("a", "b"), [("1", "2")]).html())
    assert [html.count(f'role="{role}"') for role in ("table", "row", "columnheader", "cell")] == [1, 2, 2, 2]


def test_a_guests_frame_stays_one() -> None:
    frame = rich("g", b"text/html", b"<h1>x</h1>").bundles[1]["text/html"]
    assert survivable(frame) == frame


def test_what_would_be_folded_is_a_small_box_and_what_is_open_is_not() -> None:
    folded = survivable("<details><summary>s</summary><p>x</p></details>")
    assert folded.count("<blockquote") == folded.count("</blockquote>") == 3
    assert "max-height" in folded
    assert "max-height" not in survivable("<details open><summary>s</summary><p>x</p></details>")
    assert "max-height" not in survivable('<details style="a:b" open><summary>s</summary><p>x</p></details>')
    assert "max-height" in survivable('<details style="a: open"><summary>s</summary><p>x</p></details>')


def test_the_golden_report() -> None:
    assert report().text().splitlines()[1:] == [
        f"  module: sha256 {'0' * 64}",
        "  engine: jit (wasmtime 1)",
        "  it can ask to: print",
        "  impossible for it: sleep",
        "  was lent: --dir /data:ro (by option)",
        "  decided by: allowed once by you (by person, 2 times)",
        "  time: source to module cached, module to code cached, "
        "load 0 µs, instantiate 0 µs, guest 400 ms, host 100 ms",
        "  memory: 1.0 MB at most",
        "  printed: 6 B to stdout, 0 B to stderr",
        "  command: echo <b> · /usr/bin/echo · exit 0 · 1.0 ms · 4 B out",
        "  file: data/<i>: it may only be read",
    ]
    small = RunReport("g", "0", "jit", "exit 0").bundle()["text/html"]
    assert re.sub(r' (style|role)="[^"]*"', "", survivable(small)).startswith(
        "<blockquote><b>ssvm · g · jit · exit 0 · compile cached · instantiate 0 µs · run 0 µs · host 0 µs</b>"
        "<blockquote><ul><li><i>module</i><i><code>sha256 0</code></i></li>"
    )
