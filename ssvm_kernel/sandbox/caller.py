"""A guest that is kept in a worker of its own so that its functions can be called, from the kernel's side."""

from __future__ import annotations

import os
import selectors
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ssvm_kernel.errors import BAD_ANSWER, LoadError, UsageError, WorkerDied
from ssvm_kernel.host.store import load_blob
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.exchange import Exchange, PlainSelector, StaleCode, Streams, compile_and_keep
from ssvm_kernel.sandbox.job import CommandHandler, Job, Output
from ssvm_kernel.sandbox.pipes import OutputPipes, reopenable
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.runner import begin_network
from ssvm_kernel.sandbox.wire import Blob
from ssvm_kernel.sandbox.workerprocess import Worker

if TYPE_CHECKING:
    from ssvm_kernel.host.netguard import NetworkHandler

__all__ = ["Caller", "checked"]

Answer = TypeVar("Answer", bound=protocol.FromWorker)


class Caller:
    """One guest in one worker; it is over when the worker ends.

    Parameters
    ----------
    pool : WorkerPool
        Gives the worker.
    job : Job
        What is called, with all that was granted to it.
    output : Output
        Takes what the guest prints.
    on_command : callable
        Called for each command that the guest wants.
    on_network : NetworkHandler or None
        Decides on connections that the guest wants.

    Raises
    ------
    LoadError
        When it is no module.
    """

    def __init__(
        self,
        pool: WorkerPool,
        job: Job,
        output: Output,
        on_command: CommandHandler,
        on_network: NetworkHandler | None = None,
    ) -> None:
        self._on_network = on_network
        self._job = job
        self._output = output
        self._on_command = on_command
        self._pipes = OutputPipes.make()
        self._writes = [self._pipes.out_write, self._pipes.err_write]
        try:
            self._worker: Worker = pool.take_new(job.domain, job.lock)
        except BaseException:
            self._pipes.close()
            raise
        self.alive = True
        """Whether there is a worker; the guest's state is gone with it."""
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def ask(
        self, message: protocol.ToWorker, blob: Blob, kind: type[Answer], deadline: Deadline
    ) -> tuple[Answer, bytes]:
        """Send a message, and return the answer and its blob; whatever the guest does meanwhile is seen to.

        Raises
        ------
        UsageError, LoadError
            When it cannot be done; the worker goes on.
        SsvmError, KeyboardInterrupt
            For all else; the worker is gone.
        """
        streams: Streams = {self._pipes.out_read: self._output.stdout, self._pipes.err_read: self._output.stderr}
        talk = Exchange(self._worker, self._output, self._on_command, deadline, on_network=self._on_network)
        with self._kept_if_orderly(), self._selector(streams) as selector:
            try:
                self._worker.send(message, blob)
                return talk.until(kind, selector, streams)
            except (UsageError, LoadError):
                raise
            except BaseException:
                self._worker.kill()  # first, or a guest that floods its pipe would keep us reading
                raise
            finally:
                talk.drain(streams)
                self._output.flush()

    def stop(self) -> None:
        """End the worker from any thread; the one that asks it learns so."""
        self._worker.stop()

    def close(self) -> None:
        """End the worker."""
        if not self.alive:
            return
        self.alive = False
        self._worker.kill()
        for fd in (self._pipes.out_read, self._pipes.err_read, *self._writes):
            with suppress(OSError):
                os.close(fd)

    @contextmanager
    def _kept_if_orderly(self) -> Iterator[None]:
        try:
            yield
        except (UsageError, LoadError):
            raise
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _selector(self, streams: Streams) -> Iterator[selectors.BaseSelector]:
        with PlainSelector() as selector:
            for fd in streams:
                selector.register(fd, selectors.EVENT_READ)
            selector.register(self._worker, selectors.EVENT_READ)
            yield selector

    def _open(self) -> None:
        """Hand the module over: machine code from the cache, or made now."""
        if self._job.network:
            begin_network(self._worker)
        key = self._job.machine_code_key
        code = load_blob("machine-code", key)
        if code is not None:
            try:
                return self._keep(code)
            except StaleCode:
                pass
        compile_and_keep(self._worker, self._job, Deadline())
        return self._keep(None)

    def _keep(self, code: Path | None) -> None:
        message = self._job.request(machine_code=code is not None, keep=True)
        if code is None:
            self._worker.send(message, fds=self._writes)
        else:
            with reopenable(code) as file:
                self._worker.send(message, fds=[*self._writes, file])
        talk = Exchange(self._worker, self._output, self._on_command, Deadline())
        with self._selector({}) as selector:
            talk.until(protocol.Opened, selector, {})
        for fd in self._writes:  # the guest has them now, and nobody else
            os.close(fd)
        self._writes = []


def checked(returned: protocol.Returned, asked: int) -> protocol.Returned:
    """Return the answer to calls if it can be one.

    Raises
    ------
    WorkerDied
        When it cannot: a worker that was taken over sent it.
    """
    ended = returned.trap is not None or returned.exit_code is not None
    if not (0 <= returned.count <= asked) or (returned.count < asked) != ended:
        raise WorkerDied(BAD_ANSWER)
    return returned
