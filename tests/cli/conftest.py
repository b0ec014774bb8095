from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime

START = [sys.executable, "-c", "import sys; from ssvm_kernel.cli import main; sys.exit(main())"]
"""What the console script does, also where it is not installed."""

Ended = subprocess.CompletedProcess[bytes]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and a configuration of its own; machine code is cached beside it."""
    monkeypatch.setenv("SSVM_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


@pytest.fixture
def module(place: Path) -> Callable[[str, str], Path]:
    """Put a guest into a file and return it."""

    def put(wat: str, name: str = "guest.wasm") -> Path:
        path = place / name
        path.write_bytes(bytes(wasmtime.wat2wasm(wat)))
        return path

    return put


@pytest.fixture
def ssvm(place: Path) -> Callable[..., Ended]:
    """Run ``ssvm`` to its end, without a terminal."""

    def run(*words: object, stdin: bytes = b"", env: dict[str, str] | None = None) -> Ended:
        return subprocess.run(
            [*START, *map(str, words)],
            input=stdin,
            capture_output=True,
            cwd=place,
            env={**os.environ, **(env or {})},
            timeout=60,
            check=False,
            start_new_session=True,  # no /dev/tty either
        )

    return run
