"""The SSVM kernel against the barest one there is, and the cost of ``%load_ext`` (``python -m benchmarks.kernel``)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.guests import HELLO
from benchmarks.live_kernel import Kernel, running_kernel, started_kernel
from benchmarks.runner import Row, absolute, finish, pairs

__all__ = ["Kernel", "running_kernel"]

_SSVM = ("-m", "ssvm_kernel.kernel", "--language=wat")
_BARE = ("-m", "benchmarks.bare_kernel")
_LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
import ipykernel.ipkernel
shell = InteractiveShell.instance()
shell.run_cell("None")
started = time.perf_counter()
shell.run_cell("%load_ext ssvm_kernel")
print((time.perf_counter() - started) * 1e3)
"""


def first_outputs() -> Iterator[Row]:
    """Measure from the request to the first output."""
    with started_kernel(_SSVM) as ours, started_kernel(_BARE) as bare:
        yield pairs(
            "cached hello in the SSVM kernel to first output, against a bare kernelbase.Kernel",
            lambda: ours.first_output(HELLO),
            lambda: bare.first_output("hello"),
            goal=1.15,
            rounds=300,
            warmup=20,
        )


def load_time() -> float:
    """Return the milliseconds of ``%load_ext`` in a new interpreter that has all of ipykernel."""
    done = subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Measure everything and print the table."""
    rows = [*first_outputs(), absolute("%load_ext ssvm_kernel on top of ipykernel", load_time, goal=30)]
    finish("kernel", rows)


if __name__ == "__main__":
    main()
