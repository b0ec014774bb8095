"""Compile once: hits, misses, damage, two kernels at once, an interrupt in the middle."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest
import wasmtime

from ssvm_kernel.errors import CompileError
from ssvm_kernel.host import store
from ssvm_kernel.toolchains import _tools, registry
from ssvm_kernel.toolchains import cache as compile_cache
from ssvm_kernel.toolchains._ziglang import find_ziglang
from ssvm_kernel.toolchains.base import CompileOptions, Severity
from ssvm_kernel.toolchains.cache import compile_cached
from ssvm_kernel.toolchains.wat import WatToolchain
from tests.toolchains.conftest import crate, require
from tests.toolchains.run_guest import quick_engine, run_guest

HELLO = {
    "wat": '(module (func (export "_start")))',
    "c": '#include <stdio.h>\nint main(void) { char *p = "a" + 1; puts("hi"); return !p; }',
    "c++": '#include <iostream>\nint main() { const char *p = "a" + 1; std::cout << "hi\\n"; return !p; }',
    "zig": 'const std = @import("std");\npub fn main() void { std.debug.print("hi\\n", .{}); }',
    "rust": 'fn main() { let unused = 1; println!("hi") }',
    "assemblyscript": 'console.log("hi")',
    "go": 'package main; func main() { println("hi") }',
}


class Counting(WatToolchain):
    """The real toolchain, counting its compiles; as if installed in another version when told so."""

    changed: ClassVar[dict[str, str]] = {}

    def __init__(self):
        self.compiles = 0

    def find(self):
        return dataclasses.replace(super().find(), **self.changed)

    def compile(self, source, options, workdir):
        self.compiles += 1
        self.options = options
        return super().compile(source, CompileOptions(), workdir)


def entries(cache: Path) -> list[Path]:
    return [path for path in (cache / store.LAYOUT / "compiled").glob("*") if path.is_file()]


def test_the_second_time_is_from_the_cache_with_its_warnings(language):
    toolchain = registry.get(language)
    first = compile_cached(toolchain, HELLO[language])
    assert not first.cached
    assert first.seconds > 0
    second = compile_cached(toolchain, HELLO[language])
    assert second.cached
    assert second.seconds == 0
    assert (second.wasm, second.diagnostics) == (first.wasm, first.diagnostics)
    if language not in {"wat", "go", "assemblyscript", "zig"}:  # those do not warn
        assert [found.severity for found in second.diagnostics].count(Severity.WARNING) > 0
        assert run_guest(second.wasm).stdout == "hi\n"


def test_a_changed_cell_is_compiled(language, cache):
    toolchain = registry.get(language)
    compile_cached(toolchain, HELLO[language])
    assert not compile_cached(toolchain, HELLO[language] + "\n").cached
    assert len(entries(cache)) == 2


def test_all_that_a_compile_depends_on_is_in_the_key(monkeypatch):
    toolchain = Counting()
    source = HELLO["wat"]
    variants = [
        CompileOptions(),
        CompileOptions(opt="1"),
        CompileOptions(flags=("1",)),
        CompileOptions(flags=("1", "2")),
        CompileOptions(flags=("12",)),
        CompileOptions(opt="1", flags=("2",)),
    ]
    for options in variants:
        assert not compile_cached(toolchain, source, options).cached
    for name in ("path", "version", "target", "inputs"):
        with monkeypatch.context() as patch:
            patch.setattr(Counting, "changed", {name: "other"})
            assert not compile_cached(toolchain, source).cached
    with monkeypatch.context() as patch:
        patch.setattr(compile_cache, "FORMAT", 10_000)
        assert not compile_cached(toolchain, source).cached
    with monkeypatch.context() as patch:
        patch.setattr(Counting, "name", "other")
        assert not compile_cached(toolchain, source).cached
    assert toolchain.compiles == len(variants) + 6
    assert compile_cached(toolchain, source, CompileOptions(notice=print)).cached  # says nothing about the result


def test_a_mistake_is_not_kept_and_counts_lines_of_the_cell(cache):
    for _ in range(2):
        with pytest.raises(CompileError, match=r"line 3, column 2\n3 \| \(nope\)") as caught:
            compile_cached(registry.get("wat"), "(module\n(nope))", line_offset=1)
    assert caught.value.diagnostics[0].line == 2
    assert not entries(cache)


@pytest.mark.usefixtures("go", "rust")
@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("go", 'package main\nimport "os"\nfunc main() {\n\tprintln([]int{1}[len(os.Args)])\n}\n'),
        (
            "rust",
            '//! A cell.\n#![allow(unused)]\nfn main() {\n  println!("{}", [1][std::env::args().count()]);\n}\n',
        ),
    ],
)
@pytest.mark.parametrize("line_offset", [0, 1, 2])
def test_what_a_guest_says_of_itself_has_lines_of_the_cell(tmp_path, language, source, line_offset):
    compiled = compile_cached(registry.get(language), source, line_offset=line_offset)
    assert f"cell.{registry.get(language).suffix[1:]}:{4 + line_offset}" in stderr_of(compiled.wasm, tmp_path)


def test_a_warning_counts_lines_of_the_text_wherever_it_stands(c):
    source = HELLO["c"].replace("\n", "\n\n")
    for line_offset in (0, 1):
        compiled = compile_cached(registry.get("c"), source, line_offset=line_offset)
        assert {found.line for found in compiled.diagnostics} == {3}


def stderr_of(wasm: bytes, folder: Path) -> str:
    """Run a program, however it ends, and return its stderr."""
    engine = quick_engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    config = wasmtime.WasiConfig()
    config.argv = ["guest"]
    config.stderr_file = str(folder / "stderr")
    store = wasmtime.Store(engine)
    store.set_wasi(config)
    with contextlib.suppress(wasmtime.Trap, wasmtime.ExitTrap):
        linker.instantiate(store, wasmtime.Module(engine, wasm)).exports(store)["_start"](store)
    return (folder / "stderr").read_text("utf-8")


def damaged_header(content: bytes) -> bytes:
    """Return an entry whose digest is right and whose content another program wrote."""
    import hashlib

    return hashlib.sha256(content).digest() + content


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\0" * 500,
        damaged_header(b""),
        damaged_header(b"not json\nwasm"),
        damaged_header(b"[]\nwasm"),
        damaged_header(b'{"reads": {}}\nwasm'),
        damaged_header(b'{"reads": {}, "diagnostics": [{"severity": "fatal"}]}\nwasm'),
        damaged_header(b'{"reads": {}, "diagnostics": []}'),
        damaged_header(b'{"reads": {}, "diagnostics": []}\n'),
    ],
)
def test_a_damaged_entry_is_compiled_anew(cache, damage):
    toolchain = registry.get("wat")
    first = compile_cached(toolchain, HELLO["wat"])
    (entry,) = entries(cache)
    entry.write_bytes(damage)
    again = compile_cached(toolchain, HELLO["wat"])
    assert not again.cached
    assert again.wasm == first.wasm
    assert compile_cached(toolchain, HELLO["wat"]).cached


def test_a_half_written_entry_is_compiled_anew(cache):
    toolchain = registry.get("wat")
    compile_cached(toolchain, HELLO["wat"])
    (entry,) = entries(cache)
    entry.write_bytes(entry.read_bytes()[:-5])
    assert not compile_cached(toolchain, HELLO["wat"]).cached


@pytest.mark.usefixtures("c")
def test_a_changed_header_of_the_person_s_is_a_miss(tmp_path):
    header = tmp_path / "status.h"
    source = f'#include "{header}"\nint main(void) {{ return STATUS; }}'
    toolchain = registry.get("c")
    header.write_text("#define STATUS 1\n")
    assert run_guest(compile_cached(toolchain, source).wasm).status == 1
    kept = compile_cached(toolchain, source)
    assert kept.cached
    assert kept.read_files == (str(header),)
    header.write_text("#define STATUS 2\n")
    assert run_guest(compile_cached(toolchain, source).wasm).status == 2
    header.unlink()
    with pytest.raises(CompileError, match="file not found"):
        compile_cached(toolchain, source)


def test_a_file_that_is_saved_during_the_compile_is_looked_at_again(tmp_path):
    header = tmp_path / "status.h"
    header.write_text("1")

    class Slow(Counting):
        saving = False

        def compile(self, source, options, workdir):
            compiled = super().compile(source, options, workdir)  # it has read the header
            if self.saving:
                header.write_text("2")
                os.utime(header)
            return dataclasses.replace(compiled, read_files=(str(header),))

    toolchain = Slow()
    toolchain.saving = True
    assert not compile_cached(toolchain, HELLO["wat"]).cached
    toolchain.saving = False
    assert not compile_cached(toolchain, HELLO["wat"]).cached
    assert compile_cached(toolchain, HELLO["wat"]).cached
    os.utime(header, (time.time() + 10_000, time.time() + 10_000))  # another machine's clock
    assert not compile_cached(toolchain, HELLO["wat"] + " ").cached
    assert compile_cached(toolchain, HELLO["wat"] + " ").cached


@pytest.mark.parametrize(
    ("language", "module"),
    [("go", "_signatures"), ("assemblyscript", "_signatures"), ("assemblyscript", "_source_map")],
)
def test_code_of_ours_that_adds_to_a_module_is_in_the_key(monkeypatch, language, module):
    require(language)
    before = registry.get(language).find().inputs
    real = _tools.packaged_digest
    monkeypatch.setattr(
        _tools, "packaged_digest", lambda folder, name: real(folder, name) + "!" * (name == f"{module}.py")
    )
    assert registry.get(language).find().inputs != before


def make_library(folder: Path, number: int) -> None:
    """Put a library ``seven`` into a folder."""
    zig = str(find_ziglang().program)
    (folder / "seven.c").write_text(f"int seven(void) {{ return {number}; }}")
    made = [zig, "clang", "--target=wasm32-wasip1", "-c", "seven.c", "-o", "seven.o"]
    for words in (made, [zig, "ar", "rcs", "libseven.a", "seven.o"]):
        subprocess.run(words, cwd=folder, check=True, timeout=300)


LINKED = {
    "c": "int seven(void); int main(void) { return seven(); }",
    "zig": 'extern "wasi_snapshot_preview1" fn proc_exit(status: i32) noreturn; extern fn seven() i32;\n'
    "export fn _start() void { proc_exit(seven()); }",
    "rust": "extern { fn seven() -> i32; }\nfn main() { std::process::exit(unsafe { seven() }) }",
    "rust, in the source": '#[link(name = "seven", kind = "static")]\nextern { fn seven() -> i32; }\n'
    "fn main() { std::process::exit(unsafe { seven() }) }",
}


@pytest.mark.parametrize(
    ("kind", "flags"),
    [
        ("c", "-L{} -lseven"),
        ("zig", "-L{} -lseven -fno-compiler-rt -fno-ubsan-rt"),
        ("rust", "-Lnative={} -lstatic=seven"),
        ("rust", "-L native={} -l static:+whole-archive=seven"),
        ("rust, in the source", "-Lnative={}"),
        ("rust, with a crate", "-Lnative={} -lstatic=seven"),
    ],
)
def test_a_changed_library_that_a_flag_names_is_told_and_a_miss(request, tmp_path, kind, flags):
    language = kind.partition(",")[0]
    request.getfixturevalue(language)
    require("c")
    source = LINKED[kind] if kind in LINKED else crate(tmp_path / "shapes", "") + LINKED[language]
    opt = "small" if language == "zig" else ""  # zig's own linker reads no library that is made here
    options = CompileOptions(opt, tuple(flags.format(tmp_path).split()))
    for number in (7, 8):
        make_library(tmp_path, number)
        compiled = compile_cached(registry.get(language), source, options)
        assert str(tmp_path / "libseven.a") in compiled.read_files
        assert (run_guest(compiled.wasm).status, compiled.cached) == (number, False)
    assert compile_cached(registry.get(language), source, options).cached


def test_a_changed_profile_that_go_optimises_by_is_a_miss(go, tmp_path):
    profile = tmp_path / "default.pgo"
    profile.write_bytes(b"")
    options = CompileOptions(flags=(f"-pgo={profile}",))
    assert compile_cached(registry.get("go"), HELLO["go"], options).read_files == (str(profile),)
    assert compile_cached(registry.get("go"), HELLO["go"], options).cached
    profile.write_bytes(b"no profile")
    with pytest.raises(CompileError):
        compile_cached(registry.get("go"), HELLO["go"], options)


def test_without_a_cache_it_compiles_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "file"))
    for _ in range(2):
        compiled = compile_cached(registry.get("wat"), HELLO["wat"])
        assert not compiled.cached
        assert compiled.wasm


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
from ssvm_kernel.errors import CompileError
from ssvm_kernel.toolchains import _tools, registry
from ssvm_kernel.toolchains._ziglang import find_ziglang
from ssvm_kernel.toolchains.cache import compile_cached
for size in (0, 4000):
    try:
        compile_cached(registry.get("c"), "int main(void) { return 0; }" + " " * size)
    except CompileError as error:
        print(error)
"""


@pytest.mark.usefixtures("c")
def test_a_full_disk_is_told(cache):
    """No file may be larger than 500 bytes here: neither what the compiler writes, nor then the cell itself."""
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=True, timeout=100)
    assert done.stderr == ""
    assert "the cell cannot be compiled: " in done.stdout
    assert "File too large" in done.stdout
    assert not entries(cache)


def test_no_folder_is_left_behind(language, tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(compile_cache.tempfile, "tempdir", str(work))
    compile_cached(registry.get(language), HELLO[language])
    with pytest.raises(CompileError):
        compile_cached(registry.get(language), "@")
    assert not list(work.iterdir())


COMPILE = """
import json, sys
from ssvm_kernel.toolchains import _tools, registry
from ssvm_kernel.toolchains._ziglang import find_ziglang
from ssvm_kernel.toolchains.cache import compile_cached
source = sys.stdin.read()
processes = []
sys.addaudithook(lambda event, args: processes.append(args[1]) if event == "subprocess.Popen" else None)
compiled = compile_cached(registry.get(sys.argv[1]), source)
print(json.dumps({
    "cached": compiled.cached,
    "wasm": compiled.wasm.hex(),
    "processes": len(processes),
    "wasmtime": "wasmtime" in sys.modules,
}))
"""


def start(language: str, source: str, **kwargs) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", COMPILE, language]
    process = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs
    )
    assert process.stdin is not None
    process.stdin.write(source)
    process.stdin.close()
    process.stdin = None
    return process


def finish(process: subprocess.Popen[str]) -> dict[str, object]:
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    return json.loads(out)


def test_two_kernels_compile_one_cell_at_once(language, cache):
    both = [finish(process) for process in [start(language, HELLO[language]) for _ in range(2)]]
    assert both[0]["wasm"] == both[1]["wasm"]
    assert len(entries(cache)) == 1
    assert compile_cached(registry.get(language), HELLO[language]).wasm.hex() == both[0]["wasm"]


def test_a_new_kernel_takes_a_cell_from_the_cache_without_starting_anything(language):
    assert not finish(start(language, HELLO[language]))["cached"]
    second = finish(start(language, HELLO[language]))
    assert second["cached"]
    assert second["processes"] == 0
    assert not second["wasmtime"]


C_BOMB = "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(x)))\nint main(void) { " + "B(B(B(;))) " * 5 + "}"
BOMBS = {
    "c": C_BOMB,
    "c++": C_BOMB,
    "go": "package main\nfunc main() { x, i := map[int][]int{}, 1\n" + "i++; x[i] = append(x[i], i*i)\n" * 3_800 + "}",
    "rust": "".join(f"macro_rules! m{n} {{ () => {{ {f'm{n + 1}!();' * 10} }} }}\n" for n in range(5))
    + 'macro_rules! m5 { () => { println!("{:?}", std::env::args()); } }\nfn main() { m0!(); }',
    "zig": "pub fn main() void { comptime { @setEvalBranchQuota(1 << 31); var i = 0; while (i < 1 << 31) i += 1; } }",
}


@pytest.mark.parametrize("language", BOMBS)
def test_an_interrupt_during_a_compile_leaves_no_process_no_folder_and_no_entry(request, tmp_path, cache, language):
    request.getfixturevalue({"c++": "cxx"}.get(language, language))
    work = tmp_path / "work"
    work.mkdir()
    process = start(language, BOMBS[language], env={**os.environ, "TMPDIR": str(work)})
    deadline = time.monotonic() + 60
    while not compilers_in(work) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert compilers_in(work)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=100)
    assert "KeyboardInterrupt" in err
    while compilers_in(work) and time.monotonic() < deadline + 60:
        time.sleep(0.02)  # what was killed may still be on its way out
    assert not compilers_in(work)
    assert not list(work.iterdir())
    assert not entries(cache)
    assert not compile_cached(registry.get(language), registry.get(language).hello).cached


def compilers_in(work: Path) -> list[str]:
    """Return the processes whose working folder is below `work`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cwd").readlink().is_relative_to(work):
                found.append(folder.name)
    return found
