"""C cells: compiled by the real clang, run in the real engine."""

from __future__ import annotations

import pytest

from ssvm_kernel.errors import CompileError, ToolchainMissing, UsageError
from ssvm_kernel.toolchains import _ziglang, registry
from ssvm_kernel.toolchains.base import CompileOptions, Severity
from tests.toolchains.conftest import build, failure
from tests.toolchains.run_guest import call_guest, imports, run_guest

pytestmark = pytest.mark.usefixtures("c")

HELLO = """#include <stdio.h>
int main(int argc, char **argv) { printf("hello %s %.2f\\n", argv[1], argc / 8.0); return 3; }
"""


def test_hello(tmp_path):
    ran = run_guest(build("c", HELLO, folder=tmp_path).wasm, ("wörld",))
    assert (ran.status, ran.stdout) == (3, "hello wörld 0.25\n")


def test_a_hello_asks_for_nothing_but_its_output(tmp_path):
    wasm = build("c", '#include <stdio.h>\nint main(void) { puts("hi"); }\n', folder=tmp_path).wasm
    assert {module for module, _ in imports(wasm)} == {"wasi_snapshot_preview1"}
    assert not {name for _, name in imports(wasm)} & {"path_open", "fd_prestat_get", "environ_get", "random_get"}
    assert len(wasm) < 10_000


def test_the_guest_names_no_path_of_this_machine(tmp_path):
    source = "#include <stdio.h>\n#include <assert.h>\nint main(int n, char **v) { assert(n > 5); puts(__FILE__); }"
    wasm = build("c", source, folder=tmp_path).wasm
    assert str(tmp_path).encode() not in wasm
    assert b"ziglang" not in wasm
    ran = None
    with pytest.raises(Exception, match="unreachable"):  # abort() after the message
        ran = run_guest(wasm)
    assert ran is None


def test_a_trap_names_the_line_of_the_cell(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMTIME_BACKTRACE_DETAILS", "1")
    source = (
        "static int deep(volatile int *at) {\n  *at = 1;\n  __builtin_trap();\n}\nint main(void) { int x; deep(&x); }\n"
    )
    with pytest.raises(Exception, match=r"deep\n *at \./cell\.c:3:3"):
        run_guest(build("c", source, folder=tmp_path).wasm)


@pytest.mark.parametrize(
    ("source", "line", "column", "end", "message", "code"),
    [
        ("int main(void) {\n  return nope;\n}", 2, 10, 14, "use of undeclared identifier 'nope'", ""),
        ("int main(void) {\n\tint x = 1\n\treturn x; }", 2, 11, 12, "expected ';' at end of declaration", ""),
        ('int main(void) { char *日本 = "ü😀"; return 日本 + 1.5; }', 1, 45, 46, "invalid operands", ""),
        ("\n\n#include <nothere.h>\n", 3, 10, 21, "'nothere.h' file not found", ""),
        ("int main(void) {\n  return puts;\n}\nint puts(const char *);", 2, 10, 14, "undeclared identifier", ""),
        (
            "int f(int *);\nint main(void) { long y; return f(&y); }",
            2,
            35,
            37,
            "incompatible",
            "-Wincompatible-pointer-types",
        ),
    ],
)
def test_a_mistake_is_at_its_line_and_column(tmp_path, source, line, column, end, message, code):
    error = failure("c", source, folder=tmp_path)
    found = next(item for item in error.diagnostics if item.severity is Severity.ERROR)
    assert (found.line, found.column, found.end_column, found.code) == (line, column, end, code)
    assert message in found.message
    assert f"line {line}, column {column}" in str(error)
    assert str(tmp_path) not in str(error)


def test_a_file_that_is_not_there_says_how_to_have_one(tmp_path):
    error = failure("c", '#include "shapes.h"\n#include "more.h"\nint main(void) { return 0; }', folder=tmp_path)
    assert "%%ssvm c --file NAME" in str(error)
    assert [found.severity for found in error.diagnostics].count(Severity.HELP) == 1


def test_a_macro_s_mistake_is_marked_where_it_is_used_and_where_it_is_written(tmp_path):
    error = failure("c", "#define M(x) (x + nope)\nint main(void) {\n  return M(1);\n}", folder=tmp_path)
    places = [(found.severity, found.line, found.column) for found in error.diagnostics]
    assert places == [(Severity.ERROR, 3, 10), (Severity.NOTE, 1, 19)]


def test_all_mistakes_are_reported(tmp_path):
    source = "int main(void) {\n" + "".join(f"  nope{number};\n" for number in range(5)) + "}"
    lines = [found.line for found in failure("c", source, folder=tmp_path).diagnostics]
    assert lines == [2, 3, 4, 5, 6]


def test_a_name_that_nothing_defines_is_found_in_the_cell(tmp_path):
    source = "int elsewhere(int);\nint other(void);\nint main(void) { return elsewhere(1) + other() + elsewhere(2); }"
    error = failure("c", source, folder=tmp_path)
    assert [(found.message, found.line, found.column) for found in error.diagnostics] == [
        ("undefined symbol: elsewhere", 1, 5),
        ("undefined symbol: other", 2, 5),
    ]


@pytest.mark.parametrize("source", ["static int add(int a, int b) { return a + b; }", "/* nothing */", "/* main */"])
def test_a_cell_with_nothing_to_run_says_what_is_missing(tmp_path, source):
    error = failure("c", source, folder=tmp_path)
    assert "needs a function int main(void) { return 0; }, a library one like int add(" in str(error)


@pytest.mark.parametrize("source", ["", " \n "])
def test_an_empty_cell_says_so(tmp_path, source):
    assert "the cell is empty" in str(failure("c", source, folder=tmp_path))


def test_unicode_in_names_and_texts(tmp_path):
    source = '#include <stdio.h>\nint main(void) { const char *größe = "日本 😀"; printf("%s\\n", größe); }'
    assert run_guest(build("c", source, folder=tmp_path).wasm).stdout == "日本 😀\n"


def test_a_mebibyte_compiles(tmp_path):
    rows = "".join(f'"{number:06d} 0123456789abcdef0123456789abcdef0123456789abcdef",\n' for number in range(20_000))
    source = f"#include <stdio.h>\nstatic const char *rows[] = {{\n{rows}}};\nint main(void) {{ puts(rows[19999]); }}\n"
    assert len(source) > 1 << 20
    assert run_guest(build("c", source, folder=tmp_path).wasm).stdout.startswith("019999 ")


def test_a_mistake_in_a_mebibyte_is_found(tmp_path):
    source = "int main(void) {\n" + "  ;\n" * 260_000 + "  nope;\n}"
    assert failure("c", source, folder=tmp_path).diagnostics[0].line == 260_002


def test_carriage_returns_count_no_lines(tmp_path):
    error = failure("c", "int main(void) {\r\n  return nope;\r\n}\r\n", folder=tmp_path)
    assert error.diagnostics[0].line == 2
    assert "\r" not in str(error)
    assert "\\x0d" not in str(error)


def test_a_warning_is_no_error(tmp_path):
    compiled = build("c", 'int main(void) { int x = 1 == 2 == 0; char *p = "a" + 1; return x + !p; }', folder=tmp_path)
    found = next(item for item in compiled.diagnostics if item.severity is Severity.WARNING)
    assert found.code == "-Wstring-plus-int"
    assert (found.line, found.column) == (1, 53)
    assert run_guest(compiled.wasm).status == 1


def test_flags_and_levels_are_the_person_s(tmp_path):
    source = "int main(void) { return X; }"
    assert run_guest(build("c", source, "-DX=42", folder=tmp_path / "1").wasm).status == 42
    with pytest.raises(CompileError, match="undeclared identifier 'X'"):
        build("c", source, folder=tmp_path / "2")
    source = "#ifdef __OPTIMIZE__\nint main(void) { return 1; }\n#else\nint main(void) { return 0; }\n#endif"
    for opt, status in (("", 1), ("0", 0), ("s", 1)):
        assert run_guest(build("c", source, opt=opt, folder=tmp_path / f"3{opt}").wasm).status == status


def test_what_wasi_lacks_is_imitated(tmp_path):
    source = """#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static void handler(int number) { printf("signal %d\\n", number); }
int main(void) {
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
        || clock() < 0 || getpid() < 1;
}
"""
    ran = run_guest(build("c", source, "-lwasi-emulated-signal", folder=tmp_path).wasm)
    assert (ran.status, ran.stdout) == (0, "signal 10\n")


def test_flags_for_the_linker_reach_it(tmp_path):
    source = "int twice(int x) { return 2 * x; }\nint main(void) { return 0; }"
    assert b"twice" in build("c", source, "-Wl,--export=twice", "-lm", folder=tmp_path / "1").wasm
    with pytest.raises(CompileError, match="unknown argument: --nope"):
        build("c", source, "-Wl,--nope", folder=tmp_path / "2")


@pytest.mark.parametrize("flag", ["-o", "-E", "-fsyntax-only", "-Iheaders", "-include"])
def test_flags_that_make_no_guest_or_mean_another_folder_are_refused(tmp_path, flag):
    with pytest.raises(UsageError, match=flag):
        build("c", "int main(void) {}", flag, folder=tmp_path)


def test_an_unknown_flag_or_level_is_an_error(tmp_path):
    assert "unknown argument" in str(failure("c", "int main(void) {}", "-fno-such-thing", folder=tmp_path))
    with pytest.raises(UsageError, match="fast"):
        build("c", "int main(void) {}", opt="fast", folder=tmp_path)


def test_a_cell_without_main_is_a_library(tmp_path):
    source = "static int calls;\nint add(int a, int b) { calls++; return a + b; }\nint count(void) { return calls; }"
    wasm = build("c", source, folder=tmp_path).wasm
    assert imports(wasm) == []
    assert call_guest(wasm, ("add", 2, 3), ("add", -1, 1), ("count",)) == [5, 0, 2]


def test_constructors_of_a_library_run_once(tmp_path):
    source = "static int n;\n__attribute__((constructor)) void begin(void) { n += 10; }\nint next(void) { return n++; }"
    assert call_guest(build("c", source, folder=tmp_path).wasm, ("next",), ("next",)) == [10, 11]


@pytest.mark.parametrize("flags", [(), ("-mexec-model=reactor",)])
def test_an_export_of_a_library_has_the_name_it_asks_for(tmp_path, flags):
    source = '/* main */ __attribute__((export_name("plus"))) int add(int a, int b) { return a + b; }'
    assert call_guest(build("c", source, *flags, folder=tmp_path).wasm, ("plus", 2, 3)) == [5]


def test_main_may_come_from_a_header(tmp_path):
    header = tmp_path / "program.h"
    header.write_text("int main(void) { return 4; }\n")
    assert run_guest(build("c", f'#include "{header}"', folder=tmp_path / "w").wasm).status == 4


def test_a_file_of_the_person_s_is_named(tmp_path):
    header = tmp_path / "my header.h"
    header.write_text("#define STATUS 9\n")
    compiled = build(
        "c", f'#include "{header}"\n#include <stdio.h>\nint main(void) {{ return STATUS; }}', folder=tmp_path / "w"
    )
    assert compiled.read_files == (str(header),)
    assert run_guest(compiled.wasm).status == 9


def test_a_mistake_in_an_included_file_is_at_the_include(tmp_path):
    header = tmp_path / "bad.h"
    header.write_text("int x = nope;\n")
    error = failure("c", f'#include <stdio.h>\n#include "{header}"\nint main(void) {{}}', folder=tmp_path / "w")
    assert (error.diagnostics[0].line, error.diagnostics[0].column) == (2, 0)
    assert "bad.h:1:9: use of undeclared identifier 'nope'" in str(error)


def test_simd_is_on(tmp_path):
    source = "#include <wasm_simd128.h>\nint main(void) { return wasm_i32x4_extract_lane(wasm_i32x4_splat(5), 2); }"
    assert run_guest(build("c", source, folder=tmp_path).wasm).status == 5


def test_a_compile_that_does_not_end_is_stopped(tmp_path, monkeypatch):
    from ssvm_kernel.toolchains import _clang, _tools

    def hasty(argv, workdir, *, source, notice):
        return _tools.run_compiler(argv, workdir, source=source, timeout=0.2)

    monkeypatch.setattr(_clang, "run_compiler", hasty)
    bomb = "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(x)))\nint main(void) { " + "B(B(B(;))) " * 5 + "}"
    assert "did not end within 0 s" in str(failure("c", bomb, folder=tmp_path))


def test_a_person_who_waits_is_told_what_for(tmp_path, monkeypatch):
    from ssvm_kernel.toolchains import _tools

    said: list[str] = []
    options = CompileOptions(notice=said.append)
    registry.get("c").compile("int main(void) {}", options, tmp_path)
    monkeypatch.setattr(_tools, "PATIENCE", 0.0)
    registry.get("c").compile("int main(void) {}", options, tmp_path)
    assert said[-1] == "zig is still at work; interrupt to stop it"


def test_without_ziglang_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(_ziglang, "_last", None)
    monkeypatch.setattr(_ziglang, "package_folder", lambda name: None)
    with pytest.raises(ToolchainMissing, match=r"pip install 'ssvm-kernel\[c\]'"):
        registry.get("c").find()
    with pytest.raises(ToolchainMissing):
        registry.get("c").compile("int main(void) {}", CompileOptions(), tmp_path)


def test_a_compiler_that_vanished_is_missing(tmp_path):
    from ssvm_kernel.toolchains._tools import run_compiler

    with pytest.raises(ToolchainMissing, match="cannot be started"):
        run_compiler([str(tmp_path / "zig")], tmp_path, source="")
