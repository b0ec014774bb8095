"""What kernel and worker say to each other while a guest works, from the kernel's side.

One loop over the worker, the guest's pipes and what it reads, until the worker gives the answer that is waited for; in
between it asks for commands, for input, and for things to be shown.
"""

from __future__ import annotations

import os
import re
import select
import selectors
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from ssvm_kernel.errors import BAD_ANSWER, LimitReached, LoadError, SsvmError, UsageError, WorkerDied
from ssvm_kernel.host.pipes import Pipes
from ssvm_kernel.host.process import CommandReply, StoredBytes
from ssvm_kernel.host.shelf import GuestEnd, Shelved
from ssvm_kernel.host.store import store_blob
from ssvm_kernel.host.waiting import Withdrawn
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.feed import Feed
from ssvm_kernel.sandbox.job import CommandHandler, InputHandler, Job, Output
from ssvm_kernel.sandbox.pipes import PIPE_SIZE
from ssvm_kernel.sandbox.workerprocess import Worker

if TYPE_CHECKING:
    from ssvm_kernel.host.netguard import NetworkHandler

__all__ = ["Exchange", "PlainSelector", "StaleCode", "Streams", "compile_and_keep", "compile_in", "failed", "read_once"]

_READ: Final = 1 << 20
_READ_SMALL: Final = 1 << 16
"""Bytes of a first read: room for a megabyte costs more than most guests print."""
PlainSelector: Final = getattr(selectors, "PollSelector", selectors.DefaultSelector)
"""For a handful of descriptors ``poll`` is cheaper: ``epoll`` is a system call for each of them, and one to begin."""
_NUMBER: Final = re.compile(r"^\s*\d+: ")
Streams = dict[int, Callable[[bytes], None]]
"""The ends of a guest's pipes that are read, and who takes what comes."""
Answer = TypeVar("Answer", bound=protocol.FromWorker)


class StaleCode(WorkerDied):
    """Machine code in the cache that this engine cannot use; from a process that was given none, a lie (X02)."""

    def __init__(self) -> None:
        super().__init__("the guest's process did not answer as it should")


class Exchange:
    """Talks with a worker while one guest works.

    Parameters
    ----------
    worker : Worker
        Where the guest is.
    output : Output
        Takes what the guest prints.
    on_command : callable
        Called for each command that the guest wants, with the guest waiting.
    deadline : Deadline
        Until when.
    feed : Feed or None
        What the guest reads.
    on_input : callable or None
        Called when the guest wants to read and nothing is there.
    on_network : NetworkHandler or None
        Decides on connections that the guest wants.
    """

    def __init__(
        self,
        worker: Worker,
        output: Output,
        on_command: CommandHandler,
        deadline: Deadline,
        feed: Feed | None = None,
        on_input: InputHandler | None = None,
        on_network: NetworkHandler | None = None,
    ) -> None:
        self._on_network = on_network
        self._worker = worker
        self._pipes = Pipes()
        self._guest = GuestEnd(worker.fileno(), worker.shelf, self._pipes.take)
        self._output = output
        self._on_command = on_command
        self._deadline = deadline
        self._feed = feed
        self._on_input = on_input
        self._drained: tuple[Streams, select.poll] | None = None
        self._answered = 0.0

    def until(self, kind: type[Answer], selector: selectors.BaseSelector, streams: Streams) -> tuple[Answer, bytes]:
        """Return the answer of one kind and its blob; the selector looks at the worker and the streams.

        Raises
        ------
        SsvmError
            When the worker says that it cannot, or anything else; the caller ends it then.
        """
        try:
            return self._guarded(kind, selector, streams)
        finally:
            self._pipes.close()

    def _guarded(self, kind: type[Answer], selector: selectors.BaseSelector, streams: Streams) -> tuple[Answer, bytes]:
        """Do as `until`; the network of a guest that has one is watched over meanwhile."""
        guard = self._worker.guard
        if guard is None:
            return self._until(kind, selector, streams)

        def show() -> None:
            self.drain(streams)
            self._output.flush()

        guard.attach(selector, self._on_network, self._wait_apart, show)
        try:
            return self._until(kind, selector, streams)
        finally:
            guard.detach()

    def _until(self, kind: type[Answer], selector: selectors.BaseSelector, streams: Streams) -> tuple[Answer, bytes]:
        while True:
            self._deadline.check()
            # Not for the rest of a long message: in many small pieces it would take longer.
            if self._answered and not self._worker.partway and self._worker.attention.came():
                answer = self._serve(kind, streams)
                if answer is not None:
                    return answer
                continue
            for key, _ in selector.select(self._deadline.sooner(self._output.poll())):
                if key.fileobj is self._worker:
                    answer = self._serve(kind, streams)
                    if answer is not None:
                        return answer
                elif key.data is not None:
                    key.data()
                elif isinstance(key.fileobj, int) and read_once(key.fileobj, streams) == 0:
                    selector.unregister(key.fileobj)

    def _serve(self, kind: type[Answer], streams: Streams) -> tuple[Answer, bytes] | None:
        """Take the worker's messages; return the one that is waited for."""
        received = self._worker.receive()
        while received is not None:
            message, blob = received
            if isinstance(message, kind):
                return message, blob
            if isinstance(message, protocol.CommandCall):
                # All that the guest wrote before it asked is shown first, and nothing while it waits (attack U06).
                self.drain(streams)
                self._output.flush()
                self._worker.attention.late(time.perf_counter() - self._answered)
                self._on_command(message, blob, self._wait, self._guest, self._answer)
                self._answered = time.perf_counter()
                self._pipes.prepare()  # the guest reads the answer meanwhile
            elif isinstance(message, protocol.DisplayCall):
                self.drain(streams)
                self._worker.send(protocol.DisplayReply(self._output.display(message.mime, blob)))
            elif isinstance(message, protocol.InputCall):
                self._ask(streams)
            elif isinstance(message, protocol.Failed):
                if message.stage == "stale":
                    raise StaleCode
                raise failed(message)
            else:
                raise WorkerDied(BAD_ANSWER)
            received = self._worker.receive() if self._worker.has_message else None
        return None

    def _ask(self, streams: Streams) -> None:
        """Let the person type what the guest wants to read, once it has read all that was typed before."""
        if self._feed is None or self._on_input is None:
            raise WorkerDied("the guest's process asked for input that it was not given")
        if not self._feed.waiting:
            self.drain(streams)
            self._output.flush()
            with self._deadline.paused():
                self._feed.put(self._on_input(self._wait))
        self._worker.send(protocol.InputReply(end=not self._feed.is_open))

    def _answer(self, reply: CommandReply) -> None:
        """Send a command's outcome: large outputs as descriptors that the worker reads straight into the guest."""
        stdout, stderr = outputs = (reply.stdout, reply.stderr)
        if isinstance(stdout, bytes) and isinstance(stderr, bytes):
            sizes = len(stdout), len(stderr)
            message = protocol.CommandReply(reply.code, *sizes, keep_inputs=reply.keep_inputs)
            self._worker.send(message, stdout + stderr)
            return
        stored = [output for output in outputs if isinstance(output, StoredBytes)]
        message = protocol.CommandReply(
            code=reply.code,
            stdout_size=len(reply.stdout),
            stderr_size=len(reply.stderr),
            stdout_by_fd=isinstance(reply.stdout, StoredBytes),
            stderr_by_fd=isinstance(reply.stderr, StoredBytes),
            keep_inputs=reply.keep_inputs,
            shelved=isinstance(reply.stdout, Shelved),
        )
        try:
            inline = b"".join(output for output in outputs if isinstance(output, bytes))
            self._worker.send(message, inline, [output.fileno for output in stored])
        finally:
            for output in stored:
                output.close()

    def _wait(self, fileno: int, timeout: float | None = None) -> bool:
        """Wait for `fileno`; the guest's process has nothing to say now, so whatever it says or its end is an error."""
        return self._readable(fileno, timeout, self._out_of_turn)

    def _wait_apart(self, fileno: int, timeout: float | None = None) -> bool:
        """Wait for `fileno` while the guest may go on: it waits for a connection on another thread of its engine."""
        return self._readable(fileno, timeout, _withdraw)

    def _readable(self, fileno: int, timeout: float | None, spoken: Callable[[], NoReturn]) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        with PlainSelector() as selector:
            selector.register(fileno, selectors.EVENT_READ)
            selector.register(self._worker, selectors.EVENT_READ)
            while True:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                ready = {key.fd for key, _ in selector.select(left)}
                if self._worker.fileno() in ready:
                    spoken()
                if fileno in ready:
                    return True
                if left is not None and left <= 0:
                    return False

    def _out_of_turn(self) -> NoReturn:
        self._worker.receive()
        raise WorkerDied("the guest's process spoke out of turn and was ended")

    def drain(self, streams: Streams) -> None:
        """Take what is in the pipes now, without waiting; no more than they hold, since a hostile worker goes on."""
        if self._drained is None or self._drained[0] is not streams:
            self._drained = streams, select.poll()
            for fd in streams:
                self._drained[1].register(fd, select.POLLIN)
        for fd, _ in self._drained[1].poll(0):
            taken = 0
            while taken <= PIPE_SIZE and (size := read_once(fd, streams)):
                taken += size


def _withdraw() -> NoReturn:
    raise Withdrawn("the guest did not wait for the answer")


def read_once(fd: int, streams: Streams) -> int | None:
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


def compile_in(worker: Worker, job: Job, deadline: Deadline) -> tuple[float, bytes]:
    """Let a worker make machine code; return the seconds it took, and the code.

    Raises
    ------
    LoadError
        When it is no module that the engine takes.
    LimitReached
        When the time was over.
    WorkerDied
        When the worker is gone or answered something else.
    """
    worker.send(protocol.Compile(job.settings, job.machine_code_key), job.wasm)
    received = None
    with PlainSelector() as selector:
        selector.register(worker, selectors.EVENT_READ)
        while received is None:
            deadline.check()
            if selector.select(deadline.left()):
                received = worker.receive()
    message, blob = received
    if isinstance(message, protocol.Failed):
        raise failed(message)
    if not isinstance(message, protocol.Compiled):
        raise WorkerDied(BAD_ANSWER)
    worker.loaded.add(job.machine_code_key)
    return message.seconds, blob


def compile_and_keep(worker: Worker, job: Job, deadline: Deadline) -> float:
    """Let a worker make machine code for its next run, keep it for others, and return the seconds that it took.

    Only what a worker made before any guest ran in it is kept: one that a guest has taken over could make up native
    code for later runs that are granted more (X23).

    Raises
    ------
    LoadError, WorkerDied
        As `compile_in`.
    """
    untouched = not worker.ran
    seconds, code = compile_in(worker, job, deadline)
    if untouched:
        store_blob("machine-code", job.machine_code_key, code)
    return seconds


def failed(message: protocol.Failed) -> SsvmError:
    """Return the error that a worker's refusal means."""
    if message.stage == "internal":
        return WorkerDied(f"the guest's process failed; this is a defect of ssvm-kernel:\n{message.message}")
    if message.stage == "lock":
        return WorkerDied(message.message)
    if message.stage == "memory":
        return UsageError(message.message)
    if message.stage == "call":
        return UsageError(f"the function cannot be called: {message.message}")
    for word, option in (("memory", "--memory-limit"), ("table", "--table-limit")):
        if message.stage == "link" and f"exceeds {word} limits" in message.message:
            return LimitReached(word, option, f"the module cannot start: {message.message}")
    verb = "linked" if message.stage == "link" else "loaded"
    return LoadError(f"the module cannot be {verb}: {_with_causes(message.message)}")


def _with_causes(text: str) -> str:
    """Return an engine's error with its causes, which it lists in lines of their own, in one line."""
    lines = (_NUMBER.sub("", line).strip() for line in text.splitlines())
    return ": ".join(" ".join(line.split()) for line in lines if line and line != "Caused by:")
