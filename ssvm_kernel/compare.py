"""The same guest in several engines, in turn, until the ratio is known well enough."""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ssvm_kernel.display.stats import Interval, ratio_of_medians
from ssvm_kernel.display.surface import running_cell
from ssvm_kernel.display.timings import LEAST, Comparison, Sample, named
from ssvm_kernel.enginechoice import engines_of
from ssvm_kernel.errors import GuestInterrupted, LimitReached, UsageError
from ssvm_kernel.host.display import NOT_GRANTED, SHOWN
from ssvm_kernel.host.store import load_blob, store_blob
from ssvm_kernel.progress import Progress, Stopped
from ssvm_kernel.result import RunResult
from ssvm_kernel.runtime import Prepared, Runtime
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.runner import Job, Outcome

__all__ = ["compare"]

_GOOD_ENOUGH: Final = 0.02  # relative width of the interval at which to stop
_AT_MOST: Final = 6  # times the seconds that were asked for, when even the least number of samples takes longer
_WARM_UPS: Final = 2
_QUICK: Final = 1.0  # seconds; what takes longer is warmed up, and compiled, once


class _Fingerprint:
    """Output that is not shown, only compared; and where a stop is noticed in the middle of a long run."""

    def __init__(self, progress: Progress, *, may_show: bool) -> None:
        self.hashes: dict[str, Any] = {name: hashlib.sha256() for name in ("stdout", "stderr", "display")}
        self._progress = progress
        self._may_show = may_show

    def stdout(self, data: bytes) -> None:
        self.hashes["stdout"].update(data)

    def stderr(self, data: bytes) -> None:
        self.hashes["stderr"].update(data)

    def display(self, mime: bytes, data: bytes) -> int:
        self.hashes["display"].update(b"%d %d " % (len(mime), len(data)) + mime + data)
        return SHOWN if self._may_show else NOT_GRANTED

    def poll(self) -> float | None:
        return self._progress.poll()

    def flush(self) -> None:
        pass


@dataclass(frozen=True)
class _Observed:
    """What must be the same in every run for a ratio to mean anything."""

    ended: object
    results: tuple[str, ...]
    stdout: str
    stderr: str
    display: str
    commands: tuple[tuple[str, str], ...]

    def difference(self, other: _Observed) -> str:
        """Return the first difference in words, empty when there is none."""
        told = {
            "ended": "did not end alike (exit status or trap)",
            "results": "returned different results",
            "stdout": "printed different things to stdout",
            "stderr": "printed different things to stderr",
            "display": "showed different things",
            "commands": "did not run the same commands with the same outcome",
        }
        return next((words for name, words in told.items() if getattr(self, name) != getattr(other, name)), "")


@dataclass
class _Taken:
    """What was measured of one engine so far."""

    job: Job
    compile: float = 0.0
    warmup: list[Sample] = field(default_factory=list)
    runs: list[Sample] = field(default_factory=list)
    observed: _Observed | None = None


class _Unequal(Exception):
    """The runs were not equal."""


class _Measurement:
    """Samples of all engines, taken A B B A."""

    def __init__(self, runtime: Runtime, prepared: Prepared, progress: Progress) -> None:
        self._runtime = runtime
        self._prepared = prepared
        self._progress = progress
        options = prepared.options
        self._most = options.samples
        self._seconds = options.seconds
        self._taken = {name: _Taken(replace(prepared.job(name), measured=True)) for name in engines_of(options.engine)}
        self._difference = self._ending = ""
        self._started = time.monotonic()
        self._look_at = LEAST

    def take(self) -> Comparison:
        """Measure until the interval is narrow, the samples suffice, the time is over or the person stops it."""
        try:
            with _no_collection():
                self._compile()
                for name in self._taken:
                    self._warm_up(name)
                self._sample()
        except _Unequal as unequal:
            self._difference = str(unequal)
        except Stopped:
            self._ending = "Stopped by you; what was measured until then counts."
        except LimitReached as limit:
            if limit.limit != "time" or not self._over(_AT_MOST):
                raise
            self._ending = f"The time was over ({self._seconds * _AT_MOST:g} s, six times --seconds)."
        return self.comparison()

    def comparison(self) -> Comparison:
        """Return what was measured so far."""
        return Comparison(
            runs={name: tuple(taken.runs) for name, taken in self._taken.items()},
            compile={name: taken.compile for name, taken in self._taken.items()},
            difference=self._difference,
            warmup={name: tuple(taken.warmup) for name, taken in self._taken.items()},
            cached=all(load_blob("machine-code", taken.job.machine_code_key) for taken in self._taken.values()),
            guest=self._prepared.guest.name,
            ending=self._ending,
            cell=running_cell(),
        )

    def interrupted(self) -> None:
        """Say that the person interrupted."""
        self._ending = "Interrupted; what was measured until then counts."

    def _compile(self) -> None:
        """Compile in each engine, whatever the cache holds, and keep the result there for the samples to read."""
        for taken in self._taken.values():
            taken.compile, code = self._runtime.runner.compile(taken.job)
            store_blob("machine-code", taken.job.machine_code_key, code)
        for taken in self._taken.values():
            if taken.compile < _QUICK:
                taken.compile = min(taken.compile, self._runtime.runner.compile(taken.job)[0])

    def _warm_up(self, engine: str) -> None:
        """Run without counting; what differs already from run to run of one engine is no matter of engines."""
        taken = self._taken[engine]
        while len(taken.warmup) < _WARM_UPS and (not taken.warmup or taken.warmup[0].run < _QUICK):
            taken.warmup.append(self._once(engine))

    def _sample(self) -> None:
        while not self._enough():
            for name in (*self._taken, *reversed(self._taken)):
                self._taken[name].runs.append(self._once(name))
            self._progress.tell(self._so_far)

    def _once(self, engine: str) -> Sample:
        taken = self._taken[engine]
        context = self._prepared.context
        context.surface = None
        context.commands = []
        context.deadline = self._deadline()
        output = _Fingerprint(self._progress, may_show=self._prepared.may_show)
        handler = self._runtime.broker.handler(context)
        with (
            self._runtime.broker.connections.serving(context, wanted=taken.job.network) as network,
            self._prepared.lent() or nullcontext() as lent,
        ):
            outcome = self._runtime.runner.run(
                taken.job,
                output,
                handler,
                context.deadline,
                on_network=network,
                on_start=lent.begin if lent is not None else None,
            )
        self._compare(engine, _observed(outcome, output, context.commands))
        self._progress.check()
        return _sample(outcome)

    def _compare(self, engine: str, observed: _Observed) -> None:
        """Hold a run against this engine's first, and then against those of the others.

        Raises
        ------
        _Unequal
            With the difference, and whose it is.
        """
        taken = self._taken[engine]
        if taken.observed is not None and (told := taken.observed.difference(observed)):
            raise _Unequal(f"Two runs in the same engine ({engine}) {told}: the guest does not do the same each time.")
        taken.observed = observed
        for other, theirs in self._taken.items():
            if theirs.observed is not None and (told := theirs.observed.difference(observed)):
                raise _Unequal(f"{other} and {engine} {told}.")

    def _deadline(self) -> Deadline:
        """Return when one run is over: by its own limit, or by that of the whole measurement."""
        left = max(0.001, self._started + self._seconds * _AT_MOST - time.monotonic())
        limit = self._prepared.options.time_limit
        return Deadline(min(limit, left) if limit else left)

    def _over(self, times: int = 1) -> bool:
        return time.monotonic() - self._started >= self._seconds * times

    def _enough(self) -> bool:
        count = min(len(taken.runs) for taken in self._taken.values())
        if count < LEAST:
            return False
        if count >= self._most or self._over():
            return True
        if count < self._look_at:
            return False
        self._look_at = count + max(2, count // 8)  # to look costs time, and a few samples more change little
        return all(ratio.relative_width < _GOOD_ENOUGH for ratio in self._ratios().values())

    def _ratios(self) -> dict[str, Interval]:
        first, *others = self._taken
        fast = [sample.run for sample in self._taken[first].runs]
        return {other: ratio_of_medians([sample.run for sample in self._taken[other].runs], fast) for other in others}

    def _so_far(self) -> str:
        """Return the count so far, and the current estimate once there is one."""
        counts = " + ".join(str(len(taken.runs)) for taken in self._taken.values())
        first, *_, last = self._taken
        if min(len(taken.runs) for taken in self._taken.values()) < LEAST:
            return f"measuring: {counts} samples so far"
        ratio = self._ratios()[last]
        return (
            f"measuring: {counts} samples so far; a run takes {ratio.value:.3g} times as long in {named(last)} as in "
            f"{named(first)} (95 % interval {ratio.low:.3g} to {ratio.high:.3g})"
        )


def _observed(outcome: Outcome, output: _Fingerprint, commands: list[Any]) -> _Observed:
    return _Observed(
        ended=outcome.exit_code if outcome.trap is None else outcome.trap.message,
        results=outcome.results,
        stdout=output.hashes["stdout"].hexdigest(),
        stderr=output.hashes["stderr"].hexdigest(),
        display=output.hashes["display"].hexdigest(),
        commands=tuple((line.argv, line.ended) for line in commands),
    )


def _sample(outcome: Outcome) -> Sample:
    return Sample(outcome.load, outcome.instantiate, max(outcome.run - outcome.host, 1e-9), outcome.host)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let Python's garbage collector not run into a measurement; the worker does the same."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def compare(runtime: Runtime, prepared: Prepared) -> RunResult:
    """Run a guest once for the cell to show, then silently in all engines in turn, and show the comparison.

    Outputs, results, exit statuses and commands of all runs must be equal, or no ratio is shown.  An answer that the
    person gives in the shown run holds for the repeated ones.

    Returns
    -------
    RunResult
        Of the shown run, with the comparison; without one when the shown run trapped or was denied something.

    Raises
    ------
    GuestInterrupted
        When the person interrupts; what was measured until then is shown, if that is enough.
    LoadError, LimitReached, WorkerDied
        As `Runtime.run`.
    UsageError
        When it is to be profiled at the same time.
    """
    if prepared.profiled:
        raise UsageError("a profile is of one engine, and slows it down: leave --profile away, or several engines")
    prepared.context.repeated = True
    engines = engines_of(prepared.options.engine)
    result = runtime.run(prepared, engines[0])
    if result.outcome.trap is not None or result.denials:
        if prepared.options.no_raise and result.outcome.trap is None:
            prepared.notice("the engines were not compared: the run was denied something")
        return result
    with Progress(prepared.surface) as progress:
        measurement = _Measurement(runtime, prepared, progress)
        try:
            comparison = measurement.take()
        except KeyboardInterrupt:
            measurement.interrupted()
            comparison = measurement.comparison()
            what = "the output above is of one run"
            if comparison.enough:
                _show(progress, comparison)
                what = "what it had is above"
            error = GuestInterrupted(f"the measurement was interrupted; {what}")
            error.result = replace(result, comparison=comparison)
            raise error from None
        _show(progress, comparison)
    return replace(result, comparison=comparison)


def _show(progress: Progress, comparison: Comparison) -> None:
    """Show the result, and below it the plot where there may be somebody who sees one."""
    progress.close(comparison.bundle())
    if comparison.ratios and progress.surface.live:
        progress.surface.show(comparison.plot().bundle())
