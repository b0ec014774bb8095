"""One run of a guest, from its options to its report or its error."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

from ssvm_kernel.authority import WorkFolder, granted_by_options
from ssvm_kernel.broker import CommandBroker, Denial, RunContext
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.model import Access, Asker
from ssvm_kernel.display.report import CommandLine, RunReport
from ssvm_kernel.display.streams import GuestStreams
from ssvm_kernel.display.surface import Surface, current_surface
from ssvm_kernel.display.text import duration
from ssvm_kernel.errors import DeniedError, GuestExit, GuestInterrupted, GuestTrap
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import RunTraits
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.protocol import Preopen, StackFrame, TrapInfo
from ssvm_kernel.sandbox.runner import Job, Outcome, Runner

__all__ = ["Prepared", "RunResult", "Runtime", "raise_for"]

_HOST_FRAME: Final = re.compile(r"^(std|core|alloc|rust_begin_unwind|__rust|_start|__main_void|<?(std|core|alloc)::)")
_MEBI: Final = 1 << 20


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Parameters
    ----------
    outcome : Outcome
        Status and times.
    commands : tuple of CommandLine
        What it ran or wanted to run on the host.
    denials : tuple of Denial
        What it was refused.
    """

    outcome: Outcome
    commands: tuple[CommandLine, ...]
    denials: tuple[Denial, ...]


class Prepared:
    """A guest with everything that was granted to it, for one or more runs in one cell.

    Use it as a context manager: it holds the run's grants, and the folder that its commands work in.

    Parameters
    ----------
    book : GrantBook
        The session's grants; the run's own are in it until the run is over.
    guest : Guest
        What to run.
    options : RunTraits
        Grants and limits of this run.
    args : tuple of str
        The guest's own arguments.
    cell : str
        The cell that runs it, for prompts and the ledger.

    Raises
    ------
    UsageError, GrantError
        When an option makes no sense, or must not be granted.
    """

    def __init__(
        self, book: GrantBook, guest: Guest, options: RunTraits, args: tuple[str, ...] = (), cell: str = ""
    ) -> None:
        self.guest = guest
        self.options = options
        self.surface: Surface = current_surface()
        self._args = args
        self._book = book
        grants, problems = granted_by_options(options)
        for problem in problems:
            self.surface.write("stderr", f"[ssvm] {problem.message}\n")
        run = secrets.token_hex(8)
        book.add_all(grants, run)
        self.grants = book.snapshot(run)
        self._folder = WorkFolder(self.grants.folders)
        self.context = RunContext(
            run=run,
            asker=Asker(guest.name, guest.sha256, cell),
            folder=self._folder,
            timeout_ms=options.command_timeout,
            surface=self.surface,
        )

    def __enter__(self) -> Prepared:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._folder.close()
        self._book.end_run(self.context.run)

    def job(self, engine: str) -> Job:
        """Return the job of one run: the module and everything that was granted to it."""
        grants = self.grants
        return Job(
            wasm=self.guest.wasm,
            sha256=self.guest.sha256,
            engine=engine,
            argv=(self.guest.name, *self._args),
            env=tuple((grant.name, grant.value) for grant in grants.env),
            preopens=tuple(
                Preopen(folder.host, folder.guest, folder.access is Access.READ_WRITE) for folder in grants.folders
            ),
            memory_bytes=self.options.memory_limit * _MEBI,
        )


class Runtime:
    """Runs guests with workers of one pool and one broker for their commands."""

    def __init__(self, pool: WorkerPool, broker: CommandBroker) -> None:
        self.runner = Runner(pool)
        self.broker = broker

    def run(self, prepared: Prepared, engine: str) -> RunResult:
        """Run a guest once, show what it prints and runs, and report.

        Returns
        -------
        RunResult
            How it ended; `raise_for` turns it into the cell's error.

        Raises
        ------
        GuestInterrupted
            When the person interrupted; what was printed is shown.
        LoadError, WorkerDied
            When it could not be run.
        """
        guest, context = prepared.guest, prepared.context
        streams = GuestStreams(prepared.surface)
        try:
            outcome = self.runner.run(prepared.job(engine), streams, self.broker.handler(context))
        except KeyboardInterrupt:
            raise GuestInterrupted(f"{guest.name} was interrupted; what it printed until then is above") from None
        finally:
            streams.close()
        prepared.surface.show(_report(guest, outcome, streams, context.commands).bundle())
        return RunResult(outcome, tuple(context.commands), tuple(context.denials))


def raise_for(result: RunResult, options: RunTraits, guest: Guest) -> None:
    """Raise what a run's end means for its cell.

    A trap is always an error; a denial comes before the exit status that it caused, since it says what to do.
    """
    outcome = result.outcome
    if result.denials and not options.no_raise:
        raise DeniedError(_denied_text(result.denials, outcome, guest))
    if outcome.trap is not None:
        raise GuestTrap(trap_text(outcome.trap, guest), outcome.trap.message)
    if outcome.exit_code and not options.no_raise:
        raise GuestExit(outcome.exit_code)


def trap_text(trap: TrapInfo, guest: Guest) -> str:
    """Return a trap for people: what it was, and the guest's own stack with lines of the cell."""
    frames = [frame for frame in trap.frames if not _HOST_FRAME.match(frame.function)] or trap.frames
    lines = [f"  in {frame.function}{_place(frame, guest)}" for frame in frames[:12]]
    return "\n".join([f"{guest.name} trapped: {trap.message}", *lines])


def _place(frame: StackFrame, guest: Guest) -> str:
    if not frame.line:
        return ""
    file = frame.file.rsplit("/", 1)[-1]
    if guest.source_name and file == guest.source_name:
        return f", line {frame.line + 1} of the cell"  # the magic's own line is line 1
    return f", {file}:{frame.line}"


def _denied_text(denials: tuple[Denial, ...], outcome: Outcome, guest: Guest) -> str:
    lines = []
    for denial in dict.fromkeys(denials):
        lines.append(f"{guest.name} may not run {denial.what}: {denial.reason}")
        lines.append(f"  to grant it: {denial.grant_line}")
    lines.append(f"The guest was told so and ended: {_ended(outcome)}.")
    return "\n".join(lines)


def _ended(outcome: Outcome) -> str:
    return f"trap ({outcome.trap.message})" if outcome.trap is not None else f"exit {outcome.exit_code}"


def _report(guest: Guest, outcome: Outcome, streams: GuestStreams, commands: list[CommandLine]) -> RunReport:
    return RunReport(
        name=guest.name,
        sha256=guest.sha256,
        engine=outcome.engine,
        ended=_ended(outcome),
        compile=_compile_text(guest, outcome),
        instantiate=outcome.load + outcome.instantiate,
        run=outcome.run,
        host=outcome.host,
        memory_bytes=outcome.memory_bytes,
        stdout_bytes=streams.totals["stdout"],
        stderr_bytes=streams.totals["stderr"],
        commands=tuple(commands),
    )


def _compile_text(guest: Guest, outcome: Outcome) -> str:
    seconds = guest.compile_seconds + outcome.compile
    if not seconds:
        return "cached"
    return duration(seconds)
