"""What importing the package and loading its magics pulls in: a person pays for it in every notebook."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    "anywidget",
    "hypothesis",
    "ipywidgets",
    "jsonschema",
    "msgspec",
    "nbclient",
    "nbformat",
    "numpy",
    "pandas",
} | {
    "jupyter_server",
    "jupyterlab",
    "requests",
    "tornado",
    "wasmtime",
    "ziglang",
}
# Modules that loading the magics may add to those of a plain IPython; 4 when this was written.
BUDGET = 40


def modules_after(code: str) -> set[str]:
    """Return the modules of a new interpreter after `code`, where warnings are errors."""
    code = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


SHELL = "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
LOAD = SHELL + "shell.extension_manager.load_extension('ssvm_kernel')\n"


def top(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_import_brings_nothing_heavy():
    loaded = modules_after("import ssvm_kernel")
    assert top(loaded) & (HEAVY | {"IPython", "ipykernel", "traitlets"}) == set()


def test_loading_the_magics_brings_nothing_heavy():
    loaded = modules_after(LOAD + "assert 'ssvm' in shell.magics_manager.magics['cell']")
    assert top(loaded) & HEAVY == set()


def test_loading_the_magics_stays_in_its_budget():
    added = modules_after(LOAD) - modules_after(SHELL)
    assert "ssvm_kernel.magic" in added
    assert len(added) <= BUDGET, sorted(added)


def test_all_modules_import_without_a_warning_and_without_jupyterlab():
    code = """
import importlib, pkgutil, ssvm_kernel
for module in pkgutil.walk_packages(ssvm_kernel.__path__, "ssvm_kernel."):
    if module.name.rpartition(".")[2] != "__main__":
        importlib.import_module(module.name)
"""
    loaded = modules_after(code)
    assert top(loaded) & {"jupyterlab", "jupyter_server", "notebook"} == set()
