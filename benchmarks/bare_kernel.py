"""The floor: a kernel that answers each cell with one stream message and nothing else."""

from __future__ import annotations

from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

__all__ = ["BareKernel"]


class BareKernel(Kernel):
    """Says hello."""

    implementation = "bare"
    implementation_version = "1"
    language_info = {"name": "bare", "mimetype": "text/plain", "file_extension": ".txt"}  # noqa: RUF012 - as the base's
    banner = "bare"

    async def do_execute(self, code: str, silent: bool, *args: Any, **more: Any) -> dict[str, Any]:
        """Send the message."""
        del code, silent, args, more
        self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": "hello\n"})
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}


if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=BareKernel)
