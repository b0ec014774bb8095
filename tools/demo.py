"""Execute a notebook without a browser and print each code cell with its text outputs.

Usage: ``python tools/demo.py examples/00-tour.ipynb``. Exits with 1 at the first cell that fails; a cell tagged
``raises-exception`` may fail, and its error is printed like any output.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

SHOWN_LINES = 8
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def excerpt(source: str) -> str:
    """Return the first lines of a cell, marked as source."""
    lines = source.splitlines()
    shown = (
        lines if len(lines) <= SHOWN_LINES + 1 else [*lines[:SHOWN_LINES], f"... {len(lines) - SHOWN_LINES} more lines"]
    )
    return "\n".join(f"  | {line}".rstrip() for line in shown)


def output_text(output: dict[str, Any]) -> str:
    """Return what a front end without graphics shows of one output."""
    kind = output["output_type"]
    if kind == "stream":
        text = output["text"]
    elif kind == "error":
        text = "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
    else:
        text = output.get("data", {}).get("text/plain", "")
    return ANSI.sub("", text).rstrip("\n")


def print_outputs(cell: dict[str, Any]) -> None:
    """Print the outputs of a cell, in their order."""
    for output in cell["outputs"]:
        text = output_text(output)
        if text:
            print(text)


def run(path: Path, timeout: float) -> int:
    """Execute the notebook cell by cell; return the exit status."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name=notebook.metadata.get("kernelspec", {}).get("name", "python3"),
        resources={"metadata": {"path": str(path.parent)}},
        timeout=timeout,
        coalesce_streams=True,  # one text, however many pieces it came in
    )
    started = time.monotonic()
    cells = 0
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown":
                heading = re.match(r"#+\s+(.*)", cell.source)
                if heading:
                    print(f"\n== {heading[1]}")
                continue
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            cells += 1
            print(f"\nIn [{cells}]:\n{excerpt(cell.source)}", flush=True)
            try:
                client.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                print_outputs(cell)
                print(f"\nCell {cells} failed: {type(error).__name__}", file=sys.stderr)
                return 1
            print_outputs(cell)
            sys.stdout.flush()
    print(f"\n{path.name}: {cells} cells in {time.monotonic() - started:.1f} s")
    return 0


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one cell (default: %(default)s)")
    arguments = parser.parse_args()
    # The kernel of this environment, not one that the person registered under the same name.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    return run(arguments.notebook, arguments.timeout)


if __name__ == "__main__":
    sys.exit(main())
