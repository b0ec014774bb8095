"""The adapter, driven as the runner of the public wasi-testsuite drives one, with guests of our own."""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from tests.cli import wat
from tests.cli.conftest import START

ADAPTER = Path(__file__).parents[2] / "tools" / "wasi_testsuite_adapter.py"


@pytest.fixture(params=["jit", "interpreter"])
def adapter(request, monkeypatch, tmp_path):
    monkeypatch.setenv("SSVM", shlex.join([*START, "--engine", request.param]))
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "cache"))
    spec = importlib.util.spec_from_file_location("adapter", ADAPTER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(adapter, tmp_path, text, args=(), env=None, dirs=()):
    path = tmp_path / "test.wasm"
    path.write_bytes(bytes(wasmtime.wat2wasm(text)))
    argv = adapter.compute_argv(str(path), (list(args), env or {}, list(dirs)), [], "wasm32-wasip1")
    assert all(isinstance(word, str) for word in argv)
    return subprocess.run(argv, stdin=subprocess.PIPE, capture_output=True, text=True, check=False, timeout=60)


def test_it_is_a_module_that_says_nothing_when_it_is_run():
    shown = subprocess.run([sys.executable, ADAPTER, "--version"], capture_output=True, check=True)
    assert (shown.stdout, shown.stderr) == (b"", b"")


def test_who_it_is(adapter):
    assert adapter.get_name() == "ssvm"
    assert adapter.get_version()[0].isdigit()
    assert adapter.get_wasi_versions() == ["wasm32-wasip1"]


def test_arguments_environment_and_status(adapter, tmp_path):
    assert run(adapter, tmp_path, wat.ARGUMENTS, ["first", "the second"]).stdout == "test.wasm\0first\0the second\0"
    assert run(adapter, tmp_path, wat.ENVIRONMENT, env={"foo": "bar=1"}).stdout == "foo=bar=1\0"
    assert run(adapter, tmp_path, wat.exits(33)).returncode == 33
    assert run(adapter, tmp_path, wat.TRAPS).returncode == 134


def test_folders(adapter, tmp_path):
    folder = tmp_path / "fs-tests:dir"
    folder.mkdir()
    assert run(adapter, tmp_path, wat.WRITES, dirs=[(folder, "fs-tests.dir")]).returncode == 0
    assert run(adapter, tmp_path, wat.READS, dirs=[(folder, "a:b")]).stdout == "written"
