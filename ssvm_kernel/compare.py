"""The same guest in both engines, in turn, until the ratio is known well enough."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any, Final

from ssvm_kernel.display.stats import ratio_of_medians
from ssvm_kernel.display.surface import Handle
from ssvm_kernel.display.text import duration
from ssvm_kernel.display.timings import Comparison, Sample
from ssvm_kernel.errors import GuestInterrupted
from ssvm_kernel.result import RunResult
from ssvm_kernel.runtime import Prepared, Runtime
from ssvm_kernel.sandbox.engines import ENGINES
from ssvm_kernel.sandbox.runner import Outcome

__all__ = ["compare"]

_LEAST: Final = 5  # no ratio from fewer samples
_MOST: Final = 30
_BUDGET: Final = 10.0  # seconds; passed only when the least number of samples takes longer
_GOOD_ENOUGH: Final = 0.02  # relative width of the interval at which to stop
_PROGRESS: Final = 0.5


@dataclass
class _Fingerprint:
    """Output that is not shown, only compared."""

    hashes: dict[str, Any] = field(default_factory=lambda: {name: hashlib.sha256() for name in ("stdout", "stderr")})

    def stdout(self, data: bytes) -> None:
        self.hashes["stdout"].update(data)

    def stderr(self, data: bytes) -> None:
        self.hashes["stderr"].update(data)

    def poll(self) -> float | None:
        return None

    def flush(self) -> None:
        pass


@dataclass(frozen=True)
class _Observed:
    """What must be the same in every run for a ratio to mean anything."""

    ended: object
    stdout: str
    stderr: str
    commands: tuple[tuple[str, str], ...]

    def difference(self, other: _Observed) -> str:
        """Return the first difference in words, empty when there is none."""
        for name in ("ended", "stdout", "stderr", "commands"):
            if getattr(self, name) != getattr(other, name):
                return {
                    "ended": "They did not end alike (exit status or trap).",
                    "stdout": "Their stdout differs.",
                    "stderr": "Their stderr differs.",
                    "commands": "They did not run the same commands with the same outcome.",
                }[name]
        return ""


class _Measurement:
    """Samples of both engines, taken A B B A."""

    def __init__(self, runtime: Runtime, prepared: Prepared) -> None:
        self._runtime = runtime
        self._prepared = prepared
        self._samples: dict[str, list[Sample]] = {name: [] for name in ENGINES}
        self._reference: _Observed | None = None
        self._difference = ""
        self._handle: Handle | None = None
        self._shown_at = 0.0

    def take(self) -> Comparison:
        """Measure until the interval is narrow, the samples suffice or the time is over."""
        compiled = {
            name: min(self._runtime.runner.compile_seconds(self._prepared.job(name)) for _ in range(2))
            for name in ENGINES
        }
        for name in ENGINES:
            self._once(name)  # warm-up, not counted, but compared
        started = time.monotonic()
        while not self._difference and not self._enough(started):
            for name in (*ENGINES, *reversed(ENGINES)):
                self._samples[name].append(self._once(name))
            self._progress()
        return Comparison(self._samples, compiled, self._difference)

    def show(self, comparison: Comparison) -> None:
        """Show the result, in the place of the progress line where there is one."""
        bundle = comparison.bundle()
        if self._handle is not None:
            self._handle.update(bundle)
        else:
            self._prepared.surface.show(bundle)

    def _once(self, engine: str) -> Sample:
        context = self._prepared.context
        context.surface = None
        context.commands = []
        output = _Fingerprint()
        handler = self._runtime.broker.handler(context)
        outcome = self._runtime.runner.run(self._prepared.job(engine), output, handler, self._prepared.deadline())
        observed = _Observed(
            ended=outcome.exit_code if outcome.trap is None else outcome.trap.message,
            stdout=output.hashes["stdout"].hexdigest(),
            stderr=output.hashes["stderr"].hexdigest(),
            commands=tuple((line.argv, line.ended) for line in context.commands),
        )
        self._reference = self._reference or observed
        self._difference = self._difference or self._reference.difference(observed)
        return _sample(outcome)

    def _enough(self, started: float) -> bool:
        jit, interpreter = ([sample.run for sample in self._samples[name]] for name in ENGINES)
        if len(jit) < _LEAST:
            return False
        if len(jit) >= _MOST or time.monotonic() - started >= _BUDGET:
            return True
        return ratio_of_medians(interpreter, jit).relative_width < _GOOD_ENOUGH

    def _progress(self) -> None:
        """Say how far it is, at most twice a second, where a line can be replaced."""
        surface, now = self._prepared.surface, time.monotonic()
        if not surface.live or now - self._shown_at < _PROGRESS:
            return
        self._shown_at = now
        taken = len(self._samples["jit"])
        total = sum(sample.run for samples in self._samples.values() for sample in samples)
        text = f"measuring: {taken} + {taken} samples, {duration(total)} in the guest so far"
        bundle = {"text/plain": text, "text/html": f"<em>{text}</em>"}
        if self._handle is None:
            self._handle = surface.show(bundle)
        else:
            self._handle.update(bundle)


def _sample(outcome: Outcome) -> Sample:
    return Sample(outcome.load, outcome.instantiate, max(outcome.run - outcome.host, 1e-9), outcome.host)


def compare(runtime: Runtime, prepared: Prepared) -> RunResult:
    """Run a guest once for the cell to show, then silently in both engines in turn, and show the comparison.

    Outputs, exit statuses and commands of all runs must be equal, or no ratio is shown.  An answer that the person
    gives in the shown run holds for the repeated ones.

    Returns
    -------
    RunResult
        Of the shown run.

    Raises
    ------
    GuestInterrupted, LoadError, WorkerDied
        As `Runtime.run`.
    """
    prepared.context.repeated = True
    result = runtime.run(prepared, ENGINES[0])
    if result.outcome.trap is not None or result.denials:
        return result
    measurement = _Measurement(runtime, prepared)
    try:
        comparison = measurement.take()
    except KeyboardInterrupt:
        raise GuestInterrupted("the measurement was interrupted; the output above is of one run") from None
    measurement.show(comparison)
    return result
