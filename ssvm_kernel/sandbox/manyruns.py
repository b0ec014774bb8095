"""Many runs of one guest in one worker, from the kernel's side."""

from __future__ import annotations

import secrets
import select
import selectors
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ssvm_kernel.errors import BAD_ANSWER, LoadError, WorkerDied
from ssvm_kernel.host.display import NOT_GRANTED
from ssvm_kernel.host.store import load_blob
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.exchange import Exchange, PlainSelector, StaleCode, Streams, compile_and_keep
from ssvm_kernel.sandbox.job import CommandHandler, Job
from ssvm_kernel.sandbox.manymessages import CODE_BYTES, TRAPPED, Given, encode_given
from ssvm_kernel.sandbox.pipes import OutputPipes, reopenable
from ssvm_kernel.sandbox.workerprocess import Worker

__all__ = ["Ended", "ManyRuns", "NotAnswered", "Separator"]

_MARK_BYTES: Final = 16
_MUCH: Final = 1 << 15
"""Bytes of output at once after which there is no waiting for more."""
_TOGETHER_MS: Final = 4


class NotAnswered(WorkerDied):
    """The worker's ends, statuses and counts do not agree: nothing that it said of these runs is believed."""

    def __init__(self) -> None:
        super().__init__(BAD_ANSWER)


class Ended(NamedTuple):
    """The end of one run: its status (`TRAPPED` for a trap), and of each stream what was kept and its size."""

    code: int
    stdout: bytes
    stdout_total: int
    stderr: bytes
    stderr_total: int


class Separator:
    """Cuts one stream of a worker into what each run printed.

    Parameters
    ----------
    mark : bytes
        What stands at the end of each, after its status.
    keep : int
        Most bytes that are kept of each.
    on_end : callable
        Called at the end of each with its status, the beginning of what it printed, and how much that was.
    """

    def __init__(self, mark: bytes, keep: int, on_end: Callable[[int, bytes, int], None]) -> None:
        self._mark = mark
        self._keep = keep
        self._on_end = on_end
        self._held = b""
        self._kept: list[bytes] = []
        self._room = keep
        self._total = 0

    def take(self, data: bytes) -> None:
        """Take what came, in any pieces.

        Raises
        ------
        NotAnswered
            When a mark has no status before it.
        """
        *ended, rest = (self._held + data).split(self._mark)
        for part in ended:
            cut = len(part) - CODE_BYTES
            if cut < 0:
                raise NotAnswered
            self._add(part[:cut])
            code = int.from_bytes(part[cut:], "little", signed=True)
            kept, total = b"".join(self._kept), self._total
            self._kept, self._room, self._total = [], self._keep, 0
            self._on_end(code, kept, total)
        # What may be the beginning of a mark, and the status before it, is not yet what the guest printed.
        cut = max(0, len(rest) - (CODE_BYTES + len(self._mark) - 1))
        self._add(rest[:cut])
        self._held = rest[cut:]

    def _add(self, data: bytes) -> None:
        if data:
            self._total += len(data)
            if self._room > 0:
                self._kept.append(data[: self._room])
                self._room -= len(self._kept[-1])


class ManyRuns:
    """Runs a guest many times in a worker, which belongs to the caller.

    Parameters
    ----------
    worker : Worker
        A worker of the job's domain.
    job : Job
        What is the same for all runs.
    keep : int
        Most bytes of each stream that are kept of one run.
    on_end : callable
        Called at the end of each run, in their order.
    on_command : callable
        Called for each command that a guest wants, after `on_end` of the runs before.
    deadline : Deadline
        Until when the first of them may run; it begins anew with each.
    poll : callable or None
        Looks again and again whether the runs are still wanted; raises when they are not.
    """

    def __init__(
        self,
        worker: Worker,
        job: Job,
        keep: int,
        on_end: Callable[[Ended], None],
        on_command: CommandHandler,
        deadline: Deadline,
        poll: Callable[[], float | None] | None = None,
    ) -> None:
        self._worker = worker
        self._job = job
        self._keep = keep
        self._on_end = on_end
        self._on_command = on_command
        self._deadline = deadline
        self._poll = poll

    def run(self, items: Sequence[Given]) -> protocol.Ran:
        """Run the guest for each item, up to the first with which something was wrong.

        Returns
        -------
        Ran
            Not trusted, but for its count, which is that of the calls of `on_end`.

        Raises
        ------
        LoadError
            When it is no module, or cannot be linked; the worker goes on.
        LimitReached, WorkerDied
            When the run after those that ended took too long or ended the worker, which is gone.
        NotAnswered
            When the worker lied, and also the runs that ended may be made up; it is gone.
        """
        key = self._job.machine_code_key
        if key not in self._worker.loaded:
            code = load_blob("machine-code", key)
            if code is not None:
                with suppress(StaleCode):
                    return self._execute(items, code)
            if key not in self._worker.loaded:
                compile_and_keep(self._worker, self._job, Deadline())
        return self._execute(items, None)

    def _execute(self, items: Sequence[Given], code: Path | None) -> protocol.Ran:
        mark = secrets.token_bytes(_MARK_BYTES)
        output = _Output(self._worker, mark, self._keep, len(items), self._ended, self._poll)
        pipes = OutputPipes.make()
        try:
            with PlainSelector() as selector:
                self._send(items, code, mark, pipes)
                streams: Streams = {pipes.out_read: output.stdout, pipes.err_read: output.stderr}
                for fd in streams:
                    selector.register(fd, selectors.EVENT_READ)
                selector.register(self._worker, selectors.EVENT_READ)
                talk = Exchange(self._worker, output, self._on_command, self._deadline)
                self._deadline.restart()
                try:
                    ran, _ = talk.until(protocol.Ran, selector, streams)
                except (LoadError, StaleCode):
                    raise
                except BaseException:
                    self._worker.kill()  # first, or a guest that floods its pipe would keep us reading
                    raise
                finally:
                    talk.drain(streams)
        finally:
            pipes.close_reading()
        self._worker.loaded.add(self._job.machine_code_key)
        if ran.count != output.count or not 0 < ran.count <= len(items) or (ran.count < len(items) and not _says(ran)):
            raise NotAnswered
        return ran

    def _ended(self, ended: Ended) -> None:
        self._deadline.restart()
        self._on_end(ended)

    def _send(self, items: Sequence[Given], code: Path | None, mark: bytes, pipes: OutputPipes) -> None:
        run = self._job.request(machine_code=code is not None, mark=mark)
        blob = encode_given(list(items))
        try:
            if code is None:
                self._worker.send(run, blob, pipes.writing)
            else:
                with reopenable(code) as file:
                    self._worker.send(run, blob, [*pipes.writing, file])
        finally:
            pipes.close_writing()


def _says(ran: protocol.Ran) -> bool:
    """Tell whether there is more to say of the last run than its status."""
    return ran.trap is not None or bool(ran.attempts)


class _Output:
    """Both streams of many runs; what belongs to one run is put together when both came to its end."""

    def __init__(
        self,
        worker: Worker,
        mark: bytes,
        keep: int,
        most: int,
        on_end: Callable[[Ended], None],
        poll: Callable[[], float | None] | None,
    ) -> None:
        self.count = 0
        self._most = most
        self._on_end = on_end
        self._poll = poll
        self._came = False
        self._worker = select.poll()
        self._worker.register(worker, select.POLLIN)
        self._out: deque[tuple[int, bytes, int]] = deque()
        self._err: deque[tuple[int, bytes, int]] = deque()
        self._separators = (
            Separator(mark, keep, lambda *end: self._ended(self._out, end)),
            Separator(mark, keep, lambda *end: self._ended(self._err, end)),
        )

    def stdout(self, data: bytes) -> None:
        self._came = len(data) < _MUCH
        self._separators[0].take(data)

    def stderr(self, data: bytes) -> None:
        self._separators[1].take(data)

    def display(self, mime: bytes, data: bytes) -> int:
        """Show nothing: there is no cell in which a run of many could show something."""
        del mime, data
        return NOT_GRANTED

    def poll(self) -> float | None:
        """Let some more output come together, unless the worker wants something; look whether runs are wanted.

        To be woken for each of many small runs costs this process and the worker a third of their time.
        """
        if self._came:
            self._came = False
            self._worker.poll(_TOGETHER_MS)
        return self._poll() if self._poll is not None else None

    def flush(self) -> None:
        """Do nothing: all is kept."""

    def _ended(self, which: deque[tuple[int, bytes, int]], end: tuple[int, bytes, int]) -> None:
        which.append(end)
        if self.count + len(which) > self._most:  # a worker that was taken over can write marks without end (X05)
            raise NotAnswered
        while self._out and self._err:
            (code, out, out_total), (other, err, err_total) = self._out.popleft(), self._err.popleft()
            if code != other or code < TRAPPED:
                raise NotAnswered
            self.count += 1
            self._on_end(Ended(code, out, out_total, err, err_total))
