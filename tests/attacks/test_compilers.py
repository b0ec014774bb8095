"""A guest's code is hostile: to compile it must not be the way out of the sandbox."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ssvm_kernel.errors import CompileError, UsageError
from ssvm_kernel.toolchains import _cargo, _clang, _clang_flags, _wasm_tools, go, registry, rust, zig
from ssvm_kernel.toolchains._rustc import find_rustc
from ssvm_kernel.toolchains._wit_block import declared
from ssvm_kernel.toolchains.base import CompileOptions
from ssvm_kernel.toolchains.components import for_cell
from tests.toolchains.conftest import build, crate, failure, required
from tests.toolchains.run_guest import run_guest


@pytest.fixture
def cargo() -> None:
    """Go on only with a Rust compiler and its cargo."""
    with required("rust"):
        _cargo.find_cargo(find_rustc())


@pytest.mark.usefixtures("cargo")
def test_x06_a_crate_that_runs_code_while_it_is_compiled_must_be_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "cache"))
    head = crate(tmp_path / "shapes", "pub fn area(a: i32) -> i32 { a * a }")
    proof = tmp_path / "proof"
    (tmp_path / "shapes" / "build.rs").write_text(f'fn main() {{ std::fs::write("{proof}", "ran").unwrap(); }}')
    source = head + "fn main() { std::process::exit(shapes::area(2)) }\n"
    error = failure("rust", source, folder=tmp_path / "1")
    assert "shapes 0.1.0 (a build script)\n" in error.diagnostics[0].message
    assert "To allow that: --cflags --allow-build-scripts" in str(error)
    assert error.diagnostics[0].line == 1
    assert not proof.exists()
    assert run_guest(build("rust", source, "--allow-build-scripts", folder=tmp_path / "2").wasm).status == 4
    assert proof.read_text() == "ran"
    (tmp_path / "shapes" / "build.rs").unlink()
    crate(tmp_path / "shapes", "", "[lib]\nproc-macro = true")
    assert "shapes 0.1.0 (a procedural macro)" in str(failure("rust", source, folder=tmp_path / "3"))


TAKE = r".section .rodata.taken,\"\",@\n.globl taken\ntaken:\n.incbin \"{file}\"\n.size taken, 9\n"
ASSEMBLY = {
    "c": f'__asm__("{TAKE}");\nextern const char taken[];\n#include <stdio.h>\nint main(void) {{{{ puts(taken); }}}}\n',
    "c, a name from pieces": f'#define JOIN(a, b) a##b\nint main(void) {{{{ JOIN(__as, m__) volatile("{TAKE}"); }}}}\n',
    "zig": f"""comptime {{{{ asm ("{TAKE}"); }}}}
extern const taken: [9]u8;
export fn first() u8 {{{{ return taken[0]; }}}}
""",
}
SECRET = b"a secret."


@pytest.mark.parametrize("kind", ASSEMBLY)
def test_x07_assembly_that_copies_a_file_into_the_guest_must_be_allowed(tmp_path: Path, kind: str) -> None:
    language = kind.partition(",")[0]
    (tmp_path / "secret").write_bytes(SECRET)
    source = ASSEMBLY[kind].format(file=tmp_path / "secret")
    with required(language):
        registry.get(language).find()
    error = failure(language, source, folder=tmp_path / "1")
    assert "to allow that: --cflags=--allow-assembly" in str(error)
    assert error.diagnostics[0].line > 0
    if kind == "c":  # the attack is real: without the rule it would succeed
        assert SECRET in build(language, source, "--allow-assembly", folder=tmp_path / "2").wasm


@pytest.mark.parametrize(
    "include",
    ['# 1 "cell.c" 3\n#include "{file}"', "#include <{up}{file}>", '#include "{up}{file}"', '#embed "{file}"'],
    ids=["as a system header", "from the system's folders", "from the cell's folder", "embedded"],
)
def test_x08_a_file_that_passes_for_the_compiler_s_is_told(tmp_path: Path, include: str) -> None:
    with required("c"):
        registry.get("c").find()
    file = tmp_path / "theirs.h"
    file.write_text("0\n")
    line = include.format(file=file, up="../" * 40)
    source = f"#include <stdio.h>\nstatic const char taken[] = {{\n{line}\n}};\nint main(void) {{ puts(taken); }}"
    assert build("c", source, folder=tmp_path / "work").read_files == (str(file),)


@pytest.mark.usefixtures("cargo")
def test_x08_a_file_that_a_fetched_crate_reads_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    if shutil.which("git") is None:
        pytest.skip("NOT TESTED, there is no git to fetch a crate from")
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    repository = tmp_path / "shapes"
    crate(repository, 'pub static TAKEN: &[u8] = include_bytes!("linked");')
    (repository / "src" / "linked").symlink_to(secret)
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "t")):
        subprocess.run(["git", *words], cwd=repository, check=True)
    source = f'//! [dependencies]\n//! shapes = {{ git = "file://{repository}" }}\n'
    source += 'fn main() { println!("{:?}", shapes::TAKEN); }\n'
    compiled = build("rust", source, folder=tmp_path / "1")
    assert SECRET in compiled.wasm
    (told,) = compiled.read_files
    assert Path(told).resolve() == secret  # and no word of the crate's own files


@pytest.mark.parametrize(
    "imports",
    ['import "{}"', 'import (\n\t"fmt"; /* " */\n\ttheirs `{}`\n)\nvar _ = fmt.Sprint', 'import . "\\x2e{}"'],
    ids=["plainly", "among others", "in other words"],
)
@pytest.mark.parametrize("place", ["cell", "file"])
def test_x08_a_go_cell_imports_no_package_by_its_folder(tmp_path: Path, imports: str, place: str) -> None:
    with required("go"):
        registry.get("go").find()
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "theirs.go").write_text('package theirs\n\nvar Taken = "a secret."\n')
    (tmp_path / "work").mkdir()
    path = "../theirs"
    text = imports.format(path.removeprefix(".") if "x2e" in imports else path) + "\n"
    files = (("more.go", f"package main\n{text}var taken = Taken\n"),) if place == "file" else ()
    source = "func main() {}\n" if files else f"{text}func main() {{ println(theirs.Taken) }}\n"
    with pytest.raises(CompileError) as caught:
        registry.get("go").compile(source, CompileOptions(files=files), tmp_path / "work")
    (found,) = caught.value.diagnostics
    assert found.message.startswith("a package cannot be imported by its folder")
    assert found.file == ("more.go" if files else "")


@pytest.mark.usefixtures("cargo")
def test_x09_a_cell_with_crates_does_not_see_what_cargo_needs_for_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "cache"))
    secrets = ("CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_MINE_TOKEN", "CARGO_HTTP_PROXY", "HTTPS_PROXY", "all_proxy")
    for name in secrets:
        monkeypatch.setenv(name, "http://me:secret@localhost:9")
    head = crate(tmp_path / "shapes", "pub fn none() {}")
    seen = ", ".join(f'option_env!("{name}")' for name in secrets)
    source = head + f'fn main() {{ for one in [{seen}] {{ println!("{{one:?}}") }} }}\n'
    assert run_guest(build("rust", source, folder=tmp_path / "1").wasm).stdout == "None\n" * len(secrets)


FLAGS = {
    "c": [
        "-MF{file}",
        "-MD -MF {file}",
        "-MTtext -I -MF{file}",
        "-MFx",  # nobody would be told what the cell reads
        "-o{file}",
        "-Wl,-Map={file}",
        "-Wl,-Map {file}",
        "-Wl,@args.txt",
        "-mllvm -info-output-file={file}",
        "-mllvm -I -info-output-file={file}",
        "-Xclang -dependency-file -Xclang {file}",
        "-Wp,-MD,{file}",
        "--write-dependencies",
        "-ivfsoverlayargs.txt",
        "-xassembler",
        "--config=args.txt",
        "@args.txt",
        "-D @args.txt",
    ],
    "rust": [
        "-Clinker={file}",
        "-gClinker=sh",
        "-C linker=sh",
        "--codegen linker-flavor=gcc",
        "-Clink-arg=-Map={file}",
        "-Clink-args=-x @args.txt",
        "-Cllvm-args=-info-output-file={file}",
        "-L {file}",
        "--extern theirs={file}",
        "--cfg @args.txt",
    ],
    "go": [
        "-ldflags=-cpuprofile={file}",
        "-gcflags=-memprofile={file}",
        "-ldflags=-X= -cpuprofile={file}",
        "-ldflags=-X=main.a=b -cpuprofile={file}",
        "-gcflags=@args.txt",
    ],
    "zig": [
        "--verbose-llvm-bc={file}",
        "--verbose-llvm-ir={file}",
        "-femit-asm={file}",
        "-fno-emit-bin",
        "-femit-docs={file}",
        "--cache-dir {file}",
        "--cache-dir",
        "--global-cache-dir",
        "--zig-lib-dir",
        "--zig-lib-dir {file}",
        "--libc",
        "--sysroot",
        "--entitlements",
        "--embed-dir={file}",
        "--version-script",
        "-T{file}",
        "-Mroot={file}",
        "-ofmt=c",
        "-xassembler",
        "--listen=-",
        "-target",
        "--name",
        "-cflags",
        "-L",
        "-I",
        "-l{file}",
        "{file}",
        "@args.txt",
        "-fentry=@args.txt",
        "-mcpu={file}",
    ],
}


@pytest.mark.parametrize(("language", "flags"), [(name, flags) for name, rows in FLAGS.items() for flags in rows])
def test_x27_no_flag_names_a_file_to_be_written_or_run(tmp_path: Path, language: str, flags: str) -> None:
    file = tmp_path / "theirs"
    words = tuple(word.format(file=file) for word in (flags.split() if language != "go" else [flags]))
    options = CompileOptions(flags=words, files=(("args.txt", f"-MF {file}"),))
    with pytest.raises(UsageError, match=r"names a file|something other than a guest"):
        registry.get(language).compile("", options, tmp_path)
    assert not file.exists()


def test_x27_the_attack_is_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with required("c"):
        registry.get("c").find()
    monkeypatch.setattr(_clang_flags, "check_flags", lambda *_: None)
    file = tmp_path / "theirs"
    file.write_text("mine")
    build("c", "int main(void) { return 0; }", "-MTpwned", f"-MF{file}", folder=tmp_path / "1")
    assert file.read_text().startswith("pwned")


def test_x27_zig_could_write_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with required("zig"):
        registry.get("zig").find()
    monkeypatch.setattr(zig, "checked", lambda flags: flags)
    file = tmp_path / "theirs"
    file.write_text("mine")
    source = "export fn first() u8 { return 0; }"
    build("zig", source, f"--verbose-llvm-bc={file}", opt="debug", folder=tmp_path / "1")
    assert file.read_bytes() != b"mine"


class _Stop(Exception):
    """Stands for a program that is not started."""


@pytest.mark.parametrize(
    ("language", "flag", "following"),
    [
        ("c", "-Wl,--Map", "--stack-first"),  # was a library of this package, which the linker wrote over
        ("rust", "-Clink-arg=--Map", "-Clink-arg=--stack-first"),
        ("go", "-ldflags=-cpuprofile", "-buildid="),
    ],
)
def test_x27_a_flag_without_its_word_takes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, flag: str, following: str
) -> None:
    with required(language):
        registry.get(language).find()

    def run(argv: list[str], *_: object, **__: object) -> None:
        if language != "c" or "wasm-ld" in argv:
            raise _Stop(" ".join(argv).split(" "))
        return real(argv, *_, **__)  # the object, which is linked next

    module = {"c": _clang, "rust": rust, "go": go}[language]
    real = module.run_compiler
    monkeypatch.setattr(module, "run_compiler", run)
    source = {"c": "int main(void) { return 0; }", "rust": "fn main() {}", "go": "func main() {}"}[language]
    with pytest.raises(_Stop) as stopped:
        build(language, source, flag, folder=tmp_path)
    words = stopped.value.args[0]
    last = flag.removeprefix("-Wl,")
    assert words[words.index(last) + 1] == following


@pytest.mark.parametrize(
    ("language", "flags"),
    [
        ("c", ["-DA=b/c", "-D", "A=b/c", "-isystem", "/usr/include", "-fdebug-prefix-map=/a=b", "-Wl,-z,now"]),
        ("rust", ["--cfg", 'a="b/c"', "-Cdebuginfo=1", "-Lnative=/usr/lib"]),
        ("go", ["-ldflags=-s -X main.a=b/c", "-ldflags=-X=main.a=https://d", "-pgo=/tmp/default.pgo"]),
        ("zig", ["-DA=b/c", "-I/usr/include", "-L/usr/lib", "-lc", "-mcpu=lime1+simd128", "-fno-llvm", "-fstrip"]),
        ("zig", ["-OReleaseFast", "-fentry=first", "--export=first", "--max-memory=1048576", "-freference-trace=9"]),
    ],
)
def test_x27_other_flags_are_the_person_s(tmp_path: Path, language: str, flags: list[str]) -> None:
    with pytest.raises(CompileError, match="the cell is empty"):  # which is looked at after them
        registry.get(language).compile("", CompileOptions(flags=tuple(flags)), tmp_path)


@pytest.mark.parametrize("kind", ["tuple<{0}, {0}>", "tuple<list<{0}>, list<{0}>>", "result<option<{0}>, {0}>"])
def test_x28_types_that_grow_are_refused(tmp_path: Path, kind: str) -> None:
    with required("components"):
        _wasm_tools.find_wasm_tools()
    types = "".join(f"//! type t{number + 1} = {kind.format(f't{number}')};\n" for number in range(20))
    source = f"//! [wit]\n//! interface of {{\n//! type t0 = u8;\n{types}//! f: func(x: t20);\n//! }}\n"
    source += "//! world cell { export of; }\n"
    with pytest.raises(CompileError, match="f uses a type of more than 2,000 parts"):
        for_cell(registry.get("c"), source, "", {}).compile(source, CompileOptions(), tmp_path)


def test_x28_comments_without_end_take_no_time() -> None:
    wit = declared("//! [wit]\n//! " + "/* " * 300_000)
    assert wit is not None
    assert wit.before  # took minutes
