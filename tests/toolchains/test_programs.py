"""Programs of compilers on PATH: each once, and none that came beside a notebook."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import pytest

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains._programs import file_of, package_folder, path_folders, programs


def program(folder: Path, name: str, mode: int = 0o755) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("#!/bin/sh\ntouch started\n")
    (folder / name).chmod(mode)
    return folder / name


def test_each_once_in_order(tmp_path, monkeypatch) -> None:
    one, two, first = (program(tmp_path / name, "tool") for name in ("one", "two", "first"))
    program(tmp_path / "three", "tool", 0o644)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "tool").symlink_to(one)
    folders = [tmp_path / name for name in ("three", "two", "link", "one", "none")]
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    assert list(programs("tool", [first], [two, tmp_path / "nothing"])) == [first, two, one]
    assert list(file_of("no-such-package-at-all", "x")) == []


def test_x30_what_lies_beside_a_notebook_is_no_package(tmp_path, monkeypatch) -> None:
    program(tmp_path / "ziglang", "__init__.py")
    metadata = program(tmp_path / "theirs-1.0.dist-info", "METADATA")
    metadata.write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    monkeypatch.chdir(tmp_path)
    here = str(tmp_path.resolve())
    monkeypatch.setattr(sys, "path", ["", *(folder for folder in sys.path if folder not in ("", here))])
    assert package_folder("ziglang") != tmp_path / "ziglang"
    assert list(file_of("theirs", "bin/node")) == []
    monkeypatch.setattr(sys, "path", [here, *sys.path])  # the person's own PYTHONPATH
    assert package_folder("ziglang") == Path(here) / "ziglang"
    assert list(file_of("theirs", "bin/node")) == [Path(here) / "bin" / "node"]


@pytest.mark.parametrize("entry", ["", ".", "node_modules/.bin"])
def test_p01_what_lies_beside_a_notebook_is_no_compiler(tmp_path, monkeypatch, entry: str) -> None:
    for name in ("node", "go", "cargo", "rustc", "npm"):
        program(tmp_path / "notebook" / entry, name)
    monkeypatch.chdir(tmp_path / "notebook")
    monkeypatch.setenv("PATH", entry)
    assert path_folders() == ()
    for language in ("assemblyscript", "go", "rust"):
        with contextlib.suppress(ToolchainMissing):
            assert not registry.get(language).find().path.startswith(str(tmp_path / "notebook"))
    assert not list(tmp_path.rglob("started"))
