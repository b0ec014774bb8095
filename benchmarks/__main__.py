"""Run every benchmark, each in an interpreter of its own: ``python -m benchmarks``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.runner import write_readme


def main() -> int:
    """Run all modules that can be run, and tell whether all of them could."""
    failed = 0
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        if "\ndef main(" in path.read_text(encoding="utf-8"):
            print(f"\n== {path.stem}", flush=True)
            failed += subprocess.run([sys.executable, "-m", f"benchmarks.{path.stem}"], check=False).returncode != 0
    write_readme()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
