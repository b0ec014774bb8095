"""The small library of zig: the same guests and the same errors as with the whole one, and less to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssvm_kernel.host import store
from ssvm_kernel.toolchains import _zig_library, zig
from ssvm_kernel.toolchains._zig_library import kept_files, make, small_library, wants_whole
from ssvm_kernel.toolchains._ziglang import find_ziglang
from tests.toolchains.conftest import build, failure
from tests.toolchains.run_guest import run_guest

pytestmark = [pytest.mark.usefixtures("zig"), pytest.mark.timeout(600)]  # zig compiles both libraries first

PROGRAM = Path(__file__).parent / "zig_library" / "program.zig"
TAKEN = """const std = @import("std");
const library = std;
pub fn main() !void {
    var name: [tar]u8 = undefined;
    std.debug.print("{s} {d}", .{ "there", library.EITHER.Hash.digest_length + name[0..0].len });
}
const tar = 5;
"""
NOT_KEPT = TAKEN.replace("EITHER.Hash", "crypto.hash.sha3.Sha3_256")


@pytest.fixture
def runs(monkeypatch):
    """Return the list of zig's runs: whether each is with the small library."""
    seen: list[bool] = []
    run = zig.run_compiler

    def noted(argv, *rest, **named):
        seen.append("--zig-lib-dir" in argv)
        return run(argv, *rest, **named)

    monkeypatch.setattr(zig, "run_compiler", noted)
    return seen


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "store"
    place.mkdir()
    return place


def test_this_zig_has_a_small_library():
    version = find_ziglang().version
    files = kept_files(version)
    assert files, (
        f"ZIG {version} HAS NO SMALL LIBRARY, and each of its cells reads the whole one: "
        "run `python -m tools.zig_library` once, and commit the list that it writes"
    )
    assert 100 < len(files) < 200, f"the list for zig {version} is odd: make it anew with `python -m tools.zig_library`"
    assert all((find_ziglang().lib / "std" / name).is_file() for name in files)


def test_a_guest_is_the_same_with_either(tmp_path, runs, monkeypatch):
    source = PROGRAM.read_text("utf-8")
    small = build("zig", source, folder=tmp_path / "small").wasm
    monkeypatch.setattr(zig, "kept_files", lambda version: frozenset())
    assert small == build("zig", source, folder=tmp_path / "whole").wasm
    assert runs == [True, False]


def test_what_is_left_out_comes_from_the_whole_library(tmp_path, runs):
    assert run_guest(build("zig", NOT_KEPT, folder=tmp_path / "1").wasm).stderr == "there 32"
    assert runs == [True, False]
    named = 'const std = @import("std"); pub fn main() void { std.debug.print("{s}", .{@typeName(std.tar.Iterator)}); }'
    assert "tar" in run_guest(build("zig", named, folder=tmp_path / "2").wasm).stderr
    assert runs == [True, False, False]


def test_a_mistake_in_the_cell_is_found_at_once(tmp_path, runs):
    found = failure("zig", "pub fn main() void { const x: u8 = 300; _ = x; }", folder=tmp_path).diagnostics
    assert [item.line for item in found] == [1]
    assert runs == [True]


def test_a_mistake_is_told_in_the_words_of_the_whole_library(tmp_path, runs):
    source = NOT_KEPT.replace('"{s} {d}"', '"{d} {d}"')
    (found,) = failure("zig", source, folder=tmp_path).diagnostics
    assert (found.line, "invalid format string 'd'" in found.message) == (5, True)
    assert _zig_library.LEFT_OUT not in found.message
    assert runs == [True, False]


def test_flags_and_levels_have_the_whole_library(tmp_path, runs):
    source = "export fn add(a: i32, b: i32) i32 { return a + b; }"
    build("zig", source, "-freference-trace=9", folder=tmp_path / "1")
    build("zig", source, "-fno-compiler-rt", opt="small", folder=tmp_path / "2")
    assert runs == [False, False]
    build("zig", source, "--allow-assembly", folder=tmp_path / "3")
    assert runs == [False, False, True]


def test_what_zig_made_of_one_library_stays_when_it_uses_the_other(tmp_path):
    kept = store.folder("zig")
    assert kept is not None
    made = set(kept.glob("*/o/*"))
    assert made
    for number, source in enumerate([TAKEN.replace("EITHER.Hash", "crypto.hash.sha2.Sha256"), NOT_KEPT] * 2):
        build("zig", source, folder=tmp_path / str(number))
    assert set(kept.glob("*/o/*")) == made


def test_a_damaged_library_costs_a_compile_and_is_made_anew(tmp_path, runs, folder):
    kept = store.folder("zig")
    assert kept is not None
    library = small_library(find_ziglang(), kept)
    assert library is not None
    (library / "std" / "mem.zig").unlink()
    source = TAKEN.replace("EITHER.Hash", "crypto.hash.sha2.Sha256")
    assert run_guest(build("zig", source, folder=tmp_path / "1").wasm).stderr == "there 32"
    assert runs == [True, False]
    _zig_library._looked_at.cache_clear()  # as in another kernel
    assert small_library(find_ziglang(), kept) == library
    assert (library / "std" / "mem.zig").is_file()


def test_a_file_that_lost_its_content_is_noticed(folder):
    first = small_library(find_ziglang(), folder)
    assert first is not None
    (first / "std" / "fmt.zig").write_bytes(b"")
    _zig_library._looked_at.cache_clear()
    assert small_library(find_ziglang(), folder) == first
    assert (first / "std" / "fmt.zig").stat().st_size
    assert [path.name for path in folder.iterdir()] == [first.name]


def test_another_kernel_may_be_faster(folder, monkeypatch):
    theirs: list[Path | None] = []

    def slow(lib, files, aside):
        make(lib, files, aside)
        monkeypatch.setattr(_zig_library, "make", make)
        theirs.append(small_library(find_ziglang(), folder))

    monkeypatch.setattr(_zig_library, "make", slow)
    assert [small_library(find_ziglang(), folder)] == theirs
    assert [path.name for path in folder.iterdir()] == [theirs[0].name]


def test_a_folder_that_takes_nothing_means_the_whole_library(folder):
    assert small_library(find_ziglang(), folder / "missing") is None


def test_another_zig_has_the_whole_library(tmp_path, folder, monkeypatch, runs):
    monkeypatch.setattr(zig, "find_ziglang", lambda: type(find_ziglang())(*other))
    found = find_ziglang()
    other = (found.program, found.lib, "0.17.99")
    assert small_library(zig.find_ziglang(), folder) is None
    build("zig", "export fn one() i32 { return 1; }", folder=tmp_path / "1")
    assert runs == [False]


@pytest.mark.parametrize(
    ("text", "whole"), [("std.tar.x", True), ("std .http", True), ("std.mem.tar", False), ("const tar = 1;", False)]
)
def test_a_name_that_is_left_out_is_seen(text, whole):
    assert wants_whole(find_ziglang(), ["", text]) is whole


def test_the_small_library_serves_what_the_docs_show(tmp_path, runs):
    source = zig.ZigToolchain.hello
    assert run_guest(build("zig", source, folder=tmp_path).wasm).stdout == "hello\n"
    assert runs == [True]
