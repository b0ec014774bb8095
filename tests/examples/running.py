"""Notebooks, run as a person without a browser would run them."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[2] / "examples"


def texts_of(name: str, folder: Path, *, beside: tuple[str, ...] = ()) -> list[str]:
    """Run an example in `folder`, and return the text of each code cell's outputs, empty cells passed over.

    The folders `beside` it, which it uses, are copied with it.
    """
    shutil.copy(EXAMPLES / name, folder)
    for item in beside:
        shutil.copytree(EXAMPLES / item, folder / item, ignore=shutil.ignore_patterns("bin", "__pycache__"))
    notebook = nbformat.read(folder / name, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
        patch.setenv("SSVM_CONFIG_DIR", str(folder / "ssvm-config"))  # no answer for always is there
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        client = NotebookClient(
            notebook, timeout=300, coalesce_streams=True, resources={"metadata": {"path": str(folder)}}
        )
        client.execute()
    return [text_of(cell) for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def text_of(cell) -> str:
    """Return what a front end without graphics shows below a cell, without colours."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append("\n".join(output.traceback))
        else:
            parts.append(output.data.get("text/plain", ""))
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(parts))


def need_tutorial_packages() -> Any:
    """Return numpy, where all that the tutorials need is installed: a loud skip elsewhere, a failure in CI."""
    try:
        import numpy
        import PIL  # noqa: F401
        import sklearn  # noqa: F401
    except ImportError as missing:
        message = f"THE TUTORIALS WERE NOT TESTED: pip install '.[examples]' ({missing})"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message, allow_module_level=True)
    return numpy
