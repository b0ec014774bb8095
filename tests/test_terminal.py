"""The magic in a terminal's IPython: one line for a run, and all that is behind it in ``_``."""

from __future__ import annotations

import subprocess
import sys

CELLS = '''
from IPython.terminal.interactiveshell import TerminalInteractiveShell

TerminalInteractiveShell.simple_prompt = True
shell = TerminalInteractiveShell.instance(colors="NoColor")
for cell in (
    "%load_ext ssvm_kernel",
    """%%ssvm wat --name nothing\\n(module (func (export "_start")))\\n""",
    "print(_.exit_code, _2.exit_code)",
    "%ssvm run nothing",
    "kept = %ssvm run nothing",
    "kept",
):
    print(">>>", cell.splitlines()[0], flush=True)
    shell.run_cell(cell, store_history=True)
for cell in ("%%ssvm wat", "%%ssvm wat\\n(module)", "%%ssvm wat\\n(module)\\n\\n", "%ssvm run nothing"):
    print(">>>", shell.check_complete(cell)[0], flush=True)
'''


def test_a_run_is_one_line_and_its_result_is_kept(tmp_path, monkeypatch) -> None:
    for name in ("SSVM_CACHE_DIR", "SSVM_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    done = subprocess.run([sys.executable, "-c", CELLS], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    _, _, ran, printed, again, assigned, shown, *whole = done.stdout.split(">>> ")
    line = ran.splitlines()[1:]
    assert len(line) == 1
    assert line[0].startswith("ssvm · nothing · jit · exit 0 · ")
    assert "Out[" not in ran
    assert printed.splitlines()[1:] == ["0 0"]
    assert again.splitlines()[2].endswith("]: <run of nothing: exit 0, stdout 0 B, stderr 0 B, commands 0>")
    assert len(assigned.splitlines()) == 2
    assert "  impossible for it: run host commands; " in shown
    assert list(map(str.strip, whole)) == ["incomplete", "incomplete", "complete", "complete"]
