"""Zig cells: compiled by the real zig with both of its backends, run in the real engine."""

from __future__ import annotations

import pytest

from ssvm_kernel.errors import CompileError, UsageError
from ssvm_kernel.host import store
from ssvm_kernel.toolchains import registry, zig
from ssvm_kernel.toolchains.base import CompileOptions, Severity
from ssvm_kernel.toolchains.cache import compile_cached
from tests.toolchains.conftest import build, failure
from tests.toolchains.run_guest import call_guest, imports, run_guest

pytestmark = [pytest.mark.usefixtures("zig"), pytest.mark.timeout(300)]  # zig compiles its library first

PRINT = """const std = @import("std");
pub fn main(init: std.process.Init) !void {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    var buffer: [256]u8 = undefined;
    var out: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    try out.interface.print("hello {s} {d}\\n", .{ args[1], args.len });
    try out.interface.flush();
    std.process.exit(3);
}
"""
TRAP = """const std = @import("std");

fn get(items: []const u8, at: usize) u8 {
    return items[at];
}

pub fn main(init: std.process.Init) !void {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    std.debug.print("{d}\\n", .{get("abc", args.len + 6)});
}
"""


def test_hello(tmp_path):
    wasm = build("zig", PRINT, folder=tmp_path).wasm
    ran = run_guest(wasm, ("wörld",))
    assert (ran.status, ran.stdout) == (3, "hello wörld 2\n")
    assert {module for module, _ in imports(wasm)} == {"wasi_snapshot_preview1"}
    assert str(tmp_path).encode() not in wasm
    assert b"ziglang" not in wasm


@pytest.mark.parametrize(
    ("source", "line", "column", "end", "message"),
    [
        ("pub fn main() void {\n    nope();\n}", 2, 5, 9, "use of undeclared identifier 'nope'"),
        ("pub fn main() void {\n    const x = 5\n    _ = x;\n}", 2, 16, 17, "expected ';' after statement"),
        ('pub fn main() void {\n    const s = "日本😀"; const y: u8 = 300; _ = s; _ = y;\n}', 2, 36, 39, "'300'"),
        ("pub fn main() void {\n\tvar unused: u32 = 1;\n}", 2, 6, 12, "unused local variable"),
        ('const x = @import("nothere.zig");\npub fn main() void { x.f(); }', 1, 19, 32, "imported here"),
    ],
)
def test_a_mistake_is_at_its_line_and_column(tmp_path, source, line, column, end, message):
    error = failure("zig", source, folder=tmp_path)
    found = next(item for item in error.diagnostics if item.line)
    assert (found.line, found.column, found.end_column) == (line, column, end)
    assert message in found.message
    assert str(tmp_path) not in str(error)


def test_a_mistake_that_shows_in_the_library_is_at_the_line_that_led_there(tmp_path):
    source = 'const std = @import("std");\npub fn main() void {\n    std.debug.print("{d}\\n", .{"text"});\n}'
    (found,) = failure("zig", source, folder=tmp_path).diagnostics
    assert (found.line, found.column) == (3, 20)
    assert "invalid format string 'd'" in found.message
    assert "(zig/std/Io/Writer.zig:" in found.message


def test_all_mistakes_are_reported_with_their_notes(tmp_path):
    source = "pub fn main() void {\n    const a: u8 = 1;\n    const a: u8 = 2;\n}"
    found = failure("zig", source, folder=tmp_path / "1").diagnostics
    assert [(item.severity, item.line) for item in found] == [(Severity.ERROR, 3), (Severity.NOTE, 2)]
    source = "pub fn main() void {\n    const a: u8 = 300;\n    _ = a;\n}\nexport fn f() void { nope(); }"
    assert sorted(item.line for item in failure("zig", source, folder=tmp_path / "2").diagnostics) == [2, 5]


def test_a_name_that_nothing_defines_is_found_in_the_cell(tmp_path):
    (found,) = failure("zig", "extern fn other() void;\npub fn main() void { other(); }", folder=tmp_path).diagnostics
    assert (found.message, found.line, found.column) == ("undefined symbol: other", 1, 11)


@pytest.mark.parametrize("source", ["fn helper() void {}", "// pub fn main\n// export fn add", "const x = 5;"])
def test_nothing_to_run_says_what_is_missing(tmp_path, source):
    assert "a Zig program needs pub fn main() !void" in str(failure("zig", source, folder=tmp_path))


@pytest.mark.parametrize("source", ["", " \n"])
def test_an_empty_cell_says_so(tmp_path, source):
    assert "the cell is empty" in str(failure("zig", source, folder=tmp_path))


def test_a_cell_without_main_is_a_library(tmp_path):
    source = """var count: u32 = 0;
export fn add(a: i32, b: i32) i32 { count += 1; return a + b; }
export fn calls() u32 { return count; }
fn hidden() void {}
"""
    wasm = build("zig", source, folder=tmp_path).wasm
    assert call_guest(wasm, ("add", 2, 3), ("add", -1, 1), ("calls",)) == [5, 0, 2]
    assert {module for module, _ in imports(wasm)} <= {"wasi_snapshot_preview1"}


@pytest.mark.parametrize("command", ["Command", "WasmEdgeCommand"])
def test_the_process_interface_is_at_hand(tmp_path, command):
    source = f"""const std = @import("std");
const process = @import("ssvm_process");
pub fn main(init: std.process.Init) !void {{
    const command: process.{command} = .{{
        .program = "git",
        .args = &.{{ "status", "" }},
        .env = &.{{.{{ .name = "A", .value = "ü" }}}},
        .stdin = "in\\x00put",
        .timeout_ms = 1500,
    }};
    const output = try command.output(init.gpa);
    defer output.deinit(init.gpa);
    std.debug.print("{{d}} {{d}} {{s}} {{}}", .{{ output.status, output.stdout.len, output.stderr, output.ok() }});
}}
"""
    wasm = build("zig", source, folder=tmp_path).wasm
    module = "ssvm_process" if command == "Command" else "wasmedge_process"
    assert {item for item, _ in imports(wasm)} == {"wasi_snapshot_preview1", module}
    ran = run_guest(wasm)
    assert ran.stderr == "7 7 err false"
    assert [call[1:] for call in ran.calls] == [
        ("set_prog_name", b"git"),
        ("add_arg", b"status"),
        ("add_arg", b""),
        ("add_env", b"A", "ü".encode()),
        ("add_stdin", b"in\0put"),
        ("set_timeout", 1500),
        ("run",),
        ("get_stdout_len",),
        ("get_stderr_len",),
        ("get_stdout",),
        ("get_stderr",),
    ]


@pytest.mark.parametrize("module", ["ssvm_process", "wasmedge_process"])
def test_all_functions_of_the_interface_compile(tmp_path, module):
    source = f"""const host = @import("ssvm_process").{module};
pub fn main() void {{
    var buffer: [16]u8 = undefined;
    host.set_prog_name("a", 1);
    host.add_arg("b", 1);
    host.add_env("c", 1, "d", 1);
    host.add_stdin("e", 1);
    host.set_timeout(5);
    _ = host.run();
    if (host.get_exit_code() != 7 or host.get_stdout_len() != 7 or host.get_stderr_len() != 3) unreachable;
    host.get_stdout(&buffer);
    host.get_stderr(&buffer);
}}
"""
    ran = run_guest(build("zig", source, folder=tmp_path).wasm)
    assert len(ran.calls) == 11
    assert {call[0] for call in ran.calls} == {module}


def test_a_panic_says_what_it_was_and_in_which_function(tmp_path):
    with pytest.raises(Exception, match=r"cell\.get\n"):
        run_guest(build("zig", TRAP, folder=tmp_path).wasm)


def test_the_options_for_lines_are_those_of_the_cell_with_llvm():
    options = registry.get("zig").line_options(CompileOptions(flags=("-DX",)))
    assert options == CompileOptions(opt="debug", flags=("-DX",))
    assert registry.get("zig").line_options(options) is None


@pytest.mark.parametrize("opt", ["", "small"])
def test_a_level_is_what_the_cell_is_compiled_with(tmp_path, opt):
    source = f"""const builtin = @import("builtin");
comptime {{ if (builtin.mode != .{opt or "safe"}) @compileError("another mode"); }}
comptime {{ if (builtin.target.cpu.has(.wasm, .simd128) != {"true" if opt else "false"}) @compileError("SIMD"); }}
export fn sum(n: f32) f32 {{ const v: @Vector(4, f32) = @splat(n); return @reduce(.Add, v); }}
"""
    assert call_guest(build("zig", source, opt=opt, folder=tmp_path).wasm, ("sum", 1.5)) == [6.0]


@pytest.mark.parametrize(("opt", "flag"), [("ReleaseFast", "ReleaseFast"), ("Debug", "Debug"), ("s", "ReleaseSmall")])
def test_levels_have_zig_s_older_names_and_short_ones(opt, flag):
    assert zig._mode(opt)[0] == f"-O{flag}"


def test_another_level_or_a_flag_that_makes_no_guest_is_refused(tmp_path):
    with pytest.raises(UsageError, match="Zig has debug, safe"):
        build("zig", PRINT, opt="O2", folder=tmp_path)
    for flag in (
        "-fno-emit-bin",
        "-femit-bin=x",
        "-target",
        "--listen=-",
        "other.zig",
        "-Mroot=x.zig",
        "-fno-such-thing",
    ):
        with pytest.raises(UsageError, match="something other than a guest"):
            build("zig", PRINT, flag, folder=tmp_path)
    assert "CPU" in str(failure("zig", PRINT, "-mcpu=no-such-thing", folder=tmp_path))


def test_unicode_in_names_and_texts(tmp_path):
    source = 'pub fn main() void { const @"größe" = "日本 😀"; @import("std").debug.print("{s}", .{@"größe"}); }'
    assert run_guest(build("zig", source, folder=tmp_path).wasm).stderr == "日本 😀"


def test_a_mebibyte_compiles_and_its_mistake_is_found(tmp_path):
    rows = "".join(f'    "{number:06d} 0123456789abcdef0123456789abcdef0123456789",\n' for number in range(20_000))
    source = f"const rows = [_][]const u8{{\n{rows}}};\nexport fn last() u8 {{ return rows[19999][5]; }}\n"
    assert len(source) > 1 << 20
    assert call_guest(build("zig", source, folder=tmp_path / "1").wasm, ("last",)) == [ord("9")]
    error = failure("zig", source.replace("rows[19999]", "nope"), folder=tmp_path / "2")
    assert error.diagnostics[0].line == 20_003


def test_a_file_of_the_session_is_imported_and_its_mistake_is_shown_in_it():
    toolchain = registry.get("zig")
    source = 'const shapes = @import("shapes.zig");\nexport fn area() i32 { return shapes.square(4); }'
    text = "pub fn square(side: i32) i32 {\n    return side * side;\n}\n"
    first = compile_cached(toolchain, source, CompileOptions(files=(("shapes.zig", text),)))
    assert call_guest(first.wasm, ("area",)) == [16]
    assert compile_cached(toolchain, source, CompileOptions(files=(("shapes.zig", text),))).cached
    wrong = CompileOptions(files=(("shapes.zig", text.replace("side * side", "side * nope")),))
    with pytest.raises(CompileError, match=r"--> shapes\.zig, line 2, column 19") as caught:
        compile_cached(toolchain, source, wrong, line_offset=1)
    assert caught.value.diagnostics[0].file == "shapes.zig"


def test_edits_do_not_fill_the_disk_and_the_wait_is_told_once(tmp_path):
    said: list[str] = []
    sizes = []
    for number in range(3):
        source = PRINT.replace("hello", f"hello {number}")
        compile_cached(registry.get("zig"), source, CompileOptions(notice=said.append))
        kept = store.folder("zig")
        assert kept is not None
        sizes.append(sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()))
    assert sizes[2] == sizes[1]
    assert not [text for text in said if "once on this machine" in text]  # the fixture waited for it


@pytest.mark.parametrize("flag", ["-Lfolder", "-I."])
def test_a_folder_is_named_by_its_whole_path(tmp_path, flag):
    with pytest.raises(UsageError, match="must be absolute"):
        build("zig", "export fn f() void {}", flag, folder=tmp_path)
