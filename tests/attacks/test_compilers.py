"""A guest's code is hostile: to compile it must not be the way out of the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssvm_kernel.toolchains import _cargo, registry
from ssvm_kernel.toolchains._rustc import find_rustc
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
