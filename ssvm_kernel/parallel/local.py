"""The processes of this machine: threads of the kernel, each with a locked worker that runs the guest."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor

from ssvm_kernel.parallel.lanes import LanePool
from ssvm_kernel.parallel.perform import Wanted, perform
from ssvm_kernel.parallel.tasks import Task, TaskResult

__all__ = ["LocalProcesses", "processors"]


class LocalProcesses:
    """Runs batches in locked workers of this machine, which stay for the next map.

    Parameters
    ----------
    count : int
        Processes.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._threads = ThreadPoolExecutor(count, "ssvm-map")
        self._lanes = LanePool(count)

    def start(self, task: Task, wasm: bytes, wanted: Wanted) -> Future[TaskResult]:
        """Run a batch in one of the processes."""
        return self._threads.submit(perform, task, wasm, self._lanes, wanted)

    def end_idle(self) -> None:
        """End the processes that nobody works with, from any thread: they hold what the last items were granted."""
        self._lanes.end_idle()

    def close(self) -> None:
        """End the processes once their batches are done."""
        self._lanes.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


def processors() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
