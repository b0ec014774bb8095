"""AssemblyScript cells: compiled by the real compiler in a real Node.js, run in the real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import wasmtime

from ssvm_kernel.errors import CompileError, ToolchainMissing, UsageError
from ssvm_kernel.sandbox.traps import parse_trap
from ssvm_kernel.toolchains import _asc_install, _asc_server, _node, assemblyscript, registry
from ssvm_kernel.toolchains.base import CompileOptions, Severity
from ssvm_kernel.toolchains.cache import compile_cached
from tests.toolchains.conftest import build, failure
from tests.toolchains.run_guest import NAMES, Recorder, call_guest, imports, run_guest

pytestmark = pytest.mark.usefixtures("assemblyscript")
LANGUAGE = "assemblyscript"


@pytest.fixture(scope="module", autouse=True)
def nothing_left():
    """The compiler stays for the tests of this module, and no longer."""
    yield
    _asc_server.stop()


def test_hello(tmp_path):
    source = 'const größe = "日本 😀";\nconsole.log(`hello ${process.argv[1]} ${größe}`);\nprocess.exit(3);\n'
    wasm = build(LANGUAGE, source, folder=tmp_path).wasm
    assert {module for module, _ in imports(wasm)} == {"wasi_snapshot_preview1"}
    assert len(wasm) < 50_000
    assert str(tmp_path).encode() not in wasm
    ran = run_guest(wasm, ("wörld",))
    assert (ran.status, ran.stdout) == (3, "hello wörld 日本 😀\n")


@pytest.mark.parametrize(
    ("source", "place", "end", "code", "message"),
    [
        ('const s = "a";\nlet x: i32 = s;', (2, 14), 15, "TS2322", "not assignable to type 'i32'"),
        ('const s = "日本😀é"; größe();', (1, 19), 24, "TS2304", "Cannot find name 'größe'"),
        ("\tlet a = 1 +\n\t;", (2, 2), 3, "TS1109", "Expression expected"),
        ('import { x } from "./nothing";\nx();', (1, 19), 30, "TS6054", "'nothing.ts' not found"),
        ('import { x } from "../../etc/nothing";\nx();', (1, 19), 38, "TS6054", "not found"),
        ("/* é */ function f(a: i32): i32 { return a }\r\nf();", (2, 1), 4, "TS2554", "Expected 1 arguments"),
    ],
)
def test_a_mistake_is_at_its_line_and_column(tmp_path, source, place, end, code, message):
    error = failure(LANGUAGE, source, folder=tmp_path)
    found = error.diagnostics[0]
    assert (found.severity, (found.line, found.column), found.end_column) == (Severity.ERROR, place, end)
    assert found.code == code
    assert message in found.message
    assert f"line {place[0]}, column {place[1]}" in str(error)
    assert str(tmp_path) not in str(error)


def test_no_file_of_the_machine_is_read(tmp_path):
    (tmp_path / "other.ts").write_text("export const x = 1;")
    (tmp_path / "node_modules" / "pack").mkdir(parents=True)
    (tmp_path / "node_modules" / "pack" / "index.ts").write_text("export const x = 1;")
    for name in ("./other", str(tmp_path / "other"), "pack", f"..{tmp_path}/other"):
        error = failure(LANGUAGE, f'import {{ x }} from "{name}";\nassert(x == 1);', folder=tmp_path)
        assert "not found" in error.diagnostics[0].message


def test_a_warning_is_no_error(tmp_path):
    source = "function f(): void { return; }\nexport function g(a: string | null): i32 { f(); return a!.length }"
    compiled = build(LANGUAGE, source.replace("export ", "") + '\ng("a"!);', folder=tmp_path)
    assert {found.severity for found in compiled.diagnostics} <= {Severity.WARNING, Severity.NOTE}
    assert compiled.diagnostics
    assert run_guest(compiled.wasm).status == 0


@pytest.mark.parametrize("source", ["", "\n\n"])
def test_an_empty_cell_says_so(tmp_path, source):
    assert "the cell is empty" in str(failure(LANGUAGE, source, folder=tmp_path))


def test_a_mebibyte_compiles_and_a_mistake_in_it_is_found(tmp_path):
    source = "// é0123456789abcdef0123456789\n" * 36_000 + 'console.log("end");'
    assert len(source.encode()) > 1 << 20
    assert run_guest(build(LANGUAGE, source, folder=tmp_path / "1").wasm).stdout == "end\n"
    error = failure(LANGUAGE, source.replace("console", "nope"), folder=tmp_path / "2")
    assert (error.diagnostics[0].line, error.diagnostics[0].column) == (36_001, 1)


@pytest.mark.parametrize("opt", ["0", "2", "3"])
def test_a_trap_shows_the_guest_s_stack_with_lines_of_the_cell(tmp_path, monkeypatch, opt):
    source = (
        "function get(a: i32[], i: i32): i32 {\n  return a[i];\n}\n"
        "const all = [1, 2, 3];\nconsole.log(get(all, 1).toString());\n\nget(all, process.argv.length + 12);\n"
    )
    monkeypatch.setenv("WASMTIME_BACKTRACE_DETAILS", "1")
    wasm = build(LANGUAGE, source, opt=opt, folder=tmp_path).wasm
    with pytest.raises(wasmtime.Trap) as trapped:
        run_guest(wasm)
    places = [(frame.file, frame.line) for frame in parse_trap(str(trapped.value)).frames]
    assert [line for file, line in places if file == "cell.ts"] == [2, 7]


def test_what_failed_is_said_before_the_trap(tmp_path, capfd):
    wasm = build(LANGUAGE, 'console.log("a");\nthrow new Error("größe " + "x".repeat(200));', folder=tmp_path).wasm
    said = run_to_a_trap(wasm, tmp_path)
    assert said == f"abort: größe {'x' * 200} in cell.ts(2:1)\n"


def run_to_a_trap(wasm: bytes, folder: Path) -> str:
    """Run a program until it traps, and return its stderr."""
    engine = wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    config = wasmtime.WasiConfig()
    config.stderr_file = str(folder / "stderr")
    store = wasmtime.Store(engine)
    store.set_wasi(config)
    with pytest.raises(wasmtime.Trap):
        linker.instantiate(store, wasmtime.Module(engine, wasm)).exports(store)["_start"](store)
    return (folder / "stderr").read_text("utf-8")


def test_a_cell_that_exports_is_a_library(tmp_path):
    source = "let count: i32 = 100;\ncount++;\nexport function add(a: i32, b: i32): i32 {\n  return a + b;\n}\n"
    source += "export function next(): i32 { return ++count; }\n// export of nothing\n"
    wasm = build(LANGUAGE, source, folder=tmp_path).wasm
    assert call_guest(wasm, ("add", 2, -5), ("next",), ("next",)) == [-3, 102, 103]


@pytest.mark.parametrize(
    ("source", "library"),
    [
        ('const all = "/*";\nexport function f(): void {}', True),
        ("const all = '\\'/*', url = `//\\``;\nexport function f(): void {}", True),
        ("console.log(`\nexport function f(): void {}\n`);", False),
        ("/* ' */ console.log('a'); // `\nexport const a = 1;", True),
    ],
)
def test_what_a_text_holds_does_not_make_a_library(source, library):
    assert (assemblyscript._kind(source) == assemblyscript._LIBRARY) is library


@pytest.mark.parametrize("text", ['"\\"', "'\\", "`\\"])
def test_quotes_without_end_take_no_time(text):
    assert assemblyscript._kind(text * 100_000) == assemblyscript._PROGRAM


def test_a_cell_may_export_its_start(tmp_path):
    source = 'export function _start(): void { console.log("started"); }'
    assert run_guest(build(LANGUAGE, source, folder=tmp_path).wasm).stdout == "started\n"


def test_files_of_the_session_can_be_imported(tmp_path):
    shapes = "export function area(a: i32): i32 {\n  return a * a;\n}\n"
    files = (("notes.h", "no AssemblyScript"), ("shapes.ts", shapes))
    source = 'import { area } from "./shapes";\nprocess.exit(area(3));'
    assert run_guest(compile_cached(registry.get(LANGUAGE), source, CompileOptions(files=files)).wasm).status == 9
    wrong = CompileOptions(files=(("shapes.ts", shapes.replace("a * a", "a * größe")),))
    with pytest.raises(Exception, match=r"shapes\.ts, line 2, column 14") as caught:
        compile_cached(registry.get(LANGUAGE), source, wrong, line_offset=1)
    assert caught.value.diagnostics[0].file == "shapes.ts"


def test_options_and_levels_are_the_person_s(tmp_path):
    source = "process.exit(ASC_RUNTIME + ASC_OPTIMIZE_LEVEL * 10 + i32(ASC_FEATURE_SIMD) * 50);"
    assert run_guest(build(LANGUAGE, source, folder=tmp_path / "1").wasm).status == 72
    wasm = build(LANGUAGE, source, "--runtime=stub", "--disable=simd", opt="1", folder=tmp_path / "2").wasm
    assert run_guest(wasm).status == 10


def test_options_that_make_no_guest_or_run_programs_are_refused(tmp_path):
    for option in ("-o", "--outFile=x", "--transform=./x.js", "--config=x", "--lib=/", "--path=/", "--baseDir=/", "-h"):
        with pytest.raises(UsageError, match="something other than a guest"):
            build(LANGUAGE, "let a = 1;", option, folder=tmp_path)
    with pytest.raises(UsageError, match="one word"):
        build(LANGUAGE, "let a = 1;", "--runtime", "stub", folder=tmp_path)
    with pytest.raises(UsageError, match="knows no option --no-such-option"):
        build(LANGUAGE, "let a = 1;", "--no-such-option", folder=tmp_path)
    with pytest.raises(UsageError, match="fast"):
        build(LANGUAGE, "let a = 1;", opt="fast", folder=tmp_path)


RUN = """
import { Command, REFUSED, TIMED_OUT } from "MODULE";
const command = new Command("prog é").arg("one").args(["", "zwei"]).env("A", "1").env("A", "2=3");
command.stdin("in").stdinBytes(Uint8Array.wrap(new ArrayBuffer(1))).timeout(1234);
const output = command.output();
console.log(`${output.status} ${output.stdout} ${output.text.length} ${output.error} ${REFUSED} ${TIMED_OUT}`);
new Command("plain").output();
if (process.argv.length > 1) new Command("a\\0b").output();
"""


@pytest.mark.parametrize("module", ["ssvm_process", "wasmedge_process"])
def test_a_guest_asks_the_host(tmp_path, module):
    wasm = build(LANGUAGE, RUN.replace("MODULE", module), folder=tmp_path).wasm
    asked = {item for item in imports(wasm) if item[0] != "wasi_snapshot_preview1"}
    assert asked == {(module, f"{module}_{name}") for name in NAMES} - {(module, f"{module}_get_exit_code")}
    ran = run_guest(wasm, env={"X": "y"})
    assert ran.stdout == f"7 {','.join(map(str, Recorder.OUT))} {len(Recorder.OUT)} err -1 110\n"
    results = [(module, name) for name in ("run", "get_stdout_len", "get_stdout", "get_stderr_len", "get_stderr")]
    assert ran.calls == [
        (module, "set_prog_name", "prog é".encode()),
        *((module, "add_arg", arg) for arg in (b"one", b"", b"zwei")),
        (module, "add_env", b"X", b"y"),
        (module, "add_env", b"A", b"2=3"),
        (module, "set_timeout", 1234),
        (module, "add_stdin", b"in\0"),
        *results,
        (module, "set_prog_name", b"plain"),
        (module, "add_env", b"X", b"y"),
        (module, "set_timeout", 10_000),
        (module, "add_stdin", b""),
        *results,
    ]
    with pytest.raises(wasmtime.Trap):
        run_guest(wasm, ("nul",))


def test_the_eleven_functions_can_be_called_raw(tmp_path):
    calls = " ".join(
        f"raw.ssvm_process_{name}({', '.join(['0'] * parameters)});" for name, (parameters, _) in NAMES.items()
    )
    source = f'import * as raw from "ssvm_process";\nif (process.argv.length > 9) {{ {calls} }}'
    asked = {item for item in imports(build(LANGUAGE, source, folder=tmp_path).wasm) if item[0] == "ssvm_process"}
    assert asked == {("ssvm_process", f"ssvm_process_{name}") for name in NAMES}


def compiler_process() -> int:
    assert _asc_server._running is not None
    return _asc_server._running.child.process.pid


def test_the_compiler_stays_and_is_started_again_when_it_has_gone(tmp_path):
    build(LANGUAGE, "let a = 1;", folder=tmp_path / "1")
    first = compiler_process()
    build(LANGUAGE, "let a = 2;", folder=tmp_path / "2")
    assert compiler_process() == first
    os.kill(first, signal.SIGKILL)
    build(LANGUAGE, "let a = 3;", folder=tmp_path / "3")
    assert compiler_process() != first


def test_a_compiler_that_cannot_compile_says_why(tmp_path, monkeypatch):
    driver = tmp_path / "driver.mjs"
    driver.write_text('console.error("out of luck"); process.exit(3);')
    monkeypatch.setattr("ssvm_kernel.toolchains.assemblyscript.DRIVER", driver)
    options = CompileOptions(files=(("answer.json", "{}"),))  # which is no answer
    with pytest.raises(CompileError, match="the AssemblyScript compiler failed: out of luck"):
        compile_cached(registry.get(LANGUAGE), "let a = 1;", options)
    assert _asc_server._running is None


@pytest.mark.parametrize("answer", ["{}", "[]", "no JSON", None])
def test_an_answer_that_is_none_is_told(tmp_path, monkeypatch, answer):
    (tmp_path / "work").mkdir()
    if answer is not None:
        (tmp_path / "work" / _asc_server.ANSWER).write_text(answer)
    monkeypatch.setattr(_asc_server, "ask", lambda *_, **__: "")
    assert "no answer that can be read" in str(failure(LANGUAGE, "let a = 1;", folder=tmp_path / "work"))


def test_a_compiler_that_does_not_end_is_stopped(tmp_path, monkeypatch):
    driver = tmp_path / "driver.mjs"
    driver.write_text("setInterval(() => {}, 1000);")
    monkeypatch.setattr("ssvm_kernel.toolchains.assemblyscript.DRIVER", driver)
    monkeypatch.setattr("ssvm_kernel.toolchains.assemblyscript.TIMEOUT", 4.0)
    told = []
    with pytest.raises(Exception, match="took more than"):
        registry.get(LANGUAGE).compile("let a = 1;", CompileOptions(notice=told.append), tmp_path)
    assert ["still at work" in line for line in told] == [True]
    assert _asc_server._running is None


KERNEL = """
import json, sys, threading
from pathlib import Path
from ssvm_kernel.toolchains import _asc_server
argv, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
def tell():
    while _asc_server._running is None: pass
    print(_asc_server._running.child.process.pid, flush=True)
threading.Thread(target=tell, daemon=True).start()
try:
    _asc_server.ask(argv, folder, timeout=100, notice=None)
except KeyboardInterrupt:
    print("interrupted", _asc_server._running, flush=True)
    sys.stdin.read()
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int) -> bool:
    end = time.monotonic() + 60
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not is_running(pid)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_compiler_ends_with_an_interrupt_and_with_its_kernel(tmp_path, how):
    driver = tmp_path / "driver.mjs"
    driver.write_text("process.stdin.on('end', () => process.exit()); process.stdin.resume();")
    argv = [str(_node.find_node().program), str(driver)]
    words = [sys.executable, "-c", KERNEL, json.dumps(argv), str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as kernel:
        pid = int(kernel.stdout.readline())
        assert is_running(pid)
        kernel.send_signal(how)
        if how == signal.SIGINT:
            assert kernel.stdout.readline() == "interrupted None\n"
        assert gone(pid)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without Node.js."""
    monkeypatch.setattr(_node, "_last", None)
    monkeypatch.setattr(_node, "_PACKAGE", "no-such-package")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "empty"))
    (tmp_path / "bin").mkdir()
    yield tmp_path / "bin"
    _node._last = None


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_without_node_or_npm_the_message_has_the_one_command(machine):
    with pytest.raises(ToolchainMissing, match=r"needs Node\.js.*pip install 'ssvm-kernel\[assemblyscript\]'"):
        registry.get(LANGUAGE).find()
    script(machine / "node", "echo v18.10.0")  # of another length than the next: it may be written at once
    with pytest.raises(ToolchainMissing, match=r"is Node\.js 18\.10\.0, and 20 is the oldest"):
        registry.get(LANGUAGE).find()
    (machine / "node").unlink()
    script(machine / "node", "echo v20.0.1")
    with pytest.raises(ToolchainMissing, match=r"has no npm .*pip install") as caught:
        registry.get(LANGUAGE).find()
    assert caught.value.command == "pip install 'ssvm-kernel[assemblyscript]'"


def test_a_compiler_of_the_machine_is_used(machine, tmp_path):
    script(machine / "node", "echo v22.0.1")
    packages = tmp_path / "node_modules"
    asc = script(packages / "assemblyscript" / "bin" / "asc.js", "")
    for name in _asc_install._NEEDED:
        script(packages / name, "")
    manifest = packages / "assemblyscript" / "package.json"
    manifest.write_text('{"version": "0.27.1"}')
    (machine / "asc").symlink_to(asc)
    with pytest.raises(ToolchainMissing):  # another series may have other options and another library
        registry.get(LANGUAGE).find()
    manifest.write_text('{"version": "0.28.99"}')
    found = registry.get(LANGUAGE).find()
    assert (found.path, found.version) == (str(packages), "0.28.99")
    assert _asc_install.installed().packages == packages


def test_what_npm_cannot_fetch_is_an_error_with_its_words_and_leaves_nothing(machine, tmp_path):
    script(machine / "node", 'case "$1" in --version) echo v20.0.1;; *) echo "no network: $*" >&2; exit 1;; esac')
    script(tmp_path / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", "")
    assert registry.get(LANGUAGE).find().version == "0.28.20"
    told = []
    with pytest.raises(ToolchainMissing, match=r"npm cannot fetch AssemblyScript .*no network: .* ci --ignore-scripts"):
        _asc_install.installed(told.append)
    assert ["once on this machine" in line for line in told] == [True]
    folder = _asc_install._home().parent
    assert [path.name for path in folder.iterdir() if not path.name.endswith(".lock")] == []


def test_the_pinned_packages_have_digests_and_name_no_host():
    lock = json.loads((_asc_install.DRIVER.parent / "package-lock.json").read_text())
    pinned = {name: value for name, value in lock["packages"].items() if name}
    assert all(value["integrity"].startswith("sha512-") and "resolved" not in value for value in pinned.values())
    wanted = json.loads((_asc_install.DRIVER.parent / "package.json").read_text())["dependencies"]
    assert {pinned[f"node_modules/{name}"]["version"] for name in wanted} == set(wanted.values())
