"""The program of the kernel: ipykernel's, with this kernel in it."""

from __future__ import annotations

from ipykernel.kernelapp import IPKernelApp, kernel_aliases

from ssvm_kernel.kernel.kernel import SsvmKernel

__all__ = ["SsvmKernelApp"]


class SsvmKernelApp(IPKernelApp):
    """Starts an SSVM kernel; its options are ipykernel's, and ``--language``."""

    name = "ssvm-kernel"
    description = "The SSVM kernel: a cell is a WebAssembly guest."
    kernel_class = SsvmKernel
    classes = [*IPKernelApp.classes, SsvmKernel]  # noqa: RUF012 - a trait's default
    aliases = {**kernel_aliases, "language": "SsvmKernel.language"}  # noqa: RUF012
