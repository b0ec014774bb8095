"""What a program says of its version, kept on disk: to start one takes longer than a cached cell may."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from ssvm_kernel.host import store
from ssvm_kernel.host.spawn import run_tool
from ssvm_kernel.toolchains._tools import signature

__all__ = ["version_said"]

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME")
_TIMEOUT = 30.0


def version_said(program: Path) -> str:
    """Return what ``program --version`` says, or an empty string when it says nothing or cannot be started."""
    key = hashlib.sha256(signature(program, program.resolve()).encode()).hexdigest()
    kept = store.read("tools", key)
    if kept is not None:
        return kept.decode(errors="replace")
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        done = run_tool([str(program), "--version"], cwd=Path(sys.executable).anchor, env=env, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    said = done.stdout.strip() if done.returncode == 0 else b""
    if said:
        store.write("tools", key, said)
    return said.decode(errors="replace")
