"""From the end of a run to its result: made once, after all that the guest printed has been shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ssvm_kernel.capabilities.folders import effective_folders
from ssvm_kernel.capabilities.grants import Grant, describe
from ssvm_kernel.capabilities.model import Origin
from ssvm_kernel.capabilities.records import LedgerLine
from ssvm_kernel.display.report import FileLine, GrantLine, RunReport, Timings
from ssvm_kernel.display.streams import GuestStreams
from ssvm_kernel.ending import ended_text
from ssvm_kernel.opens import MissedPath, missed_paths, opened_paths
from ssvm_kernel.result import Printed, RunResult
from ssvm_kernel.sandbox.engines import EngineSettings, engine_tag
from ssvm_kernel.sandbox.runner import Outcome

if TYPE_CHECKING:
    from ssvm_kernel.runtime import Prepared

__all__ = ["result_of"]


def result_of(
    prepared: Prepared,
    outcome: Outcome,
    streams: GuestStreams,
    ledger: tuple[LedgerLine, ...],
    shown: tuple[str, ...] = (),
) -> RunResult:
    """Return the result of a run.

    Parameters
    ----------
    prepared : Prepared
        What ran, with what it was granted.
    outcome : Outcome
        How it ended; from the guest's process, so it is not trusted.
    streams : GuestStreams
        What it printed.
    ledger : tuple of LedgerLine
        What it asked for.
    shown : tuple of str
        What it showed besides text.
    """
    context, folders = prepared.context, prepared.grants.folders
    in_force = effective_folders(folders)
    missed = missed_paths(outcome.attempts, in_force)
    stdout, stderr = (Printed(bytes(streams.kept[name]), streams.totals[name]) for name in ("stdout", "stderr"))
    manifest = prepared.guest.manifest
    report = RunReport(
        name=prepared.guest.name,
        sha256=prepared.guest.sha256,
        engine=outcome.engine,
        version=engine_tag(EngineSettings(outcome.engine)).split("/")[1].replace("-", " "),
        ended=ended_text(outcome),
        times=_times(prepared.guest.compile_seconds, outcome),
        memory_bytes=outcome.memory_bytes,
        fuel=outcome.fuel,
        stdout_bytes=stdout.total,
        stderr_bytes=stderr.total,
        can=[] if manifest is None else [statement.text for statement in manifest.can],
        cannot=[] if manifest is None else [statement.text for statement in manifest.cannot],
        grants=[*_lent(prepared), *_decided(ledger)],
        commands=tuple(context.commands),
        shown=shown,
        connections=tuple(_connections(ledger)),
        files=(*opened_paths(outcome.opened, in_force), *_files(missed)),
        more_files=outcome.more_attempts + outcome.more_opened,
    )
    return RunResult(
        outcome,
        tuple(context.commands),
        tuple(context.denials),
        missed,
        prepared.args,
        tuple(folder for folder in folders if folder.origin is Origin.OPTION),
        report,
        (stdout, stderr),
        ledger,
    )


def _times(source: float, outcome: Outcome) -> Timings:
    return Timings(source, outcome.compile, outcome.load, outcome.instantiate, outcome.run, outcome.host)


def _lent(prepared: Prepared) -> Iterator[GrantLine]:
    """Yield what lay open to the guest without being asked for."""
    grants = prepared.grants
    lent: tuple[Grant, ...] = (*grants.folders, *grants.env, *grants.display, *grants.models)
    for grant in lent:
        yield GrantLine(describe(grant), grant.origin.value)
    for given in (prepared.input, prepared.typing):
        if given is not None:
            yield given.line()
    if prepared.variables is not None:
        yield from prepared.variables.lines()


def _decided(ledger: Iterable[LedgerLine]) -> Iterator[GrantLine]:
    """Yield the grants and answers that decided requests, with how many."""
    made = Counter(
        (f"{line.decision.effect} by {line.decision.grant}" if line.decision.grant else line.decision.reason,
         line.decision.origin)
        for line in ledger
    )  # fmt: skip
    for (what, origin), uses in made.items():
        yield GrantLine(what, origin, uses)


def _connections(ledger: Iterable[LedgerLine]) -> Iterator[str]:
    """Yield where the guest connected to, or wanted to, each place once with how often."""
    made = Counter(
        (
            " · ".join(line.request.argv[1:]),
            line.decision.reason if line.decision.effect == "deny" else line.outcome.kind,
        )
        for line in ledger
        if line.request.kind == "connection"
    )
    for (place, outcome), times in made.items():
        yield f"{place} · {outcome}" + (f", {times:,} times" if times > 1 else "")


def _files(missed: Iterable[MissedPath]) -> Iterator[FileLine]:
    for path in missed:
        yield FileLine(path.path, path.why, opened=False)
