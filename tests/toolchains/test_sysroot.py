"""The C library: shipped, or made once when another ziglang is installed."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.toolchains import _sysroot, _ziglang, registry
from ssvm_kernel.toolchains._sysroot import CELL, FORMAT, MANIFEST, make_sysroot, read_manifest
from ssvm_kernel.toolchains._ziglang import Ziglang, find_ziglang, sysroot_for
from ssvm_kernel.toolchains.base import CompileOptions
from tests.toolchains.conftest import require
from tests.toolchains.run_guest import run_guest


@pytest.fixture
def nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this package look as if it was built with another ziglang."""
    monkeypatch.setattr(_ziglang, "sdk", SimpleNamespace(__file__=str(tmp_path / "sdk" / "__init__.py")))


@pytest.mark.usefixtures("nothing_shipped")
@pytest.mark.timeout(400)
def test_it_is_made_once_and_said_once(tmp_path):
    require("c")
    notices: list[str] = []
    source = (
        '#include <stdio.h>\n#include <math.h>\nint main(int n, char **v) { printf("%.3f\\n", sqrt(n + 1)); return 0; }'
    )
    options = CompileOptions(notice=notices.append)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        compiled = registry.get("c").compile(source, options, tmp_path / name)
        assert run_guest(compiled.wasm).stdout == "1.414\n"
    assert len(notices) == 1
    assert "once on this machine" in notices[0]

    kept = store.folder("sysroot")
    assert kept is not None
    (made,) = (path for path in kept.iterdir() if path.is_dir())
    manifest = read_manifest(made)
    assert manifest is not None
    assert manifest["zig"] == find_ziglang().version
    for model in ("command", "reactor"):
        assert manifest[model][0] == f"crt1-{model}.o"
        assert {CELL, "libc.a"} <= set(manifest[model])
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest
    assert "musl" in (made / "LICENSES.txt").read_text("utf-8")
    assert sum(path.stat().st_size for path in made.iterdir()) < 3_000_000
    assert not [path for path in kept.iterdir() if path.name.startswith(".part-")]


def fake_zig(tmp_path: Path) -> Ziglang:
    package = tmp_path / "ziglang"
    (package / "lib" / "include").mkdir(parents=True)
    (package / "zig").touch()
    return Ziglang(package / "zig", package / "lib", "9.9.9")


def answers(zig: Ziglang):
    """Return a `Run` that does what zig does, with small files."""

    def run(argv, cwd, env):
        assert env["ZIG_GLOBAL_CACHE_DIR"].startswith(cwd)
        if argv[1] == "version":
            return 0, "9.9.9\n", ""
        model = next(item.partition("=")[2] for item in argv if item.startswith("-mexec-model="))
        made = Path(cwd) / "global" / "o"
        made.mkdir(parents=True, exist_ok=True)
        for name in (f"crt1-{model}.o", "libc.a"):
            (made / name).write_text(name)
        (made / "libc++.a").write_text("libc++.a")
        compile_line = f' "zig" -cc1 -isystem {zig.lib}/include -isystem {zig.lib}/absent -isystem /usr/include'
        cxx = f" {made}/libc++.a" if argv[1] == "c++" else ""
        compile_line += " -D NDEBUG -D _LIBCPP_X=1" if cxx else ""
        link_line = f"wasm-ld --entry _start -o cell.wasm global/o/crt1-{model}.o {made}/libc.a{cxx} local/cell.o"
        return 0, "", f"clang version\n{compile_line}\n{link_line}\n"

    return run


def test_what_the_link_line_names_is_taken_in_its_order(tmp_path):
    zig = fake_zig(tmp_path)
    make_sysroot(zig.program, tmp_path / "made", answers(zig))
    manifest = read_manifest(tmp_path / "made")
    assert manifest is not None
    assert manifest["command"] == ["crt1-command.o", "libc.a", CELL]
    assert manifest["reactor"] == ["crt1-reactor.o", "libc.a", CELL]
    assert manifest["includes"] == ["include"]
    assert (tmp_path / "made" / "libc.a").read_text() == "libc.a"


def test_what_cxx_needs_besides_c_is_a_folder_of_its_own(tmp_path, monkeypatch):
    zig = fake_zig(tmp_path)
    shipped = tmp_path / "sdk" / "sysroot"
    make_sysroot(zig.program, shipped / "zig-9.9.9", answers(zig))
    make_sysroot(zig.program, shipped / "zig-9.9.9-cxx", answers(zig), cxx=True)
    assert sorted(path.name for path in (shipped / "zig-9.9.9-cxx").iterdir()) == ["LICENSES.txt", "libc++.a", MANIFEST]
    monkeypatch.setattr(_ziglang, "sdk", SimpleNamespace(__file__=str(tmp_path / "sdk" / "__init__.py")))
    found = sysroot_for(zig, None, cxx=True)
    places = [Path(item).relative_to(shipped).as_posix() for item in found.command[:-1]]
    assert places == ["zig-9.9.9/crt1-command.o", "zig-9.9.9/libc.a", "zig-9.9.9-cxx/libc++.a"]
    assert found.defines == ("-D_LIBCPP_X=1",)
    assert sysroot_for(zig, None).defines == ()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "wasm-ld a.o b.o",
        ' "zig" -cc1 -isystem /usr/include\nwasm-ld crt1-command.o libc.a cell.o',
    ],
)
def test_words_of_another_zig_are_an_error_and_make_nothing(tmp_path, said):
    zig = fake_zig(tmp_path)

    def run(argv, cwd, env):
        for name in ("crt1-command.o", "libc.a", "a.o", "b.o"):
            (Path(cwd) / name).touch()
        return 0, "9.9.9", said

    with pytest.raises(RuntimeError):
        make_sysroot(zig.program, tmp_path / "made", run)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ziglang"]


def test_an_interrupt_makes_nothing(tmp_path):
    zig = fake_zig(tmp_path)

    def run(argv, cwd, env):
        if "reactor" in str(argv):
            raise KeyboardInterrupt
        return answers(zig)(argv, cwd, env)

    with pytest.raises(KeyboardInterrupt):
        make_sysroot(zig.program, tmp_path / "made", run)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ziglang"]


def test_a_failing_zig_is_told_in_its_own_words(tmp_path):
    zig = fake_zig(tmp_path)
    with pytest.raises(RuntimeError, match="no space left"):
        make_sysroot(zig.program, tmp_path / "made", lambda argv, cwd, env: (1, "", "no space left"))


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"format": FORMAT + 1})])
def test_an_unfinished_or_older_library_is_none(tmp_path, content):
    (tmp_path / MANIFEST).write_text(content)
    assert read_manifest(tmp_path) is None


@pytest.mark.usefixtures("nothing_shipped")
def test_two_kernels_make_it_once(tmp_path, monkeypatch):
    zig, made = fake_zig(tmp_path), []
    run = answers(zig)

    def counted(program, folder, _run, *, cxx):
        made.append(folder)
        _sysroot.make_sysroot(program, folder, run)

    monkeypatch.setattr(_ziglang, "make_sysroot", counted)
    threads = [threading.Thread(target=sysroot_for, args=(zig, print)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert sysroot_for(zig, None).link_line(["x.o"])[-1] == "x.o"


@pytest.mark.usefixtures("nothing_shipped")
def test_a_library_that_cannot_be_made_is_a_missing_tool(tmp_path, caplog):
    zig = fake_zig(tmp_path)
    zig.program.write_text("#!/bin/sh\necho broken >&2; exit 1\n")
    zig.program.chmod(0o755)
    with caplog.at_level(logging.WARNING), pytest.raises(ToolchainMissing, match="broken"):
        sysroot_for(zig, None)
    assert "building the C library" in caplog.text


@pytest.mark.usefixtures("nothing_shipped")
def test_without_a_place_to_keep_it_a_kernel_makes_its_own(tmp_path, monkeypatch):
    zig = fake_zig(tmp_path)
    monkeypatch.setattr(
        _ziglang, "make_sysroot", lambda program, folder, _run, *, cxx: make_sysroot(program, folder, answers(zig))
    )
    (tmp_path / "file").touch()
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "file"))
    first = sysroot_for(zig, print)
    assert Path(first.command[0]).is_file()
    assert sysroot_for(zig, print) == first
    store._temporary_folder("sysroot").cleanup()
    store._temporary_folder.cache_clear()


def test_shipped_is_used_where_it_fits(monkeypatch, tmp_path):
    zig = fake_zig(tmp_path)
    shipped = tmp_path / "sdk" / "sysroot" / "zig-9.9.9"
    make_sysroot(zig.program, shipped, answers(zig))
    monkeypatch.setattr(_ziglang, "sdk", SimpleNamespace(__file__=str(tmp_path / "sdk" / "__init__.py")))
    monkeypatch.setattr(_ziglang, "make_sysroot", None)
    assert sysroot_for(zig, None).command == (str(shipped / "crt1-command.o"), str(shipped / "libc.a"), CELL)
