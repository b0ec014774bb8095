"""Which compiler is taken when a machine has several."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.toolchains import _rustc
from ssvm_kernel.toolchains._rustc import find_rustc
from tests.toolchains.conftest import require


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine without any compiler."""
    for name in _rustc._ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / name / "bin") for name in ("first", "second")))
    monkeypatch.setattr(_rustc, "_SYSTEM", (str(tmp_path / "system" / "bin" / "rustc"),))
    monkeypatch.setattr(_rustc.sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(_rustc, "_last", None)
    return tmp_path


def install(root: Path, *targets: str, version: str = "1.80.0", says: str = "") -> Path:
    """Put a compiler there that answers as rustc does, with the libraries of `targets` beside it."""
    program = root / "bin" / "rustc"
    program.parent.mkdir(parents=True, exist_ok=True)
    script = f'#!/bin/sh\necho "$0 $*" >> {root}/asked\ncase "$1" in --version) echo "rustc {version} (of a test)";; '
    program.write_text(script + f'*) echo "{says}"; test -n "{says}";; esac\n')
    program.chmod(0o755)
    for target in targets:
        library(root / "lib" / "rustlib" / target / "lib")
    return program


def library(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "libstd-0123.rlib").touch()
    return folder


def test_this_machine_s_compiler_has_the_library():
    require("rust")
    found = find_rustc()
    assert list(found.library.glob("libstd-*.rlib"))
    assert found.target in _rustc.TARGETS
    assert found.version[0].isdigit()


def test_a_compiler_on_path_without_the_library_is_passed_over(machine):
    install(machine / "first", "x86_64-unknown-linux-gnu")
    system = install(machine / "system", "wasm32-wasi", version="1.63.0")
    found = find_rustc()
    assert (found.program, found.target, found.version) == (system, "wasm32-wasi", "1.63.0")


def test_the_new_name_of_the_target_is_preferred(machine):
    install(machine / "first", "wasm32-wasi", "wasm32-wasip1")
    assert find_rustc().target == "wasm32-wasip1"


def test_path_is_searched_in_order_before_the_system(machine):
    install(machine / "system", "wasm32-wasip1")
    second = install(machine / "second", "wasm32-wasip1")
    assert find_rustc().program == second
    first = install(machine / "first", "wasm32-wasip1")
    _rustc._last = None
    assert find_rustc().program == first


def test_rustup_s_default_comes_first_and_its_proxy_is_no_compiler(machine, monkeypatch):
    home = machine / "rustup"
    monkeypatch.setenv("RUSTUP_HOME", str(home))
    install(home / "toolchains" / "nightly-x", "wasm32-wasip1")
    stable = install(home / "toolchains" / "stable-x", "wasm32-wasip1")
    install(home / "toolchains" / "zeta-x", "wasm32-wasip1")
    (home / "settings.toml").write_text('version = "12"\ndefault_toolchain = "stable-x"\n')
    proxy = machine / "first" / "bin" / "rustc"
    proxy.parent.mkdir(parents=True)
    (proxy.parent / "rustup").write_text("#!/bin/sh\nexit 1\n")
    (proxy.parent / "rustup").chmod(0o755)
    proxy.symlink_to("rustup")
    assert find_rustc().program == stable
    monkeypatch.setenv("RUSTUP_TOOLCHAIN", "nightly")
    assert "nightly-x" in str(find_rustc().program)


def test_rustup_s_toolchains_are_judged_without_being_started(machine, monkeypatch):
    monkeypatch.setattr(_rustc, "run_tool", None)
    home = machine / "home" / ".rustup"
    install(home / "toolchains" / "stable-x", "x86_64-unknown-linux-gnu")
    with pytest.raises(ToolchainMissing, match="stable-x"):
        find_rustc()


def test_rustup_s_second_toolchain_does_when_the_default_has_no_library(machine):
    home = machine / "home" / ".rustup"
    install(home / "toolchains" / "stable-x")
    beta = install(home / "toolchains" / "beta-x", "wasm32-wasip1")
    (home / "settings.toml").write_text('default_toolchain = "stable-x"\n')
    assert find_rustc().program == beta


def test_a_compiler_elsewhere_than_its_library_is_asked(machine):
    where = library(machine / "elsewhere")
    program = install(machine / "first", says=str(where))
    assert (find_rustc().program, find_rustc().library) == (program, where)
    assert "--print target-libdir --target wasm32-wasip1" in (machine / "first" / "asked").read_text()


def test_rustc_decides_when_it_is_set(machine, monkeypatch):
    install(machine / "first", "wasm32-wasip1")
    mine = install(machine / "mine", "wasm32-wasip1")
    monkeypatch.setenv("RUSTC", str(mine))
    assert find_rustc().program == mine


def test_rustc_without_the_library_is_an_error_and_not_passed_over(machine, monkeypatch):
    install(machine / "first", "wasm32-wasip1")
    monkeypatch.setenv("RUSTC", str(install(machine / "mine")))
    with pytest.raises(ToolchainMissing, match=r"RUSTC is set to .*mine/bin/rustc, which has no WebAssembly"):
        find_rustc()
    monkeypatch.setenv("RUSTC", str(machine / "nothing"))
    with pytest.raises(ToolchainMissing, match="is not a program"):
        find_rustc()


def test_without_any_the_message_says_how_to_get_one(machine):
    with pytest.raises(ToolchainMissing) as missing:
        find_rustc()
    for command in (
        "rustup target add wasm32-wasip1",
        "apt-get install rustc cargo libstd-rust-dev-wasm32 lld",
        "conda install",
    ):
        assert command in str(missing.value)
    install(machine / "first")
    with pytest.raises(ToolchainMissing, match=r"looked at .*first/bin/rustc"):
        find_rustc()


def test_what_was_found_is_remembered_until_it_changes(machine, monkeypatch):
    install(machine / "system", "wasm32-wasip1", version="1.80.0")
    assert find_rustc() is find_rustc()
    asked = machine / "system" / "asked"
    assert asked.read_text().count("\n") == 1
    program = install(machine / "system", version="1.90.0")
    os.utime(program, ns=(1, 1))
    assert find_rustc().version == "1.90.0"
    monkeypatch.setenv("PATH", str(install(machine / "third", "wasm32-wasip1").parent))
    assert "third" in str(find_rustc().program)


def test_a_library_that_was_removed_is_noticed(machine):
    program = install(machine / "system", "wasm32-wasip1")
    find_rustc()
    (program.parent.parent / "lib" / "rustlib" / "wasm32-wasip1" / "lib" / "libstd-0123.rlib").unlink()
    with pytest.raises(ToolchainMissing):
        find_rustc()


def test_a_new_kernel_does_not_ask_for_the_version_again(machine, monkeypatch):
    install(machine / "system", "wasm32-wasip1")
    find_rustc()
    monkeypatch.setattr(_rustc, "_last", None)
    assert find_rustc().version == "1.80.0"
    assert (machine / "system" / "asked").read_text().count("\n") == 1
    assert store.folder("tools") is not None
