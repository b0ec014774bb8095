"""A package of others, installed by pip, adds a language: its cells compile, run, and fail on the right line."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOOLCHAIN = '''
"""A language with one statement: the number to exit with."""

import wasmtime

from ssvm_kernel.toolchains.base import Compiled, Diagnostic, Found, Severity
from ssvm_kernel.toolchains.render import compile_error


class Exit:
    name, aliases, suffix, hello = "exit", ("leave",), ".exit", "0  hello"

    def find(self):
        return Found("exit", "1.0", "wasm")

    def compile(self, source, options, workdir):
        lines = [line.strip() for line in source.split("\\n")]
        at = next((number for number, line in enumerate(lines, 1) if line), 1)
        if not lines[at - 1].isdigit():
            raise compile_error(source, [Diagnostic(Severity.ERROR, "not a number", at, 1)])
        body = f'(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))\\n' \\
               f'(memory (export "memory") 1) (func (export "_start") (call $exit (i32.const {lines[at - 1]})))'
        return Compiled(bytes(wasmtime.wat2wasm(f"(module {body})")))
'''

CELLS = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "ssvm_kernel")
for cell in ("%%ssvm exit\\n7", "%%ssvm leave\\n\\nx", "%%ssvm exitt\\n1"):
    shell.run_cell(cell)
"""


def make_wheel(folder: Path) -> Path:
    """Make a wheel as any build tool would."""
    files = {
        "exit_language.py": TOOLCHAIN,
        "exit_language-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: exit-language\nVersion: 1.0\n",
        "exit_language-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "exit_language-1.0.dist-info/entry_points.txt": "[ssvm_kernel.toolchains]\nexit = exit_language:Exit\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text.encode())}\n"
    wheel = folder / "exit_language-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, "exit_language-1.0.dist-info/RECORD": record}.items():
            archive.writestr(name, text)
    return wheel


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Install the package where only this test finds it."""
    place = tmp_path / "installed"
    words = ["install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--target", str(place)]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words, str(make_wheel(tmp_path))]
    subprocess.run(pip, check=True, timeout=110, cwd=tmp_path)
    return place


def test_a_package_adds_a_language(installed, tmp_path):
    env = {**os.environ, "PYTHONPATH": str(installed), "IPYTHONDIR": str(tmp_path / "ipython")}
    done = subprocess.run(
        [sys.executable, "-c", CELLS], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=110, check=True
    )
    said = done.stdout + done.stderr
    assert "exit 7" in said
    assert "error: not a number\n --> line 3, column 1\n3 | x" in said
    assert "unknown language 'exitt': did you mean 'exit'?" in said
