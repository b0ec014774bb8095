"""Rust cells that declare crates: built by a real cargo, with crates that are made here, since no registry is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.toolchains import _cargo, registry
from ssvm_kernel.toolchains._cargo_manifest import declared
from ssvm_kernel.toolchains._cargo_report import cargo_failure
from ssvm_kernel.toolchains._rustc import Rustc, find_rustc
from ssvm_kernel.toolchains.base import CompileOptions, Severity
from ssvm_kernel.toolchains.cache import compile_cached
from tests.toolchains.conftest import build, crate, failure, required
from tests.toolchains.run_guest import call_guest, imports, run_guest


@pytest.fixture
def cargo(rust: None) -> None:
    """Go on only with a cargo that belongs to the compiler."""
    with required("rust"):
        _cargo.find_cargo(find_rustc())


AREA = "pub fn area(a: i32) -> i32 { a * a }\n"


@pytest.mark.usefixtures("cargo")
def test_a_cell_uses_a_crate_by_its_path(tmp_path):
    head = crate(tmp_path / "my crates" / "shapes", AREA)
    source = head + "\nuse ssvm_process_interface::Command;\nmod more;\nfn main() {\n    let größe = shapes::area(3);\n"
    source += '    println!("{} {}", größe, more::one()); Command::new("p").output();\n}\n'
    options = CompileOptions(files=(("more.rs", "pub fn one() -> i32 { 1 }\n"), ("notes.txt", "no Rust")))
    toolchain = registry.get("rust")
    first = compile_cached(toolchain, source, options)
    ran = run_guest(first.wasm)
    assert (ran.stdout, ran.calls[0]) == ("9 1\n", ("ssvm_process", "set_prog_name", b"p"))
    assert first.read_files == (str(tmp_path / "my crates" / "shapes" / "src" / "lib.rs"),)
    assert len(first.wasm) < 300_000
    # An edited cell, and then an edited crate, are compiled; a crate that is the same is not.
    assert compile_cached(toolchain, source, options).cached
    edited = compile_cached(toolchain, source.replace("area(3)", "area(4)"), options)
    assert run_guest(edited.wasm).stdout == "16 1\n"
    crate(tmp_path / "my crates" / "shapes", AREA.replace("a * a", "a * a + 100"))
    again = compile_cached(toolchain, source, options)
    assert not again.cached
    assert run_guest(again.wasm).stdout == "109 1\n"
    # Of both cells with these declarations there is one project; the session's file goes with the session.
    projects = [path for path in store.folder("cargo").iterdir() if path.is_dir()]
    assert len(projects) == 1
    error = failure("rust", source, folder=tmp_path / "without")
    assert (error.diagnostics[0].code, error.diagnostics[0].line) == ("E0583", 5)


@pytest.mark.usefixtures("cargo")
def test_a_mistake_is_at_its_line_and_column_and_in_a_crate_is_named(tmp_path):
    head = crate(tmp_path / "shapes", AREA)
    error = failure("rust", head + "fn main() {\n    let é = shapes::arae(3);\n}\n", folder=tmp_path / "1")
    found = error.diagnostics[0]
    assert (found.code, found.line, found.column, found.end_column) == ("E0425", 4, 21, 25)
    assert "line 4, column 21" in str(error)
    crate(tmp_path / "shapes", AREA + "nonsense\n")
    error = failure("rust", head + "fn main() {}\n", folder=tmp_path / "2")
    assert error.diagnostics[0].message.startswith("the crate shapes does not compile: ")
    assert "src/lib.rs:2:9" in str(error) or "src/lib.rs:2:1" in str(error)


@pytest.mark.usefixtures("cargo")
def test_a_library_with_a_crate_and_a_warning(tmp_path):
    source = crate(tmp_path / "shapes", AREA) + "static mut COUNT: i32 = 100;\n#[no_mangle]\n"
    source += (
        'pub extern "C" fn next() -> i32 {\n    let unused = 1;\n    unsafe { COUNT += shapes::area(1); COUNT }\n}\n'
    )
    compiled = build("rust", source, folder=tmp_path / "w")
    assert call_guest(compiled.wasm, ("next",), ("next",)) == [101, 102]
    warning = next(found for found in compiled.diagnostics if "unused" in found.message)
    assert (warning.severity, warning.line, warning.column) == (Severity.WARNING, 6, 9)
    assert {module for module, _ in imports(compiled.wasm)} <= {"wasi_snapshot_preview1"}


@pytest.mark.usefixtures("cargo")
@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        ('//! log = { path = "/" }\n//! nope-nothing = "1"', (2, 5), "/Cargo.toml"),
        ('//! a = "1"\n//! b = = "1"', (3, 9), ""),
        ('//! shapes = { path = "SHAPES", version = "2" }', (2, 5), 'failed to select a version .*= "\\^2"'),
        ('//! shapes = { path = "shapes" }', (2, 24), "the path must be absolute"),
        ("//! [profile.release]\n//! debug = true", (2, 5), r"can declare \[dependencies\] here"),
        ("//! [ [bin] ]", (2, 7), ""),
    ],
)
def test_a_wrong_declaration_is_at_its_line(tmp_path, lines, place, message):
    crate(tmp_path / "shapes", AREA)
    source = f"//! [dependencies]\n{lines.replace('SHAPES', str(tmp_path / 'shapes'))}\nfn main() {{}}\n"
    error = failure("rust", source, folder=tmp_path / "w")
    found = error.diagnostics[0]
    assert (found.line, found.column) == place
    assert re.search(message, found.message)
    assert str(store.folder("cargo")) not in str(error)


@pytest.mark.usefixtures("cargo")
def test_a_crate_that_cannot_be_had_is_named(tmp_path, monkeypatch):
    """Nothing answers at this proxy, so that no machine has a registry."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "empty"))
    source = '//! [dependencies]\n//! nope-nothing = "1"\nfn main() {}\n'
    error = failure("rust", source, folder=tmp_path / "w")
    found = error.diagnostics[0]
    assert found.message.startswith("there is no crate nope-nothing here\ncrates come from the registry")
    assert (found.line, found.column) == (2, 5)


@pytest.mark.parametrize(
    ("said", "line", "message"),
    [
        ("error: no matching package named `nope` found\nlocation searched: registry `x`\n", 3, "no matching package"),
        ("error: TOML parse error\n  --> Cargo.toml:16:3\n   |\n16 | no\n   |   ^\nexpected `=`\n", 4, "expected `=`"),
        ("", 0, "without a word"),
        ("something else\n", 0, "something else"),
    ],
)
def test_other_words_of_cargo(said, line, message):
    block = declared('\n//! [dependencies]\n//! nope = "1"\n//! no\n')
    found = cargo_failure(said, block, 14)
    assert found.line == line
    assert message in found.message


def test_only_what_stands_first_declares():
    assert declared("fn main() {}\n//! [dependencies]\n") is None
    assert declared("//! About [dependencies]\n") is None
    block = declared("\r\n//! [dependencies]\r\n//!serde = '1'\r\n// not this\r\n//! nor this\r\n")
    assert (block.first, block.lines) == (2, ("[dependencies]", "serde = '1'"))


def test_a_cargo_far_from_the_compiler_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(_cargo, "_candidates", lambda rustc: [tmp_path / "cargo"])
    (tmp_path / "cargo").write_text("#!/bin/sh\necho 'cargo 1.95.0 (abc 2026-01-01)'\n")
    (tmp_path / "cargo").chmod(0o755)
    near = Rustc(tmp_path / "rustc", "1.93.1", "wasm32-wasip1", tmp_path)
    assert _cargo.find_cargo(near) == tmp_path / "cargo"
    far = Rustc(Path("/usr/bin/rustc"), "1.63.0", "wasm32-wasi", tmp_path)
    with pytest.raises(ToolchainMissing, match=r"is cargo 1\.95\.0\)\. Install it with: apt-get install cargo"):
        _cargo.find_cargo(far)


def test_the_projects_that_were_not_used_for_longest_make_room(tmp_path):
    for number in range(_cargo._KEPT + 3):
        with _cargo._project(f"project {number}") as folder:
            os.utime(folder, (number, number))
    left = [path for path in folder.parent.iterdir() if path.is_dir()]
    assert len(left) == _cargo._KEPT
    assert folder in left


@pytest.mark.usefixtures("cargo")
def test_a_symlink_on_the_way_to_the_cache_changes_nothing(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "link" / "cache"))
    head = crate(tmp_path / "shapes", AREA)
    found = failure("rust", head + "fn main() {\n    shapes::arae(3);\n}\n", folder=tmp_path / "1").diagnostics[0]
    assert (found.code, found.line) == ("E0425", 4)
    source = head + 'fn main() { println!("{}", shapes::area(3)); }\n'
    assert compile_cached(registry.get("rust"), source).read_files == (str(tmp_path / "shapes" / "src" / "lib.rs"),)
    assert compile_cached(registry.get("rust"), source).cached


@pytest.mark.usefixtures("cargo")
def test_an_edited_cell_leaves_nothing_of_the_one_before(tmp_path):
    head = crate(tmp_path / "shapes", AREA) + "use ssvm_process_interface::Command;\n"
    (tmp_path / "theirs.txt").write_text("words")
    files = []
    for number, text in enumerate([f'include_str!("{tmp_path}/theirs.txt")', '"a"', '"b"']):
        source = f'{head}fn main() {{ println!("{{}}{{}}", shapes::area(3), {text}); Command::new("p").output(); }}\n'
        compiled = build("rust", source, opt="" if number else "1", folder=tmp_path / str(number))
        assert sorted(Path(name).name for name in compiled.read_files) == ["lib.rs", "theirs.txt"][: 1 if number else 2]
        files.append({path.name for path in store.folder("cargo").rglob("*") if path.is_file()})
    assert files[1] == files[2]
    assert len([name for name in files[2] if name.startswith("cell-") and name.endswith(".wasm")]) == 1
