"""C++ cells: compiled by the real clang with the real libc++, run in the real engine."""

from __future__ import annotations

import pytest

from ssvm_kernel.errors import CompileError
from ssvm_kernel.toolchains import cpp, registry
from ssvm_kernel.toolchains.base import CompileOptions, Severity
from ssvm_kernel.toolchains.cache import compile_cached
from tests.toolchains.conftest import build, failure
from tests.toolchains.run_guest import call_guest, imports, run_guest

pytestmark = [pytest.mark.usefixtures("cxx"), pytest.mark.timeout(400)]  # the library may have to be made first

HELLO = """#include <iostream>
#include <map>
#include <string>
#include <vector>
int main(int argc, char **argv) {
    std::map<std::string, std::vector<int>> found;
    for (int i = 0; i < 5; i++) found[i % 2 ? "odd" : "even"].push_back(i);
    for (auto &[name, numbers] : found) std::cout << name << numbers.size() << ' ';
    std::cout << argv[argc - 1] << std::endl;
    return 3;
}
"""


@pytest.mark.parametrize("flags", [(), ("-DX",)], ids=["precompiled headers", "plain"])
def test_hello(tmp_path, flags):
    ran = run_guest(build("c++", HELLO, *flags, folder=tmp_path).wasm, ("wörld",))
    assert (ran.status, ran.stdout) == (3, "even3 odd2 wörld\n")


def test_the_hello_of_every_language_says_it(tmp_path):
    assert "hello" in run_guest(build("c++", registry.get("c++").hello, folder=tmp_path).wasm).stdout


def test_a_program_without_the_big_headers_is_small(tmp_path):
    compiled = build("c++", '#include <cstdio>\nint main() { std::puts("hi"); }', folder=tmp_path)
    assert len(compiled.wasm) < 10_000
    assert run_guest(compiled.wasm).stdout == "hi\n"
    assert {module for module, _ in imports(compiled.wasm)} == {"wasi_snapshot_preview1"}


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        ("int main() {\n  return nope;\n}", 2, 10, "use of undeclared identifier 'nope'"),
        ("#include <vector>\nint main() {\n  std::vector<int> ü; ü.nope(); }", 3, 25, "no member named 'nope'"),
        ("#include <string>\nint f(std::string);\nint main() { return f(1.5); }", 3, 21, "no matching function"),
        ("int main() {\n  throw 1;\n}", 2, 3, "cannot use 'throw' with exceptions disabled"),
        ("\n#include <nothere>\n", 2, 10, "'nothere' file not found"),
    ],
)
def test_a_mistake_is_at_its_line_and_column(tmp_path, source, line, column, message):
    error = failure("c++", source, folder=tmp_path)
    found = next(item for item in error.diagnostics if item.severity is Severity.ERROR)
    assert (found.line, found.column) == (line, column)
    assert message in found.message
    assert str(tmp_path) not in str(error)


def test_what_to_do_without_exceptions_is_said_once(tmp_path):
    error = failure("c++", "int main() {\n  try { throw 1; } catch (int) {}\n  throw 2;\n}", folder=tmp_path)
    assert [found.severity for found in error.diagnostics].count(Severity.HELP) == 1
    assert "std::expected" in str(error)


@pytest.mark.parametrize("call", ["elsewhere(1)", "space::elsewhere(1)"])
def test_a_name_that_nothing_defines_is_found_in_the_cell(tmp_path, call):
    declared = "int elsewhere(int);" if call[0] == "e" else "namespace space { int elsewhere(int); }"
    (found,) = failure("c++", f"{declared}\nint main() {{ return {call}; }}", folder=tmp_path).diagnostics
    assert found.message.startswith("undefined symbol: ")
    assert (found.line, found.column) == (1, declared.index("elsewhere") + 1)


def test_a_trap_names_the_line_of_the_cell(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMTIME_BACKTRACE_DETAILS", "1")
    source = """#include <iostream>
template <class T> [[gnu::noinline]] T divide(T a, T b) {
    return a / b;
}
int main(int argc, char **) {
    std::cout << divide(7, argc - 1) << std::endl;
}
"""
    with pytest.raises(Exception, match=r"divide<int>(?s:.*)cell\.cpp:3:14(?s:.*)cell\.cpp:6:18"):
        run_guest(build("c++", source, folder=tmp_path).wasm)


def test_a_library_exports_what_has_c_linkage_and_keeps_its_state(tmp_path):
    source = """#include <vector>
struct Start { std::vector<int> all{100}; };
static Start start;
extern "C" int push(int value) { start.all.push_back(value); return (int)start.all.size(); }
extern "C" double mean() { double sum = 0; for (int one : start.all) sum += one; return sum / start.all.size(); }
"""
    wasm = build("c++", source, folder=tmp_path).wasm
    assert call_guest(wasm, ("push", 50), ("push", 0), ("mean",)) == [2, 3, 50.0]


def test_nothing_to_run_says_what_is_missing(tmp_path):
    error = str(failure("c++", "static int add(int a, int b) { return a + b; }", folder=tmp_path))
    assert 'a C++ program needs a function int main() { return 0; }, a library one like extern "C" int add(' in error
    assert "the cell is empty" in str(failure("c++", "\n", folder=tmp_path / "2"))


def test_the_process_interface_is_at_hand(tmp_path):
    source = """#include <ssvm_process.h>
#include <iostream>
#include <string_view>
int main() {
    const char *const args[] = {"-s", nullptr};
    ssvm_command command = {.program = "uname", .args = args};
    ssvm_output output = ssvm_run(&command);
    std::cout << std::string_view(output.out, output.out_size).size() << ' ' << output.err << ' ' << output.status;
    ssvm_output_free(&output);
}
"""
    ran = run_guest(build("c++", source, folder=tmp_path).wasm)
    assert ran.stdout == "7 err 7"
    assert [call[1] for call in ran.calls[:3]] == ["set_prog_name", "add_arg", "run"]


def test_unicode_in_names_and_texts(tmp_path):
    source = '#include <iostream>\nint main() { std::string größe = "日本 😀"; std::cout << größe; }'
    assert run_guest(build("c++", source, folder=tmp_path).wasm).stdout == "日本 😀"


def test_a_mebibyte_compiles_and_its_mistake_is_found(tmp_path):
    rows = "".join(f'"{number:06d} 0123456789abcdef0123456789abcdef0123456789abcdef",\n' for number in range(20_000))
    source = f"#include <iostream>\nstatic const char *rows[] = {{\n{rows}}};"
    source += "int main() { std::cout << rows[19999]; }"
    assert len(source) > 1 << 20
    assert run_guest(build("c++", source, folder=tmp_path / "1").wasm).stdout.startswith("019999 ")
    error = failure("c++", source.replace("rows[19999]", "nope"), folder=tmp_path / "2")
    assert error.diagnostics[0].line == 20_003


def test_no_file_of_ours_is_told_as_one_of_the_person_s(tmp_path):
    assert build("c++", HELLO, folder=tmp_path).read_files == ()


def test_headers_are_compiled_once_and_said_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "fresh"))
    said: list[str] = []
    for number in range(2):
        compiled = compile_cached(registry.get("c++"), f"{HELLO}// {number}", CompileOptions(notice=said.append))
        assert run_guest(compiled.wasm).status == 3
    assert sum("compiling the C++ headers: once on this machine" in text for text in said) == 1
    (kept,) = (tmp_path / "fresh").glob("*/precompiled-data/*")
    assert kept.stat().st_size > 1 << 20


def test_headers_that_do_not_fit_any_more_are_done_without(tmp_path, monkeypatch, caplog):
    stale = tmp_path / "stale.pch"
    stale.write_bytes(b"CPCH" + bytes(100))
    monkeypatch.setattr(cpp, "load_blob", lambda kind, key: stale)
    assert run_guest(build("c++", HELLO, folder=tmp_path / "w").wasm).status == 3
    assert "do not fit" in caplog.text


def test_headers_that_cannot_be_kept_are_not_compiled(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(cpp, "store_blob", None)
    step = cpp.Step(None, None, tmp_path, HELLO, (), pytest.fail)
    assert registry.get("c++")._precompiled(step, "2") is None


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("#include <iostream>\n#define X", True),
        ("// text\n#include <cstdio>\n#include <vector>", True),
        ("#include <cstdio>", False),
        ("#include <complex>", False),
        ("#define NDEBUG\n#include <vector>", False),
        ("int x;\n#undef X\n#include <vector>\n", False),
    ],
)
def test_headers_are_taken_where_they_help_and_change_nothing(tmp_path, source, wanted):
    step = cpp.Step(None, None, tmp_path, source, (), None)
    assert cpp._wants_headers(step) is wanted
    assert cpp._wants_headers(cpp.Step(None, None, tmp_path, "", (("x.h", source),), None)) is wanted


def test_assertions_are_on_unless_the_cell_says_no(tmp_path):
    source = "#include <cassert>\n#include <vector>\nint main(int argc, char **) { assert(argc > 5); }"
    with pytest.raises(Exception, match="unreachable"):
        run_guest(build("c++", source, folder=tmp_path / "1").wasm)
    assert run_guest(build("c++", f"#define NDEBUG\n{source}", folder=tmp_path / "2").wasm).status == 0


def test_flags_are_the_person_s(tmp_path):
    with pytest.raises(CompileError, match="deprecated"):
        build("c++", "[[deprecated]] int f();\nint main() { return f(); }", "-Werror", folder=tmp_path)
    assert run_guest(build("c++", "int main() { return X; }", "-DX=4", "-lc++", folder=tmp_path / "2").wasm).status == 4
