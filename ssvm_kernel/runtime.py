"""One run of a guest, from its options to its report or its error."""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ssvm_kernel.authority import WorkFolder, granted_by_options
from ssvm_kernel.broker import CommandBroker
from ssvm_kernel.capabilities.dangers import check_grants
from ssvm_kernel.capabilities.grants import Grant, GrantBook, remaining
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import Asker, Grants, Scope
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.context import RunContext
from ssvm_kernel.display.abilities import manifest_bundle
from ssvm_kernel.display.evcxr import EvcxrBlocks
from ssvm_kernel.display.report import show_report
from ssvm_kernel.display.streams import GuestStreams
from ssvm_kernel.display.surface import Surface, current_surface
from ssvm_kernel.ending import show_missed
from ssvm_kernel.errors import GrantRevoked, GuestInterrupted, LimitReached, UsageError, WorkerDied
from ssvm_kernel.exhibits import Exhibits
from ssvm_kernel.guest import Guest
from ssvm_kernel.host.resolve import special_folders
from ssvm_kernel.inputs import Typing, input_of
from ssvm_kernel.modeling import announce_loading, lendable, settle_models
from ssvm_kernel.options import RunTraits
from ssvm_kernel.reporting import result_of
from ssvm_kernel.result import RunResult
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.job import NOT_ENDED, preopens_of
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.protocol import Call
from ssvm_kernel.sandbox.runner import Job, Output, Runner

if TYPE_CHECKING:
    from ssvm_kernel.lent import Lent
    from ssvm_kernel.variables import Variables

__all__ = ["Prepared", "Runtime"]

_KIBI: Final = 1 << 10
_MEBI: Final = 1 << 20
_RUNS: Final = itertools.count(1)
_NOT_LENT: Final = nullcontext()


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
    without : tuple of grants
        Those of the options that were taken back (`taken_back`).

    Raises
    ------
    UsageError, GrantError
        When an option makes no sense, or must not be granted.
    """

    def __init__(
        self,
        book: GrantBook,
        guest: Guest,
        options: RunTraits,
        args: tuple[str, ...] = (),
        cell: str = "",
        without: tuple[Grant, ...] = (),
    ) -> None:
        self.guest = guest
        self.options = options
        self.surface: Surface = current_surface()
        self.args = args
        self._book = book
        grants, problems = granted_by_options(options)
        for problem in problems:
            self.notice(problem.message)
        if options.allow_network and not guest.is_component:
            self.notice(
                f"{visible(guest.name)} is no component, so it cannot ask for the network: "
                "--allow-network gives it nothing"
            )
        self.input = input_of(options)
        self.variables: Variables | None = None
        self.typing = Typing(guest.name, self.notice) if options.interactive else None
        run = f"run-{next(_RUNS)}"
        book.add_all(remaining(grants, without) if without else grants, run)
        self.grants = book.snapshot(run).for_module(guest.sha256)
        try:
            self._use_session_folders()
        except BaseException:
            book.end_run(run)
            raise
        self._folder = WorkFolder(self.grants.folders)
        if options.ins or options.outs:
            self._use_variables(run)
        self.context = RunContext(
            run=run,
            asker=Asker(guest.name, guest.sha256, cell),
            folder=self._folder,
            timeout_ms=options.command_timeout,
            surface=self.surface,
            output_bytes=options.command_output_limit * _MEBI,
            max_commands=options.max_commands,
            signal_codes=options.signal_codes,
            deny_all=options.deny_all,
            introduce=self._introduce,
        )

    def __enter__(self) -> Prepared:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._folder.close()
        if self.variables is not None:
            self.variables.close()
        self._book.end_run(self.context.run)

    def _use_variables(self, run: str) -> None:
        """Put the variables that the guest gets where it finds them; most runs have none."""
        from ssvm_kernel.variables import variables_of

        try:
            self.variables = variables_of(self.options)
            if self.variables is not None and self.variables.stdin is not None and (self.input or self.typing):
                raise UsageError("a guest has one stdin: give --in one =FILE")
        except BaseException:
            if self.variables is not None:
                self.variables.close()
            self._book.end_run(run)
            raise

    def _use_session_folders(self) -> None:
        """Judge folders of the session together with the options of this run (rule 9), and count their use."""
        kept = [folder for folder in self.grants.folders if folder.scope is Scope.SESSION]
        if kept:
            check_grants(self.grants, special_folders())
        for folder in kept:
            self._book.used(folder.id)

    def _introduce(self) -> None:
        """Show what the guest can ask for and cannot do, from its imports alone (rule 2)."""
        if self.guest.manifest is not None:  # else the prompt itself says what is asked
            self.surface.show(manifest_bundle(self.guest.name, self.guest.manifest))

    def taken_back(self) -> tuple[Grant, ...]:
        """Return the grants of the options that are in force no more, as the options give them."""
        own = (grant for grant in self.grants.every if grant.scope is Scope.RUN)
        return tuple(replace(grant, id="", created=0.0) for grant in own if not self._book.holds(grant.id))

    def lent(self) -> Lent | None:
        """Return what watches over the things that the guest's process holds open; None for most, which hold none."""
        models = self.grants.models if self.grants.models and lendable(self.guest) else ()
        if not self.grants.folders and not models:
            return None
        from ssvm_kernel.lent import Lent

        return Lent(self._book, (*self.grants.folders, *models), self.guest.name)

    @property
    def profiled(self) -> bool:
        """Whether the run is sampled where it spends its time."""
        return self.options.profile or bool(self.options.profile_out)

    def job(self, engine: str) -> Job:
        """Return the job of one run: the module and everything that was granted to it."""
        grants = self.grants
        return Job(
            wasm=self.guest.wasm,
            sha256=self.guest.sha256,
            engine=engine,
            argv=(self.guest.name, *(() if self.options.call else self.args)),
            env=tuple((grant.name, grant.value) for grant in grants.env),
            preopens=(
                *preopens_of(grants.folders),
                *(self.variables.preopens() if self.variables is not None else ()),
            ),
            memory_bytes=self.options.memory_limit * _MEBI,
            table_elements=self.options.table_limit,
            stack_bytes=self.options.stack_limit * _KIBI,
            fuel=self.options.fuel,
            call=Call(self.options.call, self.args) if self.options.call else None,
            profiled=self.profiled,
            stdin=self._stdin(),
            extras=lendable(self.guest) if self.may_use_models else (),
            network=self.may_ask_for_network,
        )

    @property
    def may_show(self) -> bool:
        """Whether the guest may show more than text, now."""
        return bool(self.in_force().display) and not self.options.deny_all

    @property
    def may_use_models(self) -> bool:
        """Whether the guest may have models computed, now."""
        return bool(self.grants.models) and bool(self.in_force().models) and not self.options.deny_all

    @cached_property
    def may_ask_for_network(self) -> bool:
        """Whether the guest gets a process that can ask for connections; says why it gets none where it could use one.

        Each of them is decided then.
        """
        if not self.guest.is_component or self.options.deny_network or not self._wants_network():
            return False
        from ssvm_kernel.sandbox.oslock import network_unavailable

        why = network_unavailable()
        if why:
            self.notice(f"{visible(self.guest.name)} has no network here: {why}")
        return not why

    def _wants_network(self) -> bool:
        manifest = self.guest.manifest
        return manifest is not None and any(statement.id == "network" for statement in manifest.can)

    def in_force(self) -> Grants:
        """Return the run's grants as they are now: some may have been taken back."""
        return self._book.snapshot(self.context.run).for_module(self.guest.sha256)

    def _stdin(self) -> bytes | None:
        """Return what the guest reads; of what was typed, what a measurement gives to the runs after the first."""
        if self.input is not None:
            return self.input.data
        if self.variables is not None and self.variables.stdin is not None:
            return self.variables.stdin
        return bytes(self.typing.typed) if self.typing is not None and self.context.repeated else None

    def notice(self, text: str) -> None:
        """Tell the person something, apart from what the guest prints."""
        self.surface.write("stderr", f"[ssvm] {text}\n")

    def deadline(self) -> Deadline:
        """Return when a run that begins now is over."""
        self.context.deadline = Deadline(self.options.time_limit)
        return self.context.deadline


class Runtime:
    """Runs guests with workers of one pool and one broker for their commands, whose requests are in `ledger`."""

    def __init__(self, pool: WorkerPool, broker: CommandBroker, ledger: Ledger) -> None:
        self.pool = pool
        self.runner = Runner(pool)
        self.broker = broker
        self.ledger = ledger

    def streams(self, surface: Surface, options: RunTraits) -> GuestStreams:
        """Return what shows a guest's output as its options say; for one run."""
        shown, kept = options.output_limit, options.result_limit
        return GuestStreams(surface, shown, keep=max(shown, kept))

    def _streams(self, prepared: Prepared) -> GuestStreams:
        """Return those of the run that is to be taken over, if some of it has been shown, or new ones."""
        begun = self.runner.ahead.begun
        if begun is not None and isinstance(begun.output, GuestStreams):
            return begun.output
        return self.streams(prepared.surface, prepared.options)

    def run(self, prepared: Prepared, engine: str) -> RunResult:
        """Run a guest once, show what it prints and runs, and report.

        Returns
        -------
        RunResult
            How it ended; `raise_for` turns it into the cell's error.

        Raises
        ------
        GuestInterrupted
            When the person interrupted; what was printed is shown, and in its ``.result`` with what was done.
        LoadError, WorkerDied
            When it could not be run, or not to its end.
        LimitReached
            When its time was over, it asked for too much, or could not start within its limits.
        GrantRevoked
            When the grant of a folder, of models or of a connection was taken back while it had that.
        """
        guest, context = prepared.guest, prepared.context
        exhibits = Exhibits(prepared, self.ledger)
        streams = self._streams(prepared)
        streams.show = exhibits.show
        blocks = EvcxrBlocks(streams) if prepared.options.display_from_stdout else None
        asked = self.ledger.written
        ended: GuestInterrupted | LimitReached | WorkerDied | GrantRevoked | None = None
        outcome = NOT_ENDED
        try:
            handler = self.broker.handler(context)
            job, typing = prepared.job(engine), prepared.typing
            if typing is not None:
                job = replace(job, stdin=None)  # asked for now; what was typed is for the repeated runs
            output: Output = blocks or streams
            if prepared.variables is not None and prepared.variables.takes_stdout:
                output = prepared.variables.redirected(output)
            announce_loading(prepared, job.extras, loaded=self.runner.has_loaded(job))
            with (
                self.broker.connections.serving(context, wanted=job.network) as network,
                prepared.lent() or _NOT_LENT as lent,
            ):
                outcome = self.runner.run(
                    job,
                    output,
                    handler,
                    prepared.deadline(),
                    on_input=typing,
                    on_network=network,
                    on_start=lent.begin if lent is not None else None,
                )
                outcome = outcome if network is None else network.waited(outcome)
        except KeyboardInterrupt:
            ended = GuestInterrupted(f"{visible(guest.name)} was interrupted; what it printed until then is above")
        except (LimitReached, WorkerDied, GrantRevoked) as error:
            ended = error
        finally:
            if blocks is not None:
                blocks.close()
            streams.close()
        if ended is not None:
            outcome = replace(NOT_ENDED, engine=engine)
        else:
            settle_models(prepared, outcome, job.extras, self.ledger)
        if outcome.results:
            prepared.surface.write("stdout", "".join(f"{result}\n" for result in outcome.results))
        result = result_of(prepared, outcome, streams, self.ledger.since(asked), tuple(exhibits.shown))
        if ended is not None:
            ended.result = result
            raise ended
        assert result.report is not None
        show_report(prepared.surface, result.report)
        if prepared.profiled:
            from ssvm_kernel.profiling import show_profile

            result = replace(result, profile=show_profile(prepared, outcome))
        show_missed(result, prepared.options, guest, prepared.surface)
        return result
