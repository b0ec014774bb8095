"""What guests show besides text, in whole cells."""

from __future__ import annotations

import json

import pytest

from tests.display.test_rich import SVG, png
from tests.toolchains.conftest import require

from .guests import cell


def shows(options: str, *items: tuple[str, bytes], times: int = 1) -> str:
    """Return a cell whose guest shows things and exits with the sum of the codes that it got."""
    at, data, calls = 1024, [], []

    def put(content: bytes) -> str:
        nonlocal at
        data.append(f'(data (i32.const {at}) "{"".join(f"{chr(92)}{byte:02x}" for byte in content)}")')
        place = f"(i32.const {at}) (i32.const {len(content)})"
        at += len(content)
        return place

    for mime, content in items:
        calls.append(f"(local.set $sum (i32.add (local.get $sum) (call $show {put(mime.encode())} {put(content)})))")
    return f"""%%ssvm wat --name shows {options}
(module
  (import "ssvm_display" "show" (func $show (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 16) {" ".join(data)} (data (i32.const 64) "said\\n")
  (func (export "_start") (local $sum i32) (local $i i32)
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 5))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (loop $again {" ".join(calls)}
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const {times}))))
    (call $exit (local.get $sum))))"""


def forms(cells) -> list[dict]:
    return [m["content"]["data"] for m in cells.messages if m["msg_type"] == "display_data"]


def test_without_the_grant_it_is_denied_with_the_option_that_gives_it(cells) -> None:
    text = cells.run(shows("", ("image/png", png())))
    assert "<error DeniedError: shows may not show image/png: it was not granted to show anything but text" in text
    assert "to grant it: --display" in text
    assert "%ssvm run shows --display" in text
    assert "image/png" not in {mime for bundle in forms(cells) for mime in bundle}
    text = cells.run("%ssvm run shows --display --deny-all")
    assert "dry run: shows tried this" in text
    assert "to grant it: --display" in text


def test_with_the_grant_it_is_shown_named_recorded_and_reported(cells) -> None:
    items = [("image/png", png()), ("image/svg+xml", SVG.encode()), ("text/csv", b"a,b\n1,2\n")]
    text = cells.run(shows("--display -o it", *items))
    assert text.startswith("said\n<display_data: ssvm · shows shows a picture (PNG, 4 x 3, ")
    assert "image/png" in forms(cells)[1]
    assert "shows · a table (CSV, 2 columns, 1 row)\n  a  b\n  1  2" in text
    assert "was lent: --display (by option)" in text
    assert "decided by: allow by --display (by option, 3 times)" in text
    assert "shown: a table (CSV, 2 columns, 1 row)" in text
    told = cells.run(
        "import json; print(json.dumps([[l.request.kind, l.request.argv, l.outcome.kind] for l in it.ledger]))"
    )
    assert json.loads(told) == [["display", [mime], "shown"] for mime, _ in items]
    assert "image/svg+xml" in cells.run("%ssvm ledger")
    assert "can show pictures, tables and documents in the cell, if you grant it" in cells.run("%ssvm inspect shows")


def test_what_is_broken_is_said_to_the_person_and_to_the_guest(cells) -> None:
    text = cells.run(shows("--display", ("image/png", b"GIF89a")))
    assert "[ssvm] shows could not show image/png: it does not begin as PNG does" in text
    assert "<error GuestExit: the guest exited with status 4" in text
    assert "status 2" in cells.run(shows("--display", ("text/javascript", b"alert(1)")))


@pytest.mark.parametrize("granted", ["", "--display"])
def test_a_guest_that_shows_without_end_fills_nothing(cells, granted) -> None:
    text = cells.run(shows(f"{granted} --no-raise", ("text/csv", b"a\n1\n"), times=5000))
    shown = [
        bundle
        for bundle in forms(cells)
        if "a table (CSV" in bundle["text/plain"] and "ssvm · shows ·" not in bundle["text/plain"]
    ]
    assert len(shown) == (100 if granted else 0)
    assert text.count("could not show") <= 10


def test_no_more_is_shown_than_the_limit_allows(cells) -> None:
    row = b"0123456789,0123456789\n"
    text = cells.run(shows("--display --display-limit 1 --no-raise", ("text/csv", row * 20_000), times=4))
    assert text.count("shows · a table") == 2
    assert "left of --display-limit" in text


def test_both_engines_show_the_same_and_are_compared(cells) -> None:
    text = cells.run(shows("--display --engine both --samples 5 --no-raise", ("text/csv", b"a\n1\n")))
    assert text.count("shows · a table") == 1
    assert "No ratio" not in text


def test_blocks_among_what_is_printed_are_shown_only_when_asked_for(cells) -> None:
    said = "x\\0aEVCXR_BEGIN_CONTENT text/csv\\0aa\\0a1\\0aEVCXR_END_CONTENT\\0ay\\0a"
    size = len(said.replace("\\0a", "\n"))
    prints = f"(call $print (i32.const 1) (i32.const 64) (i32.const {size}))"
    text = cells.run(cell("--name prints --display", prints, data=f'(data (i32.const 64) "{said}")'))
    assert text.startswith("x\nEVCXR_BEGIN_CONTENT text/csv\na\n1\nEVCXR_END_CONTENT\ny\n")
    text = cells.run("%ssvm run prints --display --display-from-stdout")
    assert text.startswith("x\n<display_data: prints · a table (CSV, 1 column, 1 row)\n  a\n  1>\ny\n")
    text = cells.run("%ssvm run prints --display-from-stdout --no-raise")
    assert "EVCXR_BEGIN_CONTENT text/csv\na\n1\n" in text


C = r"""#include <ssvm_display.h>
int main(void) { return ssvm_show_text("text/csv", "a,b\n1,2\n"); }"""
RUST = r"""fn main() {
    ssvm_display::csv("a,b\n1,2\n").unwrap();
    assert_eq!(ssvm_display::png(b"none"), Err(ssvm_display::Refusal::Unusable));
}"""


GO = """package main

import "ssvm_display"

func main() {
	if ssvm_display.CSV("a,b\\n1,2\\n") != nil || ssvm_display.PNG([]byte("none")) != ssvm_display.Unusable {
		panic("not as it should be")
	}
}"""
ZIG = """const display = @import("ssvm_display");
pub fn main() !void {
    try display.csv("a,b\\n1,2\\n");
    if (display.png("none")) |_| return error.Shown else |refusal| if (refusal != error.Unusable) return refusal;
}"""
ASSEMBLYSCRIPT = """import { csv, mime, SHOWN, UNUSABLE } from "ssvm_display";
assert(csv("a,b\\n1,2\\n") == SHOWN);
assert(mime("image/png", new Uint8Array(4)) == UNUSABLE);"""


@pytest.mark.parametrize("kernel", ["current"], indirect=True)  # the compilers are in this environment
@pytest.mark.parametrize(
    ("language", "source"),
    [("c", C), ("rust", RUST), ("go", GO), ("zig", ZIG), ("assemblyscript", ASSEMBLYSCRIPT)],
    ids=["c", "rust", "go", "zig", "assemblyscript"],
)
def test_the_language_sides(cells, language, source) -> None:
    require(language)
    text = cells.run(f"%%ssvm {language} --name shows --display\n{source}")
    assert "shows · a table (CSV, 2 columns, 1 row)\n  a  b\n  1  2" in text
    assert "exit 0" in text


def test_the_example_in_wat(cells) -> None:
    from importlib import resources

    source = (resources.files("ssvm_kernel.sdk") / "wat/show_picture.wat").read_text()
    text = cells.run(f"%%ssvm wat --name circle --display\n{source}")
    assert "circle shows a drawing (SVG, 120 x 60, " in text
    assert "exit 0" in text
