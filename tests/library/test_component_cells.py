"""Components that are made of cells: WIT above, plain functions of the language below."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ssvm_kernel import sdk
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.errors import CompileError, GuestError, GuestTrap, ToolchainMissing, UsageError
from ssvm_kernel.library.face import Library
from ssvm_kernel.library.wit import Case
from ssvm_kernel.options import CompileTraits
from ssvm_kernel.toolchains import _adapter, _wasm_tools, registry
from ssvm_kernel.toolchains._cargo_manifest import declared as declared_crates
from ssvm_kernel.toolchains._wit import world_from
from ssvm_kernel.toolchains._wit_block import declared
from ssvm_kernel.toolchains.base import CompileOptions
from ssvm_kernel.toolchains.cache import compile_cached
from ssvm_kernel.toolchains.components import for_cell
from tests.toolchains import conftest as toolchains

from . import worlds


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory):
    """Keep what is compiled here to this module, and once."""
    made = toolchains.library(tmp_path_factory, cxx=False)
    with toolchains.required("components"):
        _wasm_tools.find_wasm_tools()
    with toolchains.cached_in(made or tmp_path_factory.mktemp("components")):
        yield


@pytest.fixture(scope="module")
def cell(store, session):
    """Return what makes a library of a cell."""

    def make(language: str, source: str, **options: str) -> Library:
        toolchains.require("c" if language == "c++" else language)
        with toolchains.required("components"):
            guest = session.compile(language, source, CompileTraits(**options), f"{language}-cell")
        assert guest.is_component
        return Library(session, guest)

    return make


def refusal(session, language: str, source: str, **options: str) -> str:
    with pytest.raises((CompileError, UsageError)) as refused:
        session.compile(language, source, CompileTraits(**options), "refused")
    return str(refused.value)


@pytest.mark.parametrize("language", ["c", "c++", "rust"])
def test_every_type(cell, language):
    guest = cell(language, worlds.WIT + (worlds.RUST if language == "rust" else worlds.C))
    assert "half(n: u32) -> result<u32, string>" in repr(guest.exports)
    assert guest.add(2, -5) == -3
    ada = {"name": "Ädä", "age": 36, "tags": ["a", ""]}
    assert guest.birthday(ada) == {"name": "Ädä", "age": 37, "tags": ["a", "", "older"]}
    assert guest.birthday({"name": "", "age": 0, "tags": []}) == {"name": "", "age": 1, "tags": ["older"]}
    assert guest.half(8) == 4
    with pytest.raises(GuestError, match="7 is odd"):
        guest.half(7)
    assert (guest.mean([1, 2, 6]), guest.mean([])) == (3.0, None)
    shapes = [Case("circle", 2.5), Case("square", (2.0, -3.5)), Case("label", "näme"), Case("nothing")]
    assert [guest.same_shape(shape) for shape in shapes] == shapes
    assert guest.points([{"x": 1, "y": 2}, {"x": -3, "y": 4.5}]) == [{"x": 1.0, "y": 4.0}, {"x": -3.0, "y": 9.0}]
    assert guest.mixed("red", {"read"}, "a", True, (255, -5)) == ("light-green", {"write"}, "b", False, 260)
    assert guest.check(5) is None
    for value, error in ((-5, "red"), (None, "light-green")):
        with pytest.raises(GuestError) as failed:
            guest.check(value)
        assert failed.value.value == error
    assert (guest.exp(-128), guest.exp(7)) == (-128, -7)
    assert guest.joined(2**64 - 1, "b", "c", "d", "e", "f", "g", "hö", 200, ["x", "y"]) == f"{2**64 - 1} b hö 200 y"


@pytest.mark.parametrize("language", ["c", "rust"])
def test_what_it_prints_and_remembers(cell, language, capsys):
    source = worlds.TALK + (worlds.TALK_RUST if language == "rust" else worlds.TALK_C)
    guest = cell(language, source)
    assert [guest.count(), guest.count(), guest.count(fresh=True)] == [41, 42, 41]
    guest.say("häuser")
    assert capsys.readouterr().out == "<häuser>\n"
    with pytest.raises(GuestTrap) as trapped:
        guest.quotient(1, 0)
    output = capsys.readouterr().err
    line = 2 + source.split("\n").index(next(text for text in source.split("\n") if "a / b" in text))
    assert f"line {line}" in str(trapped.value) if language == "c" else f"cell.rs:{line}:" in output


@pytest.mark.parametrize("language", ["c", "rust"])
def test_memory_of_a_call_ends_with_it(cell, language):
    guest = cell(language, worlds.TALK + (worlds.TALK_RUST if language == "rust" else worlds.TALK_C))
    text = "x" * 100_000
    with guest.open(memory_limit=16) as small:
        small.say("first")  # what gives a component the host's functions gets its memory now
        for _ in range(100):
            assert small.same(text) == text


def test_parameters_can_have_names_that_python_keeps_for_itself(cell):
    source = "//! [wit]\n//! export minus: func(in: u32, pass: u32) -> u32;\n#include <stdint.h>\n"
    guest = cell("c", source + "uint32_t minus(uint32_t in, uint32_t pass) { return in - pass; }\n")
    assert guest.minus(5, 3) == guest.minus(pass_=3, in_=5) == 2


def test_without_the_host_it_imports_nothing(cell):
    guest = cell("c", f"{worlds.TALK.replace('//! export say: func(text: string);', '//!')}{worlds.TALK_C}")
    assert read_binary(guest._guest.wasm).imports == ()
    assert guest.same("a") == "a"


WIT = "//! [wit]\n//! record person { name: string }\n//! export add: func(a: s32) -> s32;\n"
WIT += "//! export who: func(p: person) -> string;\n"


@pytest.mark.parametrize(
    ("language", "source", "texts"),
    [
        (
            "c",
            WIT,
            [
                "the world exports add, and the cell has no such function\n --> line 4, column 12",
                "wit_string who(person p)",
            ],
        ),
        (
            "c",
            f"{WIT}int add(int a, int b) {{ return a; }}",
            ["conflicting types for 'add'\n --> line 6, column 5", "the world wants: int32_t add(int32_t a)"],
        ),
        ("c", f"{WIT}wit_string who(person p) {{ return p.nam; }}", ["no member named 'nam'", "line 6"]),
        ("rust", WIT, ["the cell has no such function\n --> line 5, column 12", "fn who(p: wit::Person) -> String"]),
        (
            "rust",
            f"{WIT}fn add(a: i32) -> i64 {{ 1 }}\nfn who(p: wit::Person) -> String {{ p.name }}",
            [
                "add has other types than the world says\n --> line 6, column 4",
                "the world wants: fn add(a: i32) -> i32",
            ],
        ),
        ("c", "//! [wit]\n//! export f: func(a: i32);", ["name `i32` does not exist\n --> line 3, column 23"]),
        ("c", "//! [wit]\n\nint f;", ["exports no function", "line 2, column 5"]),
        (
            "c",
            "//! [wit]\n//! resource r;\n//! export f: func(a: borrow<r>);",
            ["a handle of a resource", "line 4, column 12"],
        ),
        ("c", "//! [wit]\n//! import f: func();\n//! export g: func();", ["types alone", "line 3, column 12"]),
        ("c", "//! [wit]\n//! world a { }\n//! world b { }", ["a cell has one world, and here are: a, b"]),
        ("c", "//! [wit]\n//! export f: async func();", ["f is no plain function"]),
        (
            "c",
            "//! [wit]\n//! export f: func();\n#include <ssvm_process.h>\nvoid f(void) { ssvm_process_run(); }",
            ["can ask the host for WASI only, and this cell imports ssvm_process (ssvm_process_run)"],
        ),
        ("wat", ";; [wit]\n;; export f: func();\n(module)", ["failed to find export of function `f`"]),
        ("go", "//! [wit]\n//! export f: func();\npackage main", ["components are made of cells in c, c++, rust"]),
    ],
)
def test_what_is_wrong_is_said_of_the_cell(session, language, source, texts):
    if language != "wat":
        toolchains.require("c" if language == "go" else language)
    said = refusal(session, language, source)
    assert not [text for text in texts if text not in said], said


def test_wit_in_a_file(session, cell, tmp_path):
    wit = (
        "package demo:shapes@1.2.0;\ninterface lines { record line { length: f64 } double: func(of: line) -> line; }\n"
    )
    wit += "world shapes { export lines; export more: interface { double: func(n: u8) -> u8; } }\n"
    source = "line lines_double(line of) { of.length *= 2; return of; }\nuint8_t more_double(uint8_t n) { return n; }"
    session.keep_file("shapes.wit", wit)
    (tmp_path / "other.wit").write_text(wit)
    for file in ("shapes.wit", str(tmp_path / "other.wit")):
        guest = cell("c", source, wit=file)
        assert guest.exports["double"]({"length": 1.5}) == {"length": 3.0}
    session.keep_file("shapes.wit", wit.replace("f64", "floaty"))
    assert "type `floaty` does not exist\n --> shapes.wit, line 2" in refusal(session, "c", source, wit="shapes.wit")
    (tmp_path / "other.wit").write_text(wit.replace("f64", "floaty"))
    said = refusal(session, "c", source, wit=str(tmp_path / "other.wit"))
    assert "type `floaty` does not exist\n --> other.wit, line 2, column 41" in said
    assert "leave out --wit" in refusal(session, "c", WIT + source, wit="shapes.wit")
    assert "the session has no such file" in refusal(session, "c", source, wit="nowhere.wit")


def test_types_of_an_interface_ask_nothing_of_the_host(session, cell):
    wit = "package demo:lines;\ninterface types { record line { length: f64 } }\n"
    session.keep_file("lines.wit", wit + "world w { use types.{line}; export same: func(of: line) -> line; }\n")
    guest = cell("c", "line same(line of) { return of; }", wit="lines.wit")
    assert guest.same({"length": 1.5}) == {"length": 1.5}
    assert guest._guest.manifest.unknown == ()
    assert not guest._guest.manifest.can


def test_text_that_has_the_canonical_abi_itself(cell):
    guest = cell(
        "wat",
        ';; [wit]\n;; export f: func(n: u8) -> u8;\n(module (func (export "f") (param i32) (result i32) local.get 0))',
    )
    assert guest.f(7) == 7


def test_rust_with_crates(cell, tmp_path):
    crate = toolchains.crate(tmp_path / "shapes", "pub fn twice(n: u32) -> u32 { 2 * n }")
    source = "//! [wit]\n//! export f: func(n: u32) -> u32;\n" + crate + "fn f(n: u32) -> u32 { shapes::twice(n) }"
    assert cell("rust", source).f(21) == 42


def test_the_two_blocks_stand_in_any_order():
    wit, crates = "//! [wit]\n//! export f: func();\n", '//! [dependencies]\n//! shapes = "1"\n'
    for source in (wit + crates, crates + wit, f"\n\n{wit}{crates}"):
        found, others = declared(source), declared_crates(source)
        assert found is not None
        assert others is not None
        assert found.text == "\nexport f: func();"
        assert others.lines == ("[dependencies]", 'shapes = "1"')
        assert source.split("\n")[others.first - 1] == "//! [dependencies]"
        assert source.split("\n")[found.first - 1] == "//! [wit]"
    assert declared("int x; // [wit]\n//! [wit]") is None
    assert declared_crates(wit) is None


def test_the_cache_knows_wit_and_tool(session, monkeypatch):
    toolchains.require("c")
    source = "uint8_t f(uint8_t n) { return n; }"
    inner, options = registry.get("c"), CompileOptions()

    def is_cached(wit: str) -> bool:
        toolchain = for_cell(inner, source, "f.wit", {"f.wit": wit})
        return compile_cached(toolchain, source, options).cached

    wit = "world w { export f: func(n: u8) -> u8; }"
    assert [is_cached(wit), is_cached(wit), is_cached(wit.replace("n:", "m:"))] == [False, True, False]
    found = for_cell(inner, source, "f.wit", {"f.wit": wit}).find()
    tools = _wasm_tools.find_wasm_tools()
    monkeypatch.setattr(
        "ssvm_kernel.toolchains.components.find_wasm_tools", lambda: _wasm_tools.WasmTools(tools.program, "9")
    )
    assert for_cell(inner, source, "f.wit", {"f.wit": wit}).find() != found


@pytest.mark.parametrize("language", ["c", "rust"])
def test_the_same_cell_is_the_same_component(language, tmp_path):
    toolchains.require(language)
    source = worlds.TALK + (worlds.TALK_RUST if language == "rust" else worlds.TALK_C)
    made = set()
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        toolchain = for_cell(registry.get(language), source, "", {})
        with toolchains.required("components"):
            made.add(toolchain.compile(source, CompileOptions(), tmp_path / folder).wasm)
    (wasm,) = made
    for path in (tmp_path, Path(sdk.__file__).parent):
        assert str(path).encode() not in wasm


def test_without_the_tools_it_says_what_to_install(session, monkeypatch, tmp_path):
    toolchains.require("c")
    source = '//! [wit]\n//! export f: func();\nvoid f(void) { puts("once"); }'
    with monkeypatch.context() as patch:
        patch.setattr(_adapter, "find_npm", lambda node: None)
        patch.setenv("SSVM_CACHE_DIR", str(tmp_path))
        with pytest.raises(ToolchainMissing, match=r"asks for .*fd_write.* of WASI 0.1") as missing:
            session.compile("c", source, CompileTraits(), "x")
    assert missing.value.command == "pip install 'ssvm-kernel[components]'"
    monkeypatch.setattr(_wasm_tools, "_PACKAGE", "nothing_of_that_name")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainMissing, match="wasm-tools, which is not installed") as missing:
        session.compile("c", source, CompileTraits(), "x")
    assert missing.value.command == "pip install 'ssvm-kernel[components]'"


def test_what_is_fetched_is_the_very_file_or_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(_adapter, "_fetched", lambda: b"\0asm\1\0\0\0")
    with pytest.raises(ToolchainMissing, match="is not what it was"):
        _adapter.adapter(None)


def test_the_layout_is_that_of_wasm_tools(tmp_path):
    """Compare what functions are passed as with the module that ``wasm-tools`` makes up for the same world."""
    wit = (
        worlds.WIT
        + """\
//! variant mixture { a(u64), b(f32), c(tuple<f64, s8>), d(option<string>), e(result<f32, u64>) }
//! record nested { m: mixture, n: option<option<u16>>, o: list<mixture> }
//! export nested-one: func(n: nested) -> nested;
//! export one-flat: func(n: tuple<f32>) -> tuple<f64>;
//! export nothing: func();
//! export options: func(a: option<f32>, b: option<f64>, c: result<u32, f32>, d: result<s64, f64>) -> result;
"""
    )
    found = declared(wit)
    assert found is not None
    program = str(_wasm_tools.find_wasm_tools().program)
    (tmp_path / "cell.wit").write_text(found.whole)
    json_text = subprocess.run(
        [program, "component", "wit", "--json", "cell.wit"], cwd=tmp_path, capture_output=True, check=True
    )
    embed = [program, "component", "embed", "--dummy-names", "legacy", "cell.wit", "-o", "dummy.wasm"]
    subprocess.run(embed, cwd=tmp_path, check=True)
    core = {item.name: item.type for item in read_binary((tmp_path / "dummy.wasm").read_bytes()).exports}
    functions = world_from(json.loads(json_text.stdout)).functions
    assert len(functions) > 12
    for function in functions:
        flat = function.result.flat if function.result is not None else ()
        result = "i32" if len(flat) > 1 else "".join(flat)
        assert core[function.export] == f"({', '.join(function.flat)}) -> ({result})", function.name
