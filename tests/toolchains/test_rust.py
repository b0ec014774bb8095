"""Rust cells: compiled by a real rustc, run in the real engine."""

from __future__ import annotations

import pytest

from ssvm_kernel.errors import CompileError, GuestTrap, ToolchainMissing, UsageError
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import RunTraits
from ssvm_kernel.session import Session
from ssvm_kernel.toolchains import registry, rust
from ssvm_kernel.toolchains.base import CompileOptions, Severity
from ssvm_kernel.toolchains.cache import compile_cached
from tests.toolchains.conftest import build, failure
from tests.toolchains.run_guest import call_guest, imports, run_guest

pytestmark = pytest.mark.usefixtures("rust")


def test_hello(tmp_path):
    source = 'fn main() { println!("hello {}", std::env::args().nth(1).unwrap()); std::process::exit(3) }'
    ran = run_guest(build("rust", source, folder=tmp_path).wasm, ("wörld",))
    assert (ran.status, ran.stdout) == (3, "hello wörld\n")


def test_a_hello_is_small_and_asks_for_nothing_but_wasi(tmp_path):
    wasm = build("rust", 'fn main() { println!("hello") }', folder=tmp_path).wasm
    assert {module for module, _ in imports(wasm)} == {"wasi_snapshot_preview1"}
    assert len(wasm) < 200_000
    assert str(tmp_path).encode() not in wasm


def test_a_panic_names_the_line_of_the_cell(tmp_path, monkeypatch):
    source = 'fn main() {\n    let at = std::env::args().count();\n    println!("{}", [1, 2, 3][at + 7]);\n}'
    wasm = build("rust", source, folder=tmp_path).wasm
    with pytest.raises(Exception, match="unreachable") as trapped:
        run_guest(wasm)
    assert "main" in str(trapped.value)  # names for the stack are kept
    session = Session()
    try:
        with pytest.raises(GuestTrap) as shown:
            session.run(Guest("g", wasm, source_name="cell.rs"), RunTraits())
    finally:
        session.close()
    assert "panicked in line 3 of the cell: index out of bounds: the len is 3 but the index is" in str(shown.value)
    assert str(shown.value).splitlines()[2:] == ["  in cell::main"]


@pytest.mark.parametrize(
    ("source", "line", "column", "end", "code", "message", "label"),
    [
        (
            'fn main() {\n    let x: i32 = "a";\n}',
            2,
            18,
            21,
            "E0308",
            "mismatched types",
            "expected `i32`, found `&str`",
        ),
        ("fn main() {\n\tlet x = 1\n\tlet y = 2;\n}", 2, 11, 11, "", "expected `;`", ""),
        ('fn main() { let s = "日本😀é"; let n: u8 = s; }', 1, 41, 42, "E0308", "mismatched types", "expected `u8`"),
        ("fn main() {\n  foo!();\n}", 2, 3, 6, "", "cannot find macro `foo`", ""),
        ('fn main() {\n  println!("{}");\n}', 2, 13, 15, "", "1 positional argument", ""),
        ("use std::collections::HashMpa;\nfn main() {}", 1, 5, 30, "E0432", "unresolved import", "no `HashMpa`"),
    ],
)
def test_a_mistake_is_at_its_line_and_column(tmp_path, source, line, column, end, code, message, label):
    error = failure("rust", source, folder=tmp_path)
    found = error.diagnostics[0]
    assert (found.severity, found.line, found.column) == (Severity.ERROR, line, column)
    if code == "E0308":
        assert found.end_column == end
    assert found.code == code
    assert message in found.message
    assert label in found.label
    assert f"line {line}, column {column}" in str(error)
    assert str(tmp_path) not in str(error)


def test_a_crate_that_is_not_declared_says_how_to_declare_it(tmp_path):
    error = failure("rust", "use serde::Serialize;\nfn main() {}", folder=tmp_path)
    helps = [found.message for found in error.diagnostics if found.severity is Severity.HELP]
    assert any(text.endswith('//! [dependencies] and //! serde = "1"') for text in helps)


def test_helps_and_notes_are_kept(tmp_path):
    source = "fn take(v: &String) {}\nfn main() {\n    let s = String::new();\n    take(s);\n}"
    error = failure("rust", source, folder=tmp_path)
    assert "take(&s);" in next(found.message for found in error.diagnostics if found.severity is Severity.HELP)
    assert any(found.severity is Severity.NOTE and found.line == 1 for found in error.diagnostics)
    assert "aborting" not in str(error)


def test_a_cell_without_main_says_what_is_missing(tmp_path):
    error = failure("rust", "fn add(a: i32) -> i32 { a }", folder=tmp_path)
    assert error.diagnostics[0].code == "E0601"
    assert "put what it does into fn main()" in str(error)


def test_a_cell_that_only_exports_is_a_library(tmp_path):
    source = "static mut COUNT: i32 = 100;\n// fn main() {}\n#[no_mangle]\n"
    source += 'pub extern "C" fn next() -> i32 { unsafe { COUNT += 1; COUNT } }\n'
    source += '#[export_name = "add"]\npub extern "C" fn plus(a: i32, b: i32) -> i32 { println!("fn main"); a + b }\n'
    wasm = build("rust", source, folder=tmp_path).wasm
    assert call_guest(wasm, ("next",), ("add", 2, -5), ("next",)) == [101, -3, 102]


@pytest.mark.parametrize("source", ["", "\n\n"])
def test_an_empty_cell_says_so(tmp_path, source):
    assert "the cell is empty" in str(failure("rust", source, folder=tmp_path))


def test_a_name_that_nothing_defines_is_found_in_the_cell(tmp_path):
    source = 'extern "C" {\n    fn elsewhere();\n}\nfn main() { unsafe { elsewhere() } }'
    found = failure("rust", source, folder=tmp_path).diagnostics[0]
    assert (found.message, found.line, found.column) == ("undefined symbol: elsewhere", 2, 8)


def test_an_import_that_the_cell_names_is_allowed(tmp_path):
    source = '#[link(wasm_import_module = "env")] extern "C" { fn given(); }\nfn main() { unsafe { given() } }'
    assert ("env", "given") in imports(build("rust", source, folder=tmp_path).wasm)


def test_the_linker_s_words_are_reported_without_its_command_line(tmp_path):
    error = failure("rust", "fn main() {}", "-Clink-arg=--no-such-flag", folder=tmp_path)
    assert str(error) == "error: unknown argument: --no-such-flag"


def test_unicode_in_names_and_texts(tmp_path):
    source = 'fn main() { let größe = "日本 😀"; println!("{größe}"); }'
    assert run_guest(build("rust", source, folder=tmp_path).wasm).stdout == "日本 😀\n"


def test_a_mebibyte_compiles(tmp_path):
    source = 'fn main() { println!("end"); }\n' + "// é0123456789abcdef0123456789\n" * 36_000
    assert len(source.encode()) > 1 << 20
    assert run_guest(build("rust", source, folder=tmp_path).wasm).stdout == "end\n"


def test_a_mistake_in_a_mebibyte_is_found(tmp_path):
    source = "// 0123456789abcdef0123456789\n" * 36_000 + "fn main() { nope(); }\n"
    assert failure("rust", source, folder=tmp_path).diagnostics[0].line == 36_001


def test_a_warning_is_no_error(tmp_path):
    compiled = build("rust", "fn main() {\n    let unused = 1;\n}", folder=tmp_path)
    found = compiled.diagnostics[0]
    assert (found.severity, found.line, found.column) == (Severity.WARNING, 2, 9)
    assert "unused variable" in found.message
    assert run_guest(compiled.wasm).status == 0


def test_flags_and_levels_are_the_person_s(tmp_path):
    source = "fn main() { std::process::exit(if cfg!(fancy) { 4 } else { 0 } + cfg!(debug_assertions) as i32) }"
    assert run_guest(build("rust", source, folder=tmp_path / "1").wasm).status == 0
    assert run_guest(build("rust", source, "--cfg=fancy", folder=tmp_path / "2").wasm).status == 4
    assert run_guest(build("rust", source, opt="0", folder=tmp_path / "3").wasm).status == 1


def test_flags_that_make_no_guest_are_refused(tmp_path):
    for flag in ("--emit=asm", "-oother", "--target=x86_64-unknown-linux-gnu", "--test"):
        with pytest.raises(UsageError, match="something other than a guest"):
            build("rust", "fn main() {}", flag, folder=tmp_path)


def test_an_unknown_flag_or_level_is_an_error(tmp_path):
    assert "no-such-flag" in str(failure("rust", "fn main() {}", "--no-such-flag", folder=tmp_path))
    with pytest.raises(UsageError, match="fast"):
        build("rust", "fn main() {}", opt="fast", folder=tmp_path)


def test_a_file_of_the_person_s_is_named(tmp_path):
    data = tmp_path / "my data.txt"
    data.write_text("inside")
    source = f'fn main() {{ print!("{{}}", include_str!("{data}")); }}'
    compiled = build("rust", source, folder=tmp_path / "w")
    assert compiled.read_files == (str(data),)
    assert run_guest(compiled.wasm).stdout == "inside"


def test_simd_is_on(tmp_path):
    source = 'fn main() { std::process::exit(cfg!(target_feature = "simd128") as i32 * 6) }'
    assert run_guest(build("rust", source, folder=tmp_path).wasm).status == 6


def test_without_a_linker_the_message_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setattr(rust, "_CRATE", (*rust._CRATE, "-Clinker=no-such-linker"))
    with pytest.raises(ToolchainMissing, match=r"no-such-linker for WebAssembly.*apt-get install lld"):
        build("rust", "fn main() {}", folder=tmp_path)


def test_a_file_of_the_session_has_the_crates_that_the_cell_does_not_name():
    text = 'use ssvm_process_interface::Command;\npub fn ask() { Command::new("p").output(); }\n'
    options = CompileOptions(files=(("asking.rs", text),))
    source = "mod asking;\nfn main() { asking::ask(); }"
    ran = run_guest(compile_cached(registry.get("rust"), source, options).wasm)
    assert ran.calls[0] == ("ssvm_process", "set_prog_name", b"p")


def test_a_file_of_the_session_is_a_module_and_its_mistake_is_shown_in_it():
    source = 'mod shapes;\nfn main() { print!("{}", shapes::square(4)); }'
    text = "pub fn square(side: i32) -> i32 {\n    side * side\n}\n"
    ran = run_guest(compile_cached(registry.get("rust"), source, CompileOptions(files=(("shapes.rs", text),))).wasm)
    assert ran.stdout == "16"
    wrong = CompileOptions(files=(("shapes.rs", text.replace("* side", "* sid")),))
    with pytest.raises(CompileError, match=r"--> shapes\.rs, line 2, column 12") as caught:
        compile_cached(registry.get("rust"), source, wrong, line_offset=1)
    first = caught.value.diagnostics[0]
    assert (first.file, first.line, first.column, first.end_column) == ("shapes.rs", 2, 12, 15)
    assert "side * side" in str(caught.value), "the suggestion is about the file's text"


@pytest.mark.parametrize(
    ("source", "library"),
    [
        ('#[no_mangle]\npub extern "C" fn f() {}', True),
        ("fn main() {}", False),
        ('const Q: char = \'"\';\n#[no_mangle]\npub extern "C" fn f() {}\n', True),
        ('const Q: char = \'"\';\nfn main() {}\n#[no_mangle]\npub extern "C" fn f() {}\n', False),
        ("const Q: u8 = b'\\'';\nfn main() {}\n#[no_mangle]\npub fn f<'a>(_: &'a str) -> char { '\\u{1F600}' }", False),
        ('const Q: &str = r"\\";\nfn main() {}\n#[no_mangle]\npub extern "C" fn f() {}\n', False),
        ('const Q: &str = r#""fn main() {}"#;\n#[no_mangle]\npub extern "C" fn f() {}\n', True),
        ('const Q: &str = "fn main() {} \\" fn main() {}";\n#[no_mangle]\npub extern "C" fn f() {}\n', True),
    ],
)
def test_what_a_text_holds_does_not_make_a_library(source, library):
    assert rust._is_library(source) is library


@pytest.mark.parametrize("text", ['"\\"', "'\\", 'r#"'])
def test_quotes_without_end_take_no_time(text):
    assert not rust._is_library(text * 100_000)
