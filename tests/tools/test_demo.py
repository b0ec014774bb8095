"""`make demo`: what it prints, and when it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from ssvm_kernel.cli.main import main

DEMO = Path(__file__).parents[2] / "tools/demo.py"


@pytest.fixture
def demo(tmp_path):
    """A function that runs the script on a notebook with these cells; a pair is a cell with its tags."""

    def run(*cells, kernel="python3"):
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": kernel}})
        notebook.cells.append(nbformat.v4.new_markdown_cell("# A heading\n\nand its text"))
        for cell in cells:
            source, tags = cell if isinstance(cell, tuple) else (cell, [])
            notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
        nbformat.write(notebook, tmp_path / "a.ipynb")
        return subprocess.run(
            [sys.executable, str(DEMO), str(tmp_path / "a.ipynb")],
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    return run


def test_prints_sources_and_text_outputs_in_order(demo):
    long_cell = "\n".join(f"x{n} = {n}" for n in range(20))
    done = demo("import sys\nprint('out')\nprint('err', file=sys.stderr)\n6 * 7", long_cell, "open('a.ipynb').name")
    assert done.returncode == 0, done.stderr
    order = [
        "== A heading",
        "In [1]:",
        "  | import sys",
        "out",
        "err",
        "42",
        "In [2]:",
        "  | x0 = 0",
        "... 12 more lines",
    ]
    order += ["In [3]:", "'a.ipynb'", "a.ipynb: 3 cells in "]
    places = [done.stdout.find(f"\n{text}") if text[:3] != "..." else done.stdout.find(text) for text in order]
    assert -1 not in places, done.stdout
    assert places == sorted(places)
    assert "x15" not in done.stdout


def test_text_that_comes_in_pieces_is_one_text(demo):
    done = demo(
        "import sys, time\n"
        "for text in ('pi', 'ec', 'es'):\n"
        "    sys.stdout.write(text); sys.stdout.flush(); time.sleep(0.3)"
    )
    assert "\npieces\n" in done.stdout


def test_expected_error_is_printed_and_the_notebook_goes_on(demo):
    done = demo(("raise ValueError('as told')", ["raises-exception"]), "print('after')")
    assert done.returncode == 0, done.stderr
    assert "ValueError: as told" in done.stdout
    assert "\nafter" in done.stdout
    assert "\x1b" not in done.stdout


def test_unexpected_error_ends_it_with_status_1(demo):
    done = demo("print('before')\nraise ValueError('not told')", "print('after')")
    assert done.returncode == 1
    assert "\nbefore" in done.stdout
    assert "ValueError: not told" in done.stdout
    assert "\nafter" not in done.stdout
    assert "Cell 1 failed" in done.stderr


def test_the_kernel_is_that_of_the_notebook(demo, tmp_path, monkeypatch):
    assert main(["kernel", "install", "--prefix", str(tmp_path)]) == 0
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share/jupyter"))
    done = demo("%lang wat", kernel="ssvm")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cells are guests in: wat" in done.stdout
