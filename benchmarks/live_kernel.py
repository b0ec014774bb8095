"""A real kernel over ZMQ, and the times of its cells as a front end sees them."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

__all__ = ["Kernel", "running_kernel", "started_kernel"]


class Kernel:
    """A running kernel."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def until(self, request: str, *, output: bool, timeout: float = 60.0) -> float:
        """Return the time at which the first output (or the idle status) of `request` came."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            now = time.perf_counter()
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if output and kind == "stream":
                return now
            if not output and kind == "status" and content["execution_state"] == "idle":
                return now
        raise TimeoutError(request)

    def first_output(self, code: str) -> float:
        """Run a cell and return the milliseconds to its first output."""
        started = time.perf_counter()
        request = self.client.execute(code)
        first = self.until(request, output=True)
        self.until(request, output=False)
        self.client.get_shell_msg(timeout=30)
        return (first - started) * 1e3

    def run(self, code: str) -> None:
        """Run a cell to its end."""
        request = self.client.execute(code)
        self.until(request, output=False)
        self.client.get_shell_msg(timeout=30)

    def interrupt_to_idle(self, code: str, after: float = 0.5) -> float:
        """Run a cell that does not end, interrupt it, and return the milliseconds until the kernel is idle."""
        request = self.client.execute(code)
        time.sleep(after)
        started = time.perf_counter()
        self.manager.interrupt_kernel()
        try:
            ended = self.until(request, output=False)
        except RuntimeError:  # the cell's error comes before its idle status
            ended = self.until(request, output=False)
        self.client.get_shell_msg(timeout=30)
        return (ended - started) * 1e3


class _Manager(KernelManager):
    """Starts a kernel by its command line, whether or not it is installed."""

    words: Sequence[str] = ()

    @property
    def kernel_spec(self) -> KernelSpec:
        """What to start."""
        return KernelSpec(argv=[sys.executable, *self.words, "-f", "{connection_file}"])


@contextmanager
def started_kernel(words: Sequence[str]) -> Iterator[Kernel]:
    """Start the kernel that ``python WORDS -f CONNECTION_FILE`` is."""
    manager = _Manager()
    manager.words = words
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@contextmanager
def running_kernel() -> Iterator[Kernel]:
    """Start an ipykernel of this Python with the extension loaded."""
    with started_kernel(["-m", "ipykernel_launcher"]) as kernel:
        kernel.run("%load_ext ssvm_kernel")
        yield kernel
