"""What a guest can do, and what is in force here."""

from __future__ import annotations

import re

import pytest
import wasmtime

from ssvm_kernel.commands import NAMES
from ssvm_kernel.sandbox.oslock import available_locks

from .guests import HELLO, command_cell


def test_inspect_a_guest_and_a_file(cells, tmp_path) -> None:
    cells.run(command_cell("--allow-command true --name asks", "true"))
    text = cells.run("%ssvm inspect asks")
    assert "asks can run host commands that you allow" in text
    assert "cannot use the network" in text
    assert "process interface: ssvm_process" in text
    assert "wasi_snapshot_preview1.fd_write" in text
    assert "exports (2): memory" in text
    (tmp_path / "hello.wasm").write_bytes(bytes(wasmtime.wat2wasm(HELLO)))
    text = cells.run(f"%ssvm inspect {tmp_path}/hello.wasm")
    assert "it cannot, whatever it does: run host commands" in text
    assert "<error UsageError:" in cells.run("%ssvm inspect nobody")


def test_inspect_tells_unknown_imports(cells, tmp_path) -> None:
    wat = '(module (import "ev\\1b[31mil" "x" (func)))'
    (tmp_path / "odd.wasm").write_bytes(bytes(wasmtime.wat2wasm(wat)))
    text = cells.run(f"%ssvm inspect {tmp_path}/odd.wasm")
    assert "cannot be started" in text
    assert "ev\\x1b[31mil.x" in text
    assert "\x1b" not in text


def test_doctor_tells_what_a_locked_worker_said(cells) -> None:
    text = cells.run("%ssvm doctor")
    offered = available_locks()
    lines = {line.split("  ")[1].strip(): line for line in text.splitlines() if line.startswith("  ")}
    if offered.landlock_abi:
        assert f"in force (version {offered.landlock_abi})" in lines["files (Landlock)"]
    else:
        assert "not in force" in lines["files (Landlock)"]
    assert ("in force (no process" in lines["system calls (seccomp)"]) == offered.seccomp
    assert "nofile" in lines["resource limits"]
    assert "wasmtime" in lines["engine jit"]
    assert "language wat" in lines
    assert re.search("dialog of JupyterLab.*prompt below the cell.*anywidget.*by typing, or nobody", lines["asking"])
    assert "always.json" in lines["answers for always"]


@pytest.mark.parametrize("name", list(NAMES))
def test_each_command_has_help_and_refuses_what_it_has_not(cells, name) -> None:
    assert f"usage: %ssvm {name}" in cells.run(f"%ssvm {name} --help")
    assert "<error UsageError:" in cells.run(f"%ssvm {name} --nonsense")


def test_an_unknown_command_names_the_nearest(cells) -> None:
    assert "did you mean grants" in cells.run("%ssvm grant")
    text = cells.run("%ssvm --help")
    for name in NAMES:
        assert f"%ssvm {name}" in text
