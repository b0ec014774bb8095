"""Programs of compilers on PATH: each once, and none that came beside a notebook."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains._programs import file_of, path_folders, programs


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
