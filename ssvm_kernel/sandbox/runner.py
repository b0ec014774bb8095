"""One run of one guest, from the kernel's side: a single loop over the worker, the guest's pipes and commands.

It runs on the main thread of a busy kernel, because only there an interrupt arrives.  Whatever ends it early, the
worker is killed and what the guest had printed is kept.
"""

from __future__ import annotations

import math
import os
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ssvm_kernel.errors import BAD_ANSWER, LoadError, WorkerDied
from ssvm_kernel.host.store import load_blob
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.exchange import Exchange, PlainSelector, StaleCode, Streams, compile_and_keep, compile_in
from ssvm_kernel.sandbox.feed import Feed, feeding
from ssvm_kernel.sandbox.headstart import Begun, HeadStarts
from ssvm_kernel.sandbox.job import CommandHandler, InputHandler, Job, Outcome, Output
from ssvm_kernel.sandbox.pipes import OutputPipes, reopenable
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.workerprocess import Worker

if TYPE_CHECKING:
    from ssvm_kernel.host.netguard import NetworkHandler

__all__ = ["Job", "Outcome", "Output", "Runner", "begin_network"]


class Runner:
    """Runs guests one after the other in workers of a pool."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self.ahead = HeadStarts(pool)
        self.last: Job | None = None
        """The last run that ended in order, if it could have begun ahead of its cell."""

    def has_loaded(self, job: Job) -> bool:
        """Whether the libraries that a job is lent are loaded already."""
        return not job.extras or self._pool.holds(job.domain)

    def run(
        self,
        job: Job,
        output: Output,
        on_command: CommandHandler,
        deadline: Deadline | None = None,
        stdin: int | None = None,
        *,
        one_stream: bool = False,
        on_input: InputHandler | None = None,
        on_network: NetworkHandler | None = None,
        on_start: Callable[[Callable[[], None]], None] | None = None,
    ) -> Outcome:
        """Run a guest to its end.

        Parameters
        ----------
        job : Job
            What to run.
        output : Output
            Takes what the guest prints, while it runs.
        on_command : callable
            Called for each command that the guest wants, with the guest waiting; its output has been shown by then.
        deadline : Deadline or None
            Until when; `on_command` lets it stand still while a person is asked.
        stdin : int or None
            A descriptor whose bytes the guest reads as its stdin; by default that is the job's, or empty.
        one_stream : bool
            Whether all output goes to ``output.stdout``, in the order in which it was written.
        on_input : callable or None
            Called when the guest wants to read its stdin and nothing is there, with the guest waiting.
        on_network : NetworkHandler or None
            Decides on connections that the guest wants; None refuses them.
        on_start : callable or None
            Called before the guest's process is given anything, with what ends it from any thread.

        Raises
        ------
        LoadError
            When the module is broken, imports what nobody offers, or has nothing to run.
        LimitReached
            When the time is over, or the module needs more memory or table than it may have.
        WorkerDied
            When the guest's process ended by itself.
        KeyboardInterrupt
            When the person interrupts; the worker is gone and what was printed is shown.
        """
        source = job.stdin if stdin is None else stdin
        alone = source is None and on_input is None and not one_stream
        self.last = None
        begun = self.ahead.take(job if alone else None)
        with self._worker(job, begun) as worker, feeding(source, asks=on_input is not None) as feed:
            if on_start is not None:
                on_start(worker.stop)
            if job.network:
                begin_network(worker)
            run = _Run(worker, job, output, on_command, on_input, on_network, deadline or Deadline(), feed, one_stream)
            outcome = run.finish() if begun is None else run.watch(begun.pipes)
        self.last = job if alone else None
        return outcome

    def compile(self, job: Job) -> tuple[float, bytes]:
        """Compile a module, whatever the cache holds; return the seconds that it took, and the machine code.

        In a worker of its own, in which no guest has run (X23).

        Raises
        ------
        LoadError
            When it is no module.
        """
        worker = self._pool.take_new(job.domain, job.lock)
        try:
            return compile_in(worker, job, Deadline())
        finally:
            worker.kill()
            self._pool.warm()

    @contextmanager
    def _worker(self, job: Job, begun: Begun | None) -> Iterator[Worker]:
        """Lend a worker: kept when all ended in order or the module was no good, killed after anything else."""
        worker = self._pool.take(job.domain, job.lock) if begun is None else begun.worker
        try:
            yield worker
        except LoadError:
            self._put_back(worker)
            raise
        except BaseException:
            worker.kill()
            raise
        self._put_back(worker)

    def _put_back(self, worker: Worker) -> None:
        """Keep a worker, unless it was given a connection: a later run would have it, to which nobody granted it (X26).

        Also after what it says to be a module that is no good: one that was taken over can say so.
        """
        if worker.guard is not None and worker.guard.connected:
            worker.kill()
        else:
            self._pool.give_back(worker)


class _Run:
    """State of one run."""

    def __init__(
        self,
        worker: Worker,
        job: Job,
        output: Output,
        on_command: CommandHandler,
        on_input: InputHandler | None,
        on_network: NetworkHandler | None,
        deadline: Deadline,
        feed: Feed | None,
        one_stream: bool,
    ) -> None:
        self._feed = feed
        self._one_stream = one_stream
        self._deadline = deadline
        self._worker = worker
        self._job = job
        self._output = output
        self._on_command = on_command
        self._on_input = on_input
        self._on_network = on_network
        self._compile_seconds = 0.0

    def finish(self) -> Outcome:
        """Compile if needed, run, and return how it ended."""
        key = self._job.machine_code_key
        if self._job.measured or key not in self._worker.loaded:
            code = load_blob("machine-code", key)
            if code is not None:
                try:
                    return self._execute(code)
                except StaleCode:
                    pass
        if key not in self._worker.loaded:
            self._compile_seconds = compile_and_keep(self._worker, self._job, self._deadline)
        return self._execute(None)

    def _execute(self, code: Path | None) -> Outcome:
        with self._worker.pipes.lent() as pipes:
            self._start(code, pipes)
        return self.watch(pipes)

    def watch(self, pipes: OutputPipes) -> Outcome:
        """Take what the guest prints and asks for until its end; the worker has the job."""
        try:
            return self._watch(pipes.out_read, pipes.err_read)
        finally:
            pipes.close_reading()

    def _watch(self, out_read: int, err_read: int) -> Outcome:
        """Show what the guest prints, and answer what it asks for, until it has ended."""
        with PlainSelector() as selector:
            streams: Streams = {out_read: self._output.stdout, err_read: self._output.stderr}
            for fd in streams:
                selector.register(fd, selectors.EVENT_READ)
            selector.register(self._worker, selectors.EVENT_READ)
            if self._feed is not None:
                self._feed.attach(selector)
            talk = Exchange(
                self._worker,
                self._output,
                self._on_command,
                self._deadline,
                self._feed,
                self._on_input,
                self._on_network,
            )
            try:
                finished, profile = talk.until(protocol.Finished, selector, streams)
                _check_times(finished)
                self._worker.loaded.add(self._job.machine_code_key)
            except (LoadError, StaleCode):
                raise
            except BaseException:
                self._worker.kill()  # first, or a guest that floods its pipe would keep us reading
                raise
            finally:
                talk.drain(streams)
                self._output.flush()
        return self._outcome(finished, profile)

    def _outcome(self, finished: protocol.Finished, profile: bytes) -> Outcome:
        """Return what a guest's process says of its end, held to what there can be."""
        return Outcome(
            exit_code=finished.exit_code,
            trap=finished.trap,
            compile=self._compile_seconds,
            load=finished.load,
            instantiate=finished.instantiate,
            run=finished.run,
            host=finished.host,
            memory_bytes=finished.memory_bytes,
            engine=self._job.engine,
            attempts=finished.attempts[: protocol.MOST_ATTEMPTS],
            more_attempts=max(0, finished.more_attempts),
            opened=finished.opened[: protocol.MOST_OPENED],
            more_opened=max(0, finished.more_opened),
            no_folders=finished.no_folders,
            results=finished.results,
            fuel=finished.fuel,
            profile=profile if self._job.profiled else b"",
            missed=finished.missed,
            notes=finished.notes,
        )

    def _start(self, code: Path | None, pipes: OutputPipes) -> None:
        """Send the job."""
        job = self._job
        if self._one_stream:
            os.dup2(pipes.out_write, pipes.err_write, inheritable=False)
        run = job.request(
            machine_code=code is not None,
            stdin=self._feed is not None,
            ask=self._on_input is not None,
            call=job.call,
            measured=job.measured,
        )
        stdin = [self._feed.fileno] if self._feed is not None else []
        if code is None:
            self._worker.send(run, fds=[*pipes.writing, *stdin])
        else:
            with reopenable(code) as file:
                self._worker.send(run, fds=[*pipes.writing, file, *stdin])


def begin_network(worker: Worker) -> None:
    """See to it that a worker's calls for the network are answered, and that nothing of a run before is known.

    Raises
    ------
    WorkerDied
        When nobody could answer them.
    """
    locks = worker.locked()
    if worker.guard is None:
        why = locks.no_network or "it did not say why"
        raise WorkerDied(f"the guest's process can have no network ({why}); --deny-network runs the guest without")
    worker.guard.begin()


def _check_times(message: protocol.Finished) -> None:
    """Refuse times that are none: what is computed from one that is not a number is none either."""
    if not all(0.0 <= seconds < math.inf for seconds in (message.load, message.instantiate, message.run, message.host)):
        raise WorkerDied(BAD_ANSWER)
