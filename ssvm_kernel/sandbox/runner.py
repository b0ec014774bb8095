"""One run of one guest, from the kernel's side: a single loop over the worker, the guest's pipes and commands.

It runs on the main thread of a busy kernel, because only there an interrupt arrives.  Whatever ends it early, the
worker is killed and what the guest had printed is kept.
"""

from __future__ import annotations

import math
import os
import select
import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ssvm_kernel.errors import LimitReached, LoadError, SsvmError, UsageError, WorkerDied
from ssvm_kernel.host.process import CommandReply, StoredBytes
from ssvm_kernel.host.store import load_blob, store_blob
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.feed import Feed, feeding
from ssvm_kernel.sandbox.job import CommandHandler, InputHandler, Job, Outcome, Output
from ssvm_kernel.sandbox.pipes import PIPE_SIZE, reopenable
from ssvm_kernel.sandbox.pool import Worker, WorkerPool

__all__ = ["CommandHandler", "Job", "Outcome", "Output", "Runner"]

_READ: Final = 1 << 20
_READ_SMALL: Final = 1 << 16
"""Bytes of a first read: room for a megabyte costs more than most guests print."""
_Selector: Final = getattr(selectors, "PollSelector", selectors.DefaultSelector)
"""For a handful of descriptors ``poll`` is cheaper: ``epoll`` is a system call for each of them, and one to begin."""


class Runner:
    """Runs guests one after the other in workers of a pool."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

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
        with self._worker(job) as worker, feeding(source, asks=on_input is not None) as feed:
            return _Run(worker, job, output, on_command, on_input, deadline or Deadline(), feed, one_stream).finish()

    def compile(self, job: Job) -> tuple[float, bytes]:
        """Compile a module, whatever the cache holds; return the seconds that it took, and the machine code.

        Raises
        ------
        LoadError
            When it is no module.
        """
        with self._worker(job) as worker:
            return _compile(worker, job, Deadline())

    @contextmanager
    def _worker(self, job: Job) -> Iterator[Worker]:
        """Lend a worker: kept when all ended in order or the module was no good, killed after anything else."""
        worker = self._pool.take(job.domain, job.lock)
        try:
            yield worker
        except LoadError:
            self._pool.give_back(worker)
            raise
        except BaseException:
            worker.kill()
            raise
        self._pool.give_back(worker)


class _StaleCode(Exception):
    """Machine code in the cache that this engine cannot use."""


class _Run:
    """State of one run."""

    def __init__(
        self,
        worker: Worker,
        job: Job,
        output: Output,
        on_command: CommandHandler,
        on_input: InputHandler | None,
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
        self._compile_seconds = 0.0
        self._profile = b""

    def finish(self) -> Outcome:
        """Compile if needed, run, and return how it ended."""
        key = self._job.machine_code_key
        if self._job.measured or key not in self._worker.loaded:
            code = load_blob("machine-code", key)
            if code is not None:
                try:
                    return self._execute(code)
                except _StaleCode:
                    pass
        if key not in self._worker.loaded:
            self._compile_seconds, machine_code = _compile(self._worker, self._job, self._deadline)
            store_blob("machine-code", key, machine_code)
        return self._execute(None)

    def _execute(self, code: Path | None) -> Outcome:
        with self._worker.pipes.lend() as (out_read, out_write, err_read, err_write), _Selector() as selector:
            if self._one_stream:
                os.dup2(out_write, err_write, inheritable=False)
            self._start(code, out_write, err_write)
            streams: Streams = {out_read: self._output.stdout, err_read: self._output.stderr}
            for fd in streams:
                selector.register(fd, selectors.EVENT_READ)
            selector.register(self._worker, selectors.EVENT_READ)
            if self._feed is not None:
                self._feed.attach(selector)
            try:
                finished = self._loop(selector, streams)
            except (LoadError, _StaleCode):
                raise
            except BaseException:
                self._worker.kill()  # first, or a guest that floods its pipe would keep us reading
                raise
            finally:
                self._drain(streams)
                self._output.flush()
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
            no_folders=finished.no_folders,
            results=finished.results,
            fuel=finished.fuel,
            profile=self._profile,
        )

    def _start(self, code: Path | None, out_write: int, err_write: int) -> None:
        """Send the job; our copies of the pipes' write ends are closed, so that their end will be seen."""
        job = self._job
        run = protocol.Run(
            engine=job.settings,
            key=job.machine_code_key,
            machine_code=code is not None,
            argv=job.argv,
            env=job.env,
            preopens=job.preopens,
            memory_bytes=job.memory_bytes,
            table_elements=job.table_elements,
            fuel=job.fuel,
            stdin=self._feed is not None,
            ask=self._on_input is not None,
            call=job.call,
            measured=job.measured,
        )
        stdin = [self._feed.fileno] if self._feed is not None else []
        try:
            if code is None:
                self._worker.send(run, fds=[out_write, err_write, *stdin])
            else:
                with reopenable(code) as file:
                    self._worker.send(run, fds=[out_write, err_write, file, *stdin])
        finally:
            os.close(out_write)
            os.close(err_write)

    def _loop(self, selector: selectors.BaseSelector, streams: Streams) -> protocol.Finished:
        while True:
            self._deadline.check()
            for key, _ in selector.select(self._deadline.sooner(self._output.poll())):
                if key.fileobj is self._worker:
                    finished = self._serve(streams)
                    if finished is not None:
                        return finished
                elif key.data is not None:
                    key.data()
                elif isinstance(key.fileobj, int) and _read_once(key.fileobj, streams) == 0:
                    selector.unregister(key.fileobj)

    def _serve(self, streams: Streams) -> protocol.Finished | None:
        """Take the worker's messages; return the last one of the run."""
        received = self._worker.receive()
        while received is not None:
            message, blob = received
            if isinstance(message, protocol.Finished):
                _check_times(message)
                self._worker.loaded.add(self._job.machine_code_key)
                self._profile = blob if self._job.profiled else b""
                return message
            if isinstance(message, protocol.CommandCall):
                # All that the guest wrote before it asked is shown first, and nothing while it waits (attack U06).
                self._drain(streams)
                self._output.flush()
                self._on_command(message, blob, self._wait, self._worker.fileno(), self._answer)
            elif isinstance(message, protocol.DisplayCall):
                self._drain(streams)
                self._worker.send(protocol.DisplayReply(self._output.display(message.mime, blob)))
            elif isinstance(message, protocol.InputCall):
                self._ask(streams)
            elif isinstance(message, protocol.Failed):
                if message.stage == "stale":
                    raise _StaleCode
                raise _failed(message)
            else:
                raise WorkerDied("the guest's process did not answer as it should")
            received = self._worker.receive() if self._worker.has_message else None
        return None

    def _ask(self, streams: Streams) -> None:
        """Let the person type what the guest wants to read, once it has read all that was typed before."""
        if self._feed is None or self._on_input is None:
            raise WorkerDied("the guest's process asked for input that it was not given")
        if not self._feed.waiting:
            self._drain(streams)
            self._output.flush()
            with self._deadline.paused():
                self._feed.put(self._on_input(self._wait))
        self._worker.send(protocol.InputReply(end=not self._feed.is_open))

    def _answer(self, reply: CommandReply) -> None:
        """Send a command's outcome: large outputs as descriptors that the worker reads straight into the guest."""
        outputs = (reply.stdout, reply.stderr)
        stored = [output for output in outputs if isinstance(output, StoredBytes)]
        message = protocol.CommandReply(
            code=reply.code,
            stdout_size=len(reply.stdout),
            stderr_size=len(reply.stderr),
            stdout_by_fd=isinstance(reply.stdout, StoredBytes),
            stderr_by_fd=isinstance(reply.stderr, StoredBytes),
            keep_inputs=reply.keep_inputs,
        )
        try:
            inline = b"".join(output for output in outputs if isinstance(output, bytes))
            self._worker.send(message, inline, [output.fileno for output in stored])
        finally:
            for output in stored:
                output.close()

    def _wait(self, fileno: int, timeout: float | None = None) -> bool:
        """Wait for `fileno`; the guest's process has nothing to say now, so whatever it says or its end is an error."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with _Selector() as selector:
            selector.register(fileno, selectors.EVENT_READ)
            selector.register(self._worker, selectors.EVENT_READ)
            while True:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                ready = {key.fd for key, _ in selector.select(left)}
                if self._worker.fileno() in ready:
                    self._worker.receive()
                    raise WorkerDied("the guest's process spoke out of turn and was ended")
                if fileno in ready:
                    return True
                if left is not None and left <= 0:
                    return False

    def _drain(self, streams: Streams) -> None:
        """Take what is in the pipes now, without waiting; no more than they hold, since a hostile worker goes on."""
        waiting = select.poll()
        for fd in streams:
            waiting.register(fd, select.POLLIN)
        for fd, _ in waiting.poll(0):
            taken = 0
            while taken <= PIPE_SIZE and (size := _read_once(fd, streams)):
                taken += size


def _compile(worker: Worker, job: Job, deadline: Deadline) -> tuple[float, bytes]:
    """Let a worker make machine code; return the seconds it took, and the code."""
    worker.send(protocol.Compile(job.settings, job.machine_code_key), job.wasm)
    received = None
    with _Selector() as selector:
        selector.register(worker, selectors.EVENT_READ)
        while received is None:
            deadline.check()
            if selector.select(deadline.left()):
                received = worker.receive()
    message, blob = received
    if isinstance(message, protocol.Failed):
        raise _failed(message)
    if not isinstance(message, protocol.Compiled):
        raise WorkerDied("the guest's process did not answer as it should")
    worker.loaded.add(job.machine_code_key)
    return message.seconds, blob


Streams = dict[int, Callable[[bytes], None]]


def _read_once(fd: int, streams: Streams) -> int | None:
    """Take what is there without blocking; return the bytes taken, 0 at the end, None when there is nothing for now."""
    try:
        data = os.read(fd, _READ_SMALL)
    except BlockingIOError:
        return None
    if not data:
        return 0
    streams[fd](data)
    if len(data) < _READ_SMALL:
        return len(data)
    return len(data) + (_read_more(fd, streams))


def _read_more(fd: int, streams: Streams) -> int:
    with suppress(BlockingIOError):
        data = os.read(fd, _READ)
        if data:
            streams[fd](data)
        return len(data)
    return 0


def _check_times(message: protocol.Finished) -> None:
    """Refuse times that are none: what is computed from one that is not a number is none either."""
    if not all(0.0 <= seconds < math.inf for seconds in (message.load, message.instantiate, message.run, message.host)):
        raise WorkerDied("the guest's process did not answer as it should")


def _failed(message: protocol.Failed) -> SsvmError:
    """Return the error that a worker's refusal means."""
    if message.stage == "internal":
        return WorkerDied(f"the guest's process failed; this is a defect of ssvm-kernel:\n{message.message}")
    if message.stage == "lock":
        return WorkerDied(message.message)
    if message.stage == "call":
        return UsageError(f"the function cannot be called: {message.message}")
    for word, option in (("memory", "--memory-limit"), ("table", "--table-limit")):
        if message.stage == "link" and f"exceeds {word} limits" in message.message:
            return LimitReached(word, option, f"the module cannot start: {message.message}")
    verb = "linked" if message.stage == "link" else "loaded"
    return LoadError(f"the module cannot be {verb}: {message.message}")
