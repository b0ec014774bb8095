"""The program of the kernel: ipykernel's, with this kernel in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ipykernel.kernelapp import IPKernelApp, kernel_aliases

from ssvm_kernel.kernel.kernel import SsvmKernel

__all__ = ["SsvmKernelApp", "main"]


class SsvmKernelApp(IPKernelApp):
    """Starts an SSVM kernel; its options are ipykernel's, and ``--language``."""

    name = "ssvm-kernel"
    description = "The SSVM kernel: a cell is a WebAssembly guest."
    kernel_class = SsvmKernel
    classes = [*IPKernelApp.classes, SsvmKernel]  # noqa: RUF012 - a trait's default
    aliases = {**kernel_aliases, "language": "SsvmKernel.language"}  # noqa: RUF012 - as above

    def init_path(self) -> None:
        """Leave the notebook's folder out of Python's path: what lies there is for Python's cells alone (X30)."""

    def init_kernel(self) -> None:
        """Make the kernel, without Python's debugger, and with a history that has no other kernel's Python in it."""
        assert self.profile_dir is not None, "made before the kernel"
        if "hist_file" not in self.config.HistoryManager:
            self.config.HistoryManager.hist_file = str(Path(self.profile_dir.location) / "ssvm_history.sqlite")
        with _no_debugger():
            super().init_kernel()  # type: ignore[no-untyped-call]


@contextmanager
def _no_debugger() -> Iterator[None]:
    """Let ipykernel find no debugpy: importing it takes a quarter of a second, and warns on the console's terminal."""
    name = "debugpy"
    modules: dict[str, Any] = sys.modules
    hidden = name not in modules
    if hidden:
        modules[name] = None
    try:
        import ipykernel.debugger  # noqa: F401 - looks for it once

        yield
    finally:
        if hidden:
            del modules[name]  # the person's own Python may have it


def main() -> None:
    """Run a kernel until it is shut down; what the kernelspec starts."""
    SsvmKernelApp.launch_instance()
