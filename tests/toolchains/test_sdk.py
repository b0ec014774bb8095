"""What a guest is given: the Rust crate under its three names and the C header, with a host that keeps the calls."""

from __future__ import annotations

import pytest

from ssvm_kernel import sdk
from ssvm_kernel.toolchains import _rust_crates
from ssvm_kernel.toolchains._clang import HEADERS
from ssvm_kernel.toolchains._tools import run_compiler
from ssvm_kernel.toolchains._ziglang import find_ziglang, sysroot_for
from tests.toolchains.conftest import build, failure
from tests.toolchains.run_guest import NAMES, Recorder, imports, run_guest

CRATES = {
    "rust_process_interface_library": "ssvm_process",
    "ssvm_process_interface": "ssvm_process",
    "wasmedge_process_interface": "wasmedge_process",
}


def process_imports(wasm: bytes) -> set[tuple[str, str]]:
    return {item for item in imports(wasm) if item[0] != "wasi_snapshot_preview1"}


def all_of(module: str) -> set[tuple[str, str]]:
    return {(module, f"{module}_{name}") for name in NAMES}


RUN = """
use CRATE::Command;
fn main() {
    let mut command = Command::new("prog é");
    command.arg("one").args(&["two", ""]).env("A", "1").stdin("in").stdin_u8(10).stdin_u8vec([0u8, 255]).timeout(1234);
    let first = command.output();
    command.args_clear().args(vec![String::from("three")]).envs([("A", "2")]);
    let second = command.output();
    print!("{} {:?} {:?} {}", first.status, first.stdout, String::from_utf8_lossy(&first.stderr), second.status);
}
"""


@pytest.mark.usefixtures("rust")
@pytest.mark.parametrize("crate", CRATES)
def test_a_rust_guest_asks_the_host_in_the_order_of_the_original(tmp_path, crate):
    module = CRATES[crate]
    wasm = build("rust", RUN.replace("CRATE", crate), folder=tmp_path).wasm
    assert process_imports(wasm) == all_of(module) - {(module, f"{module}_get_exit_code")}
    ran = run_guest(wasm)
    assert ran.stdout == f'7 {list(Recorder.OUT)} "err" 7'

    def one_run(args, value):
        return [
            (module, "set_prog_name", "prog é".encode()),
            *((module, "add_arg", arg) for arg in args),
            (module, "add_env", b"A", value),
            (module, "set_timeout", 1234),
            (module, "add_stdin", b"in\n\x00\xff"),
            (module, "run"),
            (module, "get_stdout_len"),
            (module, "get_stderr_len"),
            (module, "get_stdout"),
            (module, "get_stderr"),
        ]

    assert ran.calls == one_run([b"one", b"two", b""], b"1") + one_run([b"three"], b"2")


@pytest.mark.usefixtures("rust")
def test_a_new_command_has_the_guest_s_environment_ten_seconds_and_an_empty_stdin(tmp_path):
    source = 'use rust_process_interface_library::Command;\nfn main() { Command::new("p").output(); }'
    calls = run_guest(build("rust", source, folder=tmp_path).wasm, env={"X": "1", "Y": "z"}).calls
    environment = sorted(call[2:] for call in calls if call[1] == "add_env")
    assert environment == [(b"X", b"1"), (b"Y", b"z")]
    assert ("ssvm_process", "set_timeout", 10_000) in calls
    assert ("ssvm_process", "add_stdin", b"") in calls


FIELDS = """
use rust_process_interface_library::{Command, Output};
use std::collections::HashMap;
fn main() {
    let mut c: Command = Command::new(String::from("name"));
    assert_eq!((c.name.as_str(), c.timeout_val), ("name", 10000));
    assert!(c.args_list.is_empty() && c.stdin_str.is_empty());
    c.arg("a").args(["b", "c"].iter()).arg(String::from("d"));
    assert_eq!(c.args_list, ["a", "b", "c", "d"]);
    c.args_clear();
    assert!(c.args_list.is_empty());
    c.env("K", "1").env("K", "2").envs(vec![("L", "3"), ("M", "4")]);
    let more: HashMap<String, String> = HashMap::from([("N".into(), "5".into())]);
    c.envs(&more);
    let mut names: Vec<_> = c.envp_map.iter().map(|(k, v)| format!("{k}={v}")).collect();
    names.sort();
    assert_eq!(names, ["K=2", "L=3", "M=4", "N=5"]);
    c.stdin("ab").stdin("c").stdin_u8(0).stdin_u8vec(vec![1u8, 2]).stdin_u8vec("é").timeout(5);
    assert_eq!((c.stdin_str.as_slice(), c.timeout_val), (b"abc\\0\\x01\\x02\\xc3\\xa9".as_slice(), 5));
    let o: Output = Output { status: -1, stdout: vec![], stderr: vec![] };
    c.name = "other".into();
    println!("{}", o.status);
}
"""


@pytest.mark.usefixtures("rust")
def test_the_fields_are_those_of_the_original(tmp_path):
    ran = run_guest(build("rust", FIELDS, folder=tmp_path).wasm)
    assert ran.stdout == "-1\n"
    assert ran.calls == []


@pytest.mark.usefixtures("rust")
@pytest.mark.parametrize(
    "statement",
    ['.stdin("a\\0b")', '.arg("a\\0b").output()', '.env("a\\0b", "").output()', '.env("a", "\\0").output()'],
)
def test_a_nul_in_a_text_panics_before_the_host_is_asked(tmp_path, statement, capfd):
    source = f'use rust_process_interface_library::Command;\nfn main() {{ Command::new("p"){statement}; }}'
    wasm = build("rust", source, folder=tmp_path).wasm
    recorded = []
    original = Recorder.define

    def keep(self, linker):
        recorded.append(self.calls)
        original(self, linker)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "define", keep)
        with pytest.raises(Exception, match="unreachable"):
            run_guest(wasm)
    assert recorded == [[]]


@pytest.mark.usefixtures("rust")
@pytest.mark.parametrize(
    ("crate", "module"),
    [("ssvm_process_interface", "ssvm_process"), ("wasmedge_process_interface", "wasmedge_process")],
)
def test_the_eleven_functions_can_be_called_raw(tmp_path, crate, module):
    calls = "; ".join(
        f"m::{module}_{name}({', '.join(['0 as _'] * parameters)})" for name, (parameters, _) in NAMES.items()
    )
    source = f"use {crate}::{module} as m;\nfn main() {{ if std::env::args().count() > 9 {{ unsafe {{ {calls}; }} }} }}"
    assert process_imports(build("rust", source, folder=tmp_path).wasm) == all_of(module)


@pytest.mark.usefixtures("rust")
def test_two_crates_at_once_and_none_when_none_is_named(tmp_path):
    both = "use wasmedge_process_interface::Command as A; use ssvm_process_interface::Command as B;\n"
    both += 'fn main() { A::new("a").output(); B::new("b").output(); }'
    calls = run_guest(build("rust", both, folder=tmp_path / "1").wasm).calls
    names = [(module, *rest) for module, name, *rest in calls if name == "set_prog_name"]
    assert names == [("wasmedge_process", b"a"), ("ssvm_process", b"b")]
    assert process_imports(build("rust", "fn main() {}", folder=tmp_path / "2").wasm) == set()


@pytest.mark.usefixtures("rust")
def test_a_crate_that_is_not_there_is_a_mistake_in_the_cell(tmp_path):
    error = failure("rust", "use serde::Serialize;\nfn main() {}", folder=tmp_path)
    assert (error.diagnostics[0].line, error.diagnostics[0].code) == (1, "E0432")


@pytest.mark.usefixtures("rust")
def test_the_crate_is_compiled_once(tmp_path, monkeypatch):
    compiled = []
    original = _rust_crates._compile
    monkeypatch.setattr(_rust_crates, "_compile", lambda *args: compiled.append(args) or original(*args))
    source = 'use rust_process_interface_library::Command;\nfn main() { Command::new("p"); }'
    for name in ("1", "2"):
        build("rust", source, folder=tmp_path / name)
    build("rust", source, opt="0", folder=tmp_path / "3")
    assert len(compiled) == 1


C_RUN = """
#include <ssvm_process.h>
#include <stdio.h>
int main(void) {
    const char *const arguments[] = {"one", "", "zwei ü", NULL};
    const char *const environment[] = {"A=1=2", "EMPTY=", "BARE", NULL};
    ssvm_command command = {.program = "prog", .args = arguments, .env = environment,
                            .input = "a\\0b", .input_size = 3, .timeout_ms = 99};
    ssvm_output output = ssvm_run(&command);
    printf("%d %zu %s %d %zu %s %d", (int)output.status, output.out_size, output.out, output.out[output.out_size],
           output.err_size, output.err, (int)ssvm_process_get_exit_code());
    ssvm_output_free(&output);
    ssvm_output_free(&output);
    ssvm_command plain = {.program = "plain"};
    output = ssvm_run(&plain);
    ssvm_output_free(&output);
    return output.out != NULL;
}
"""


@pytest.mark.usefixtures("c")
def test_a_c_guest_runs_a_command(tmp_path):
    compiled = build("c", C_RUN, "-Wall", "-Wextra", "-Wpedantic", "-Wno-gnu", folder=tmp_path)
    assert compiled.diagnostics == ()
    assert process_imports(compiled.wasm) == all_of("ssvm_process")
    ran = run_guest(compiled.wasm)
    assert (ran.status, ran.stdout) == (0, "7 7 out 0 3 err 7")
    module = "ssvm_process"
    results = [(module, name) for name in ("run", "get_stdout_len", "get_stderr_len", "get_stdout", "get_stderr")]
    assert ran.calls == [
        (module, "set_prog_name", b"prog"),
        *((module, "add_arg", arg) for arg in (b"one", b"", "zwei ü".encode())),
        (module, "add_env", b"A", b"1=2"),
        (module, "add_env", b"EMPTY", b""),
        (module, "add_env", b"BARE", b""),
        (module, "set_timeout", 99),
        (module, "add_stdin", b"a\0b"),
        *results,
        (module, "get_exit_code"),
        (module, "set_prog_name", b"plain"),
        *results,
    ]


@pytest.mark.usefixtures("c")
def test_a_guest_that_includes_the_header_and_calls_nothing_asks_for_nothing(tmp_path):
    wasm = build("c", "#include <ssvm_process.h>\nint main(void) { return 0; }", folder=tmp_path).wasm
    assert process_imports(wasm) == set()


@pytest.mark.usefixtures("c")
@pytest.mark.parametrize("standard", ["c++11", "c++20", "c99", "c2x"])
def test_the_header_is_good_in_older_and_newer_c_and_in_cpp(tmp_path, standard):
    zig = find_ziglang()
    kind = "c++" if "++" in standard else "c"
    (tmp_path / "x").write_text(
        '#include "ssvm_process.h"\nint main() { ssvm_command c; memset(&c, 0, sizeof c); c.program = "p";\n'
        "ssvm_output o = ssvm_run(&c); ssvm_output_free(&o); return o.status; }\n"
    )
    argv = [
        str(zig.program),
        "clang",
        "--target=wasm32-wasip1",
        "-nostdinc",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-std={standard}",
    ]
    for folder in (*sysroot_for(zig, print).includes, str(HEADERS)):
        argv += ["-isystem" if folder != str(HEADERS) else "-I", folder]
    done = run_compiler([*argv, "-x", kind, "-c", "x", "-o", "x.o"], tmp_path, source="")
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_sources_are_shipped_with_the_package():
    from pathlib import Path

    root = Path(sdk.__file__).parent
    assert (root / "c" / "ssvm_process.h").is_file()
    assert (root / "cpp" / "standard.h").is_file()
    assert (root / "zig" / "ssvm_process.zig").is_file()
    assert (root / "rust" / "rust_process_interface_library" / "Cargo.toml").is_file()
