"""The kernel in a terminal, by Jupyter's own console (whose prompt for programs takes cells of one line)."""

from __future__ import annotations

import os
import sys

import pytest

from benchmarks.guests import HELLO
from ssvm_kernel.cli.main import main

pexpect = pytest.importorskip("pexpect")

PATIENCE = 60


@pytest.fixture
def console(tmp_path):
    assert main(["kernel", "install", "--prefix", str(tmp_path), "--language", "wat", "--name", "ssvm-console"]) == 0
    environment = {**os.environ, "JUPYTER_PATH": str(tmp_path / "share/jupyter"), "IPYTHONDIR": str(tmp_path / "ip")}
    environment |= {
        "SSVM_CACHE_DIR": str(tmp_path / "cache"),
        "SSVM_CONFIG_DIR": str(tmp_path / "config"),
        "TERM": "dumb",
        "PYTHONWARNINGS": "ignore",
    }
    words = ["-m", "jupyter_console", "--kernel", "ssvm-console", "--simple-prompt"]
    child = pexpect.spawn(sys.executable, words, env=environment, encoding="utf-8", timeout=PATIENCE, echo=False)
    try:
        child.expect("SSVM kernel")
        child.expect_exact("In [1]:")
        yield child
    finally:
        child.close(force=True)


def cell(console, code: str, number: int) -> str:
    """Run a cell on one line, and return what is shown until the next prompt."""
    console.sendline(" ".join(code.split()))
    console.expect_exact(f"In [{number}]:")
    return console.before


def test_cells_in_a_terminal(console) -> None:
    text = cell(console, HELLO, 2)
    assert "hello\r\n" in text
    assert "exit 0" in text
    assert "no grants are in force" in cell(console, "%ssvm grants", 3)
    assert "cells are guests in: c" in cell(console, "%lang c", 4)
    assert "UsageError" in cell(console, "!ls", 5)
    assert "Engine that runs the guest" in cell(console, "--engine?", 6)
    cell(console, "%lang wat", 7)
    assert "hello\r\n" in cell(console, HELLO, 8)
    console.sendline("exit")
    console.expect(pexpect.EOF)
