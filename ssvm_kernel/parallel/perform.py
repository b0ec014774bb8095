"""One batch, where it runs: in a locked worker, with what was granted and nobody to ask for more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

from ssvm_kernel import errors
from ssvm_kernel.authority import WorkFolder
from ssvm_kernel.capabilities.model import Asker
from ssvm_kernel.context import RunContext
from ssvm_kernel.errors import LimitReached, SsvmError, WorkerDied
from ssvm_kernel.host.process import CommandReply
from ssvm_kernel.host.shelf import GuestEnd
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.parallel.ending import ended_when_unwanted
from ssvm_kernel.parallel.lanes import Lane, LanePool
from ssvm_kernel.parallel.tasks import Failure, MapRun, Refused, Setting, Task, TaskResult
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.manymessages import TRAPPED, Given
from ssvm_kernel.sandbox.manyruns import Ended, ManyRuns, NotAnswered
from ssvm_kernel.sandbox.protocol import CommandCall

__all__ = ["Commands", "Unwanted", "Wanted", "failure_of", "look", "perform"]

_LOOK: Final = 0.1
"""Seconds between two looks whether the batch is still wanted."""
_DENIALS: Final = 50
"""Denials that one run reports; the ledger has all of them."""

Wanted = Callable[[], bool]


class Unwanted(Exception):
    """Nobody waits for this batch any more."""


def perform(task: Task, wasm: bytes, lanes: LanePool, wanted: Wanted) -> TaskResult:
    """Run one batch to its end.

    Parameters
    ----------
    task : Task
        The batch.
    wasm : bytes
        The module.
    lanes : LanePool
        Gives the worker.
    wanted : callable
        Tells whether somebody still waits; looked at ten times a second.

    Raises
    ------
    Unwanted
        When nobody does; the worker and what it ran are gone.
    """
    started = time.perf_counter()
    try:
        with lanes.borrow(task.setting, wasm) as lane:
            asked = lane.ledger.written
            if task.batch.calls is not None:
                from ssvm_kernel.parallel.calling import call_all

                result = call_all(lane, task.setting, task.batch.calls, wanted)
            else:
                result = TaskResult(runs=_run_all(lane, task.setting, task.batch.runs, wanted))
            ledger = lane.ledger.since(asked)
    except SsvmError as error:
        return TaskResult(problem=failure_of(error), seconds=time.perf_counter() - started)
    return msgspec.structs.replace(result, ledger=ledger, seconds=time.perf_counter() - started)


def failure_of(error: SsvmError) -> Failure:
    """Return an error as it travels."""
    if isinstance(error, LimitReached):
        return Failure("LimitReached", str(error), error.limit, error.option)
    named = next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in errors.__all__), "SsvmError")
    return Failure(named, str(error))


def look(wanted: Wanted) -> Callable[[], float]:
    """Return what looks whether the batch is still wanted."""

    def poll() -> float:
        if not wanted():
            raise Unwanted
        return _LOOK

    return poll


def _run_all(lane: Lane, setting: Setting, items: tuple[Given, ...], wanted: Wanted) -> tuple[MapRun, ...]:
    """Run the guest once for each item; one that fails takes nothing from the others."""
    runs: list[MapRun] = []
    deadline = Deadline(setting.limits.seconds)
    commands = Commands(lane, setting, deadline, wanted)

    def ended(end: Ended) -> None:
        runs.append(
            MapRun(
                None if end.code == TRAPPED else end.code,
                end.stdout,
                end.stderr,
                end.stdout_total - len(end.stdout),
                end.stderr_total - len(end.stderr),
                denials=commands.harvest(),
            )
        )

    try:
        while len(runs) < len(items):
            worker = lane.worker()
            begun = len(runs)
            many = ManyRuns(worker, lane.job, setting.limits.keep, ended, commands, deadline, look(wanted))
            try:
                ran = many.run(items[begun:])
            except NotAnswered as error:
                worker.kill()
                lost = MapRun(None, failure=failure_of(error), denials=commands.harvest())
                runs[begun:] = [lost] * (len(items) - begun)
            except (LimitReached, WorkerDied) as error:
                worker.kill()
                if not wanted():
                    raise Unwanted from None
                if isinstance(error, LimitReached) and error.limit in ("memory", "table"):
                    raise  # no other item would fare better
                runs.append(MapRun(None, failure=failure_of(error), denials=commands.harvest()))
            else:
                if ran.trap is not None or ran.attempts:
                    runs[-1] = msgspec.structs.replace(runs[-1], trap_info=ran.trap, attempts=ran.attempts)
    finally:
        commands.harvest()
    return tuple(runs)


class Commands:
    """Answers the commands of many runs, each as one run's: with a working folder and limits of its own.

    Parameters
    ----------
    lane : Lane
        Whose broker decides.
    setting : Setting
        Guest and limits.
    deadline : Deadline
        Until when the run may last.
    wanted : callable
        Whether somebody still waits; a command is ended when nobody does.
    """

    def __init__(self, lane: Lane, setting: Setting, deadline: Deadline, wanted: Wanted) -> None:
        self._wanted = wanted
        self._lane = lane
        self._setting = setting
        self._deadline = deadline
        self._begin()

    def __call__(
        self, call: CommandCall, stdin: bytes, wait: Wait, guest: GuestEnd, answer: Callable[[CommandReply], None]
    ) -> None:
        """See `ssvm_kernel.sandbox.job.CommandHandler`."""
        self._used = True
        with ended_when_unwanted(self._wanted, self._lane.stop):
            self._handle(call, stdin, wait, guest, answer)

    def harvest(self) -> tuple[Refused, ...]:
        """Return what was denied to the run that ends here."""
        if not self._used:
            return ()
        denials = tuple(dict.fromkeys(self._context.denials))
        self._context.folder.close()
        self._begin()
        return tuple(Refused(denial.what, denial.reason, denial.grant_line) for denial in denials[:_DENIALS])

    def _begin(self) -> None:
        limits, lane = self._setting.limits, self._lane
        self._context = RunContext(
            run="map",
            asker=Asker(self._setting.name, self._setting.sha256, self._setting.cell),
            folder=WorkFolder(lane.grants.folders),
            timeout_ms=limits.command_timeout_ms,
            surface=None,
            output_bytes=limits.command_output_bytes,
            max_commands=limits.max_commands,
            signal_codes=limits.signal_codes,
            deny_all=limits.deny_all,
            deadline=self._deadline,
        )
        self._handle = lane.broker.handler(self._context)
        self._used = False
