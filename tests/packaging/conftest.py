"""The distributions, built as a release would build them, from the tree as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(target: str, source: Path, into: Path, **changed: str) -> Path:
    """Build one distribution with hatchling, without fetching anything, and return its path."""
    if not (source / "ssvm_kernel/labextension/package.json").exists():
        pytest.fail("the JupyterLab extension is not built: run make, or pip install -e .")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)],
        cwd=source,
        env={**os.environ, **changed},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """The wheel that `make` built, or one that is built now."""
    path = os.environ.get("SSVM_WHEEL") or build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))
    with zipfile.ZipFile(path) as archive:
        yield archive
