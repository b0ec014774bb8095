"""The two ways to where a batch runs: a thread of this process, or an executor that takes a function and bytes."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any, Protocol

import msgspec

from ssvm_kernel.errors import SsvmError
from ssvm_kernel.parallel.local import LocalProcesses, processors
from ssvm_kernel.parallel.remote import run_batch
from ssvm_kernel.parallel.tasks import Batch, Setting, Task, TaskResult, encoder, result_decoder
from ssvm_kernel.parallel.words import harmless, harmless_text

__all__ = ["LocalSender", "RemoteSender", "Sender"]


class Sender(Protocol):
    """Sends batches of one map.

    Attributes
    ----------
    lanes : int
        How many batches run at the same time.
    target_seconds : float
        How long a batch should take, so that the way there costs little.
    """

    lanes: int
    target_seconds: float

    def send(self, batch: Batch, *, with_module: bool) -> Future[Any]:
        """Start a batch."""

    def result(self, future: Future[Any], count: int) -> TaskResult:
        """Return what came of a batch of `count` items that is done.

        Raises
        ------
        SsvmError
            When it was lost, or something else came back.
        """

    def stop(self) -> None:
        """Tell the batches that run that nobody waits for them."""


class LocalSender:
    """Sends to the processes of this machine."""

    target_seconds = 0.05

    def __init__(self, processes: LocalProcesses, setting: Setting, wasm: bytes) -> None:
        self.lanes = processes.count
        self._processes = processes
        self._setting = setting
        self._wasm = wasm
        self._wanted = True

    def send(self, batch: Batch, *, with_module: bool) -> Future[TaskResult]:
        """See `Sender`; the module is here already."""
        del with_module
        return self._processes.start(Task(self._setting, batch), self._wasm, lambda: self._wanted)

    def result(self, future: Future[TaskResult], count: int) -> TaskResult:
        """See `Sender`."""
        del count
        return future.result()

    def stop(self) -> None:
        """See `Sender`; they end their workers within a tenth of a second."""
        self._wanted = False


class RemoteSender:
    """Sends to an executor of another library."""

    target_seconds = 0.25

    def __init__(self, executor: Executor, setting: Setting, wasm: bytes) -> None:
        self.lanes = _lanes_of(executor)
        self._executor = executor
        self._setting = setting
        self._wasm = wasm

    def send(self, batch: Batch, *, with_module: bool) -> Future[bytes]:
        """See `Sender`."""
        task = Task(self._setting, batch, self._wasm if with_module else b"")
        return self._executor.submit(run_batch, encoder.encode(task))

    def result(self, future: Future[bytes], count: int) -> TaskResult:
        """See `Sender`."""
        try:
            answer = future.result()
        except Exception as error:  # whatever the executor's library raises for a process that is gone
            said = harmless_text(f"{type(error).__name__}: {error}")
            raise SsvmError(f"the executor lost the batch: {said}") from error
        try:
            result = result_decoder.decode(answer)
        except (msgspec.MsgspecError, TypeError, UnicodeDecodeError) as error:
            raise SsvmError(f"the executor brought back something else than the batch's results: {error}") from None
        if result.problem is None and not result.needs_module and _answered(result) != count:
            raise SsvmError(f"the executor brought back {_answered(result)} results for {count} items")
        return harmless(result)

    def stop(self) -> None:
        """See `Sender`; futures that have not begun are cancelled by the caller, and Dask tells those that have."""


def _answered(result: TaskResult) -> int:
    return len(result.runs) + sum(max(0, count) for count, _ in result.rows)


def _lanes_of(executor: Any) -> int:
    """Return how many batches an executor runs at the same time, as far as it can be known."""
    known = getattr(executor, "_max_workers", None)  # of the standard library and those that are like it
    if isinstance(known, int):
        return max(1, known)
    client: Any = getattr(executor, "_client", None)  # Dask
    if callable(getattr(client, "nthreads", None)):
        return max(1, sum(map(int, client.nthreads().values())))
    view: Any = getattr(executor, "view", None)  # ipyparallel
    return max(1, len(view)) if hasattr(view, "__len__") else processors()
