"""The adapter by which the runner of the public wasi-testsuite drives ``ssvm``.

Give this file to the runner (``wasi_test_runner.py --runtime-adapter``).  The variable ``SSVM`` says how to start
``ssvm`` when it is not on the PATH, and may hold options for it: ``SSVM="ssvm --engine interpreter"``.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

SSVM = shlex.split(os.environ.get("SSVM", "ssvm"))


def get_name() -> str:
    """Return the runtime's name."""
    return "ssvm"


def get_version() -> str:
    """Return the runtime's version."""
    shown = subprocess.run([*SSVM, "--version"], capture_output=True, text=True, check=True)
    return shown.stdout.split()[1]


def get_wasi_versions() -> list[str]:
    """Return the versions of WASI that guests may use."""
    return ["wasm32-wasip1"]


def compute_argv(
    test_path: str,
    args_env_dirs: tuple[list[str], dict[str, str], list[tuple[Path, str]]],
    proposals: list[str],  # noqa: ARG001 - the runner gives it; wasm32-wasip1 has none
    wasi_version: str,  # noqa: ARG001 - the runner gives it; there is one
) -> list[str]:
    """Return the command line of one test."""
    args, env, dirs = args_env_dirs
    options = [word for name, value in env.items() for word in ("--env", f"{name}={value}")]
    for host, guest in dirs:
        options += ["--dir", f"{_escaped(guest)}:{_escaped(str(host))}"]
    return [*SSVM, *options, test_path, *args]


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:")
