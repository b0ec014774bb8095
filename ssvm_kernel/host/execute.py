"""Running one approved command to its end, in the kernel.

What really happened (`Completed`) and what the guest is told of it are two things: a signal's death is status 0 to a
guest, as SSVM had it, and is named to the person.
"""

from __future__ import annotations

import contextlib
import enum
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from ssvm_kernel.capabilities.approved import ApprovedCommand
from ssvm_kernel.capabilities.model import Command
from ssvm_kernel.host.capture import Captured, Collector, Preview
from ssvm_kernel.host.child import Child
from ssvm_kernel.host.guard import GUARD
from ssvm_kernel.host.interrupts import InterruptGate
from ssvm_kernel.host.pipes import NewPipe
from ssvm_kernel.host.process import exec_failed_reply
from ssvm_kernel.host.pump import NOTHING, Watch, drain, pump
from ssvm_kernel.host.reap import WAIT_FAILED, end_group, has_ended
from ssvm_kernel.host.shelf import Shelf, no_shelf
from ssvm_kernel.host.spawn import spawn

__all__ = ["Completed", "CompletionKind", "OnOutput", "Watch", "execute", "never_ran"]

OnOutput: TypeAlias = Callable[[str, bytes], None]
"""Takes ``"stdout"`` or ``"stderr"``, and bytes of it; no bytes, once, when there is more than is shown."""

SHOW_BYTES: Final = 256 * 1024
"""Bytes of each stream that are shown unless said otherwise."""
_GUEST_FAILED: Final = -1
_GUEST_TIMED_OUT: Final = 110  # ETIMEDOUT of Linux, on every system
_GUEST_WAIT_FAILED: Final = 22  # EINVAL, as the original


class CompletionKind(enum.Enum):
    """How a command ended; what `Completed.status` means depends on it (attacks P19 and P21)."""

    EXITED = "exited"  # status: exit status, 0 to 255
    SIGNALLED = "signalled"  # status: the signal's number
    TIMED_OUT = "timed out"  # status: 0
    EXEC_FAILED = "could not be executed"  # status: errno
    NOT_STARTED = "could not be started"  # status: errno; the system had no pipe or no process left
    WAIT_FAILED = "ended unseen"  # status: 0; somebody else took its status


class Completed(NamedTuple):
    """How a command ended, as it was.

    Parameters
    ----------
    kind : CompletionKind
        The way it ended.
    status : int
        Exit status, signal number or errno.
    stdout, stderr : Captured
        What it printed.
    seconds : float
        From just before its start until it was reaped.
    detail : str
        One sentence when it never ran, else empty.
    cut : bool
        True when it ended in time, but something it left behind held its pipes until the time was over.
    """

    kind: CompletionKind
    status: int
    stdout: Captured
    stderr: Captured
    seconds: float
    detail: str = ""
    cut: bool = False

    def guest_code(self, signals: bool = False) -> int:
        """Return the code that the guest gets.

        Parameters
        ----------
        signals : bool
            Tell a signal as 128 + its number, which the original tells as 0.
        """
        if self.kind is CompletionKind.EXITED:
            return self.status if self.status < 128 else self.status - 256
        if self.kind is CompletionKind.SIGNALLED:
            return 128 + self.status if signals else 0
        if self.kind is CompletionKind.TIMED_OUT:
            return _GUEST_TIMED_OUT
        if self.kind is CompletionKind.WAIT_FAILED:
            return _GUEST_WAIT_FAILED
        return _GUEST_FAILED

    @property
    def guest_stderr(self) -> Captured:
        """What the guest gets as stderr: the command's own, or the original's words for why there was none."""
        if self.kind is not CompletionKind.EXEC_FAILED:
            return self.stderr
        text = exec_failed_reply(self.status).stderr
        assert isinstance(text, bytes)
        return Captured(text)

    @property
    def keep_inputs(self) -> bool:
        """Whether the guest's inputs stay pending, as they do when no process could be made at all."""
        return self.kind is CompletionKind.NOT_STARTED

    def close(self) -> None:
        """Give back the files of large outputs."""
        self.stdout.close()
        self.stderr.close()


def execute(
    approved: ApprovedCommand,
    on_output: OnOutput | None = None,
    *,
    watch: Watch = NOTHING,
    show_bytes: int = SHOW_BYTES,
    shelf: Callable[[], Shelf | None] = no_shelf,
    new_pipe: NewPipe = os.pipe,
) -> Completed:
    """Run an approved command and wait for its end.

    Its whole process group is gone when this returns or raises; only a process that left the group on purpose may
    live on, and it is not waited for.

    Parameters
    ----------
    approved : ApprovedCommand
        What to run, with its limits.
    on_output : callable
        Gets the first bytes of each stream while the command runs, at most every 100 ms.
    watch : Watch
        The guest that wants it, and other descriptors to serve meanwhile.
    show_bytes : int
        How many bytes of each stream `on_output` gets.
    shelf : callable
        Returns where a stdout of some megabytes lies; what lies there is good until it is given to another command.
    new_pipe : callable
        Makes its pipes.

    Raises
    ------
    ProgramChanged
        When the program's file is no longer the one that was approved.
    WorkerDied
        When the guest's process is gone.
    KeyboardInterrupt
        When the person interrupts.
    """
    with InterruptGate() as gate:
        # In a function of its own, so that its process object ends inside the gate: a finaliser swallows interrupts.
        return _run(approved, on_output, show_bytes, gate, watch, shelf, new_pipe)


def _run(
    approved: ApprovedCommand,
    on_output: OnOutput | None,
    show_bytes: int,
    gate: InterruptGate,
    watch: Watch,
    shelf: Callable[[], Shelf | None],
    new_pipe: NewPipe,
) -> Completed:
    started = time.monotonic()
    try:
        child = spawn(approved, new_pipe)
    except OSError as error:
        return never_ran(error, time.monotonic() - started)
    keep = approved.command.limits.output_bytes
    show = [on_output and Preview(partial(on_output, name), show_bytes) for name in ("stdout", "stderr")]
    collectors = {"stdout": Collector(keep, show[0], shelf), "stderr": Collector(keep, show[1])}
    try:
        return _finish(child, approved.command, collectors, started, gate, watch)
    except BaseException:
        for collector in collectors.values():
            with contextlib.suppress(Exception):
                collector.flush()
            collector.close()
        raise


def never_ran(error: OSError, seconds: float = 0.0) -> Completed:
    """Return the end of a command that an error kept from running."""
    # Only errors that name a file come from ``exec``; the others say that there is no pipe or process to be had.
    kind = CompletionKind.NOT_STARTED if error.filename is None else CompletionKind.EXEC_FAILED
    where = f": {error.filename!r}" if error.filename is not None else ""
    return Completed(kind, error.errno or 0, Captured(), Captured(), seconds, detail=f"{error.strerror}{where}")


def _finish(
    child: Child, command: Command, collectors: dict[str, Collector], started: float, gate: InterruptGate, watch: Watch
) -> Completed:
    """Wait for the end of a command, and for its group to be gone."""
    in_time = timed_out = False
    try:
        guarded = watch._replace(long=partial(GUARD.add, child.process.pid))
        try:
            in_time = pump(child, command.stdin, collectors, started + command.limits.timeout_ms / 1000, gate, guarded)
            timed_out = not in_time and not has_ended(child.process)
        finally:
            GUARD.forget(child.process.pid)
            end_group(child.process, ended=in_time)
        if not in_time:
            drain(child, collectors)
    finally:
        child.close()
    for collector in collectors.values():
        collector.flush()
    kind, status = _outcome(child.process.returncode, timed_out)
    return Completed(
        kind=kind,
        status=status,
        stdout=collectors["stdout"].finish(),
        stderr=collectors["stderr"].finish(),
        seconds=time.monotonic() - started,
        cut=not in_time and not timed_out,
    )


def _outcome(returncode: int | None, timed_out: bool) -> tuple[CompletionKind, int]:
    if timed_out or returncode is None:  # None: it would not die
        return CompletionKind.TIMED_OUT, 0
    if returncode == WAIT_FAILED:
        return CompletionKind.WAIT_FAILED, 0
    if returncode < 0:
        return CompletionKind.SIGNALLED, -returncode
    return CompletionKind.EXITED, returncode
