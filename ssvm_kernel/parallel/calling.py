"""Calls of one function for many rows of arguments, each in a fresh instance of one locked worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ssvm_kernel.errors import LimitReached, WorkerDied
from ssvm_kernel.host.process import MODULES, CommandReply
from ssvm_kernel.host.shelf import GuestEnd
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.parallel.lanes import Lane
from ssvm_kernel.parallel.perform import Commands, Unwanted, Wanted, failure_of, look
from ssvm_kernel.parallel.tasks import Calls, MapRun, Refused, Setting, TaskResult
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.caller import checked
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.rows import BYTES, row_format

__all__ = ["call_all"]

_PRINTED: Final = 64 << 10
"""Bytes of each stream that are kept of one batch."""


def call_all(lane: Lane, setting: Setting, calls: Calls, wanted: Wanted) -> TaskResult:
    """Call the function once for each row.

    A guest that can change nothing outside is asked for all of them together.  Where one call ends the process, or
    takes too long, they are asked for one by one to find out which.  A guest that can run commands or write files is
    asked one by one from the start: nothing that it does may be done twice.
    """
    batch = _Batch(lane, setting, calls, wanted)
    if not batch.acts and batch.ask(0, calls.count):
        return batch.result()
    for number in range(batch.done, calls.count):
        batch.ask(number, number + 1)
    return batch.result()


class _Batch:
    """State of one batch; it is also what takes the guest's output and commands."""

    def __init__(self, lane: Lane, setting: Setting, calls: Calls, wanted: Wanted) -> None:
        self.acts = any(folder.writable for folder in lane.job.preopens) or any(
            name.encode() in lane.job.wasm for name in MODULES
        )
        self.done = 0
        self._lane = lane
        self._calls = calls
        self._keep = setting.limits.keep
        self._wanted = wanted
        self._deadline = Deadline(setting.limits.seconds)
        self._commands = Commands(lane, setting, self._deadline, wanted)
        self.poll = look(wanted)
        self._printed = (bytearray(), bytearray())
        self._rows: list[tuple[int, bytes]] = []
        self._failed: list[int] = []
        self._refused: list[tuple[int, tuple[Refused, ...]]] = []
        self._runs: list[MapRun] = []

    def ask(self, begin: int, end: int) -> bool:
        """Make the calls from `begin` to `end`; return False when the process ended and it is not known by which."""
        while begin < end:
            part = _part(self._calls, begin, end)
            message = protocol.CallExport(part.function, part.shape, part.count, fresh=True)
            caller = self._lane.caller(self)
            self._deadline.restart()  # to start a process takes none of the guest's time
            try:
                returned, blob = caller.ask(message, part.rows, protocol.Returned, self._deadline)
                checked(returned, part.count)
            except (LimitReached, WorkerDied) as error:
                if not self._wanted():
                    raise Unwanted from None
                if part.count > 1:
                    return False
                self._fail(begin, MapRun(None, failure=failure_of(error), denials=self._commands.harvest()))
                return True
            if returned.count:
                self._rows.append((returned.count, blob))
            self.done = begin = begin + returned.count
            denials = self._commands.harvest()
            if begin < end or returned.trap is not None or returned.exit_code is not None:
                attempts = returned.attempts[: protocol.MOST_ATTEMPTS]
                run = MapRun(returned.exit_code, trap_info=returned.trap, attempts=attempts, denials=denials)
                self._fail(begin, run)
                begin += 1
            elif denials:
                self._refused.append((begin - 1, denials))
        return True

    def _fail(self, number: int, run: MapRun) -> None:
        self._failed.append(number)
        self._runs.append(run)
        self.done = number + 1

    def result(self) -> TaskResult:
        """Return what came of it."""
        printed = (bytes(self._printed[0]), bytes(self._printed[1]))
        return TaskResult(
            runs=tuple(self._runs),
            failed=tuple(self._failed),
            refused=tuple(self._refused),
            rows=tuple(self._rows),
            printed=printed,
        )

    def printed(self, stream: int, data: bytes) -> None:
        """Keep what the guest printed, up to a limit."""
        kept = self._printed[stream]
        kept += data[: max(0, _PRINTED - len(kept))]

    def command(
        self,
        call: protocol.CommandCall,
        stdin: bytes,
        wait: Wait,
        guest: GuestEnd,
        answer: Callable[[CommandReply], None],
    ) -> None:
        """Decide and run a command."""
        self._commands(call, stdin, wait, guest, answer)


def _part(calls: Calls, begin: int, end: int) -> Calls:
    """Return some of the calls."""
    if end - begin == calls.count:
        return calls
    form = row_format(calls.shape.params)
    rows = calls.rows[begin * form.size : end * form.size]
    data = b""
    if any(kind in BYTES for kind in calls.shape.params):
        sizes = list(_sizes(calls))
        at = calls.count * form.size + sum(sizes[:begin])
        data = calls.rows[at : at + sum(sizes[begin:end])]
    return Calls(calls.function, calls.shape, end - begin, rows + data)


def _sizes(calls: Calls) -> Iterator[int]:
    """Yield the bytes that go with each row."""
    form = row_format(calls.shape.params)
    for number in range(calls.count):
        values = form.unpack_from(calls.rows, number * form.size)
        yield sum(value for kind, value in zip(calls.shape.params, values, strict=True) if kind in BYTES)
