"""The viewer of the JupyterLab extension tells of a module what the kernel tells: both have the same tables."""

from __future__ import annotations

import importlib.util
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools/labextension_tables.py"


def test_the_tables_of_the_viewer_are_those_of_the_kernel():
    spec = importlib.util.spec_from_file_location("labextension_tables", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.TARGET.read_text("utf-8") == tool.text(), "run: python tools/labextension_tables.py"
