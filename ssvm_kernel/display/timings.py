"""Engines compared: what was measured, and what it means in one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from statistics import mean, median, stdev
from typing import TYPE_CHECKING, Any, Final

from ssvm_kernel.display.stats import Interval, break_even, outliers, ratio_of_medians, spread
from ssvm_kernel.display.surface import Bundle, running_cell
from ssvm_kernel.display.text import duration

if TYPE_CHECKING:
    from ssvm_kernel.display.timing_plots import Plot

__all__ = ["LEAST", "MIME", "PARTS", "Comparison", "Sample", "named"]

MIME: Final = "application/vnd.ssvm.timings+json"
"""Type of a comparison as data; version 2."""
PARTS: Final = ("compile", "load", "instantiate", "run", "host")
"""Where the time of an engine's first run goes."""
LEAST: Final = 5
"""Samples of each engine below which there is no ratio."""
_NOISY: Final = 0.10
_SHORT: Final = 150e-6  # the call alone takes 30 to 60 µs
_NAMES: Final = {"jit": "JIT", "jit-o0": "JIT without optimisation", "interpreter": "the interpreter"}


@dataclass(frozen=True)
class Sample:
    """Seconds of one run: reading machine code, instantiating, in the guest without commands, and in commands."""

    load: float
    instantiate: float
    run: float
    host: float


@dataclass(frozen=True, repr=False)
class Comparison:
    """Samples of the same guest in several engines, the first of which is compared with the others.

    Parameters
    ----------
    runs : mapping of str to sequence of Sample
        The samples that count, by engine.
    compile : mapping of str to float
        Seconds that each engine took to compile the module, not from a cache.
    difference : str
        What differed between the runs (outputs, statuses, commands), empty when nothing did.
    warmup : mapping of str to sequence of Sample
        The first runs, by engine, which do not count.
    cached : bool
        Whether the engines read their machine code from the compile cache in each sample.
    guest : str
        Its name.
    ending : str
        Why there are no more samples, in words; empty when there are as many as were wanted.
    cell : object
        The cell that shows it already.
    """

    runs: Mapping[str, Sequence[Sample]]
    compile: Mapping[str, float]
    difference: str = ""
    warmup: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    cached: bool = False
    guest: str = "guest"
    ending: str = ""
    cell: object = None

    @property
    def enough(self) -> bool:
        """Whether there are samples enough for a ratio."""
        return min(map(len, self.runs.values())) >= LEAST

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines' names."""
        return tuple(self.runs)

    @cached_property
    def ratios(self) -> dict[str, Interval]:
        """How many times as long as in the first engine a run takes in each other; empty where that has no meaning."""
        if self.difference or not self.enough:
            return {}
        first, *others = self.engines
        return {other: ratio_of_medians(self.seconds(other), self.seconds(first)) for other in others}

    def seconds(self, engine: str) -> list[float]:
        """Return the seconds in the guest, of each sample that counts."""
        return [sample.run for sample in self.runs[engine]]

    @property
    def samples(self) -> Any:
        """All runs in the order in which each engine had them: a ``pandas.DataFrame``, or dictionaries without pandas.

        ``engine``, ``number``, ``warmup`` (it does not count), ``outlier``, and seconds: ``load``, ``instantiate``,
        ``run``, ``host``.
        """
        rows = list(self._rows())
        try:
            import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            return rows
        return pandas.DataFrame(rows)

    def _rows(self) -> Iterator[dict[str, Any]]:
        for engine, counted in self.runs.items():
            dropped = self.warmup.get(engine, ())
            odd = chain((False for _ in dropped), outliers(self.seconds(engine)))
            for number, (sample, outlier) in enumerate(zip((*dropped, *counted), odd, strict=True)):
                warm = number < len(dropped)
                yield {"engine": engine, "number": number, "warmup": warm, "outlier": outlier, **asdict(sample)}

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the samples in the form that ``hyperfine --export-json`` writes, and write them to `path` if given.

        Seconds are those inside the guest, without commands.  ``user`` and ``system`` are not measured.
        """
        results = [self._result(engine) for engine, samples in self.runs.items() if samples]
        text = json.dumps({"results": results}, indent=2)
        if path is not None:
            Path(path).expanduser().write_text(text + "\n", encoding="utf-8")
        return text

    def _result(self, engine: str) -> dict[str, Any]:
        times = self.seconds(engine)
        return {
            "command": f"{self.guest} ({engine})",
            "mean": mean(times),
            "stddev": stdev(times) if len(times) > 1 else None,
            "median": median(times),
            "user": None,
            "system": None,
            "min": min(times),
            "max": max(times),
            "times": times,
            "parameters": {"engine": engine},
        }

    def plot(self) -> Plot:
        """Return the samples as a plot, for a cell to show."""
        from ssvm_kernel.display.timing_plots import Plot

        return Plot(self)

    def sentence(self) -> str:
        """Return the result in one sentence, or why there is none."""
        if self.difference:
            return f"No ratio: the runs were not equal. {self.difference}"
        counts = " + ".join(str(len(samples)) for samples in self.runs.values())
        if not self.enough:
            return f"No ratio: {counts} samples are too few, {LEAST} of each engine are needed."
        first, *_, last = self.engines
        than = "" if (first, last) == ("jit", "interpreter") else f" than {named(last)}"
        dropped = sum(map(len, self.warmup.values()))
        return (
            f"{_capital(named(first))} {_compared(self.ratios[last], than)}. {self._cost(last)}. "
            f"{counts} samples, {dropped} warm-up runs dropped."
        )

    def notes(self) -> Iterator[str]:
        """Yield what a reader must know besides."""
        if self.ending:
            yield self.ending
        if self.difference:
            return
        for other in self.engines[1:-1]:
            if other in self.ratios:
                compared = _compared(self.ratios[other], f" than {named(other)}")
                yield f"{_capital(named(self.engines[0]))} {compared}. {self._cost(other)}."
        noisy = {engine: spread(self.seconds(engine)) for engine in self.engines}
        noisy = {engine: wide for engine, wide in noisy.items() if wide > _NOISY}
        if noisy:
            told = ", ".join(f"{100 * wide:.0f} % in {named(engine)}" for engine, wide in noisy.items())
            yield f"Noisy machine: the middle half of the samples spreads over this much of the median: {told}."
        odd = {engine: sum(outliers(self.seconds(engine))) for engine in self.engines}
        if any(odd.values()):
            told = ", ".join(f"{count} in {named(engine)}" for engine, count in odd.items() if count)
            yield f"Outliers: {told}. They count like the others."
        if any(samples and median(self.seconds(engine)) < _SHORT for engine, samples in self.runs.items()):
            yield "Runs this short are to a good part the call itself: give the guest more to do."

    def _cost(self, other: str) -> str:
        """Return what the first engine's compiling cost, and when that is repaid, cold and from the cache."""
        first = self.engines[0]
        cost = self.compile[first]
        if _undecided(self.ratios[other]):
            dearer = cost > self.compile[other]
            told = "; whether that is ever repaid cannot be told" if dearer else ", no more than in the other engine"
            return f"Compiling cost {duration(cost)}{told}"
        cold = self._repaid(cost - self.compile[other], other)
        text = f"Compiling cost {duration(cost)}, {cold}"
        if not self.cached:
            return text
        loads = {engine: median(sample.load for sample in self.runs[engine]) for engine in (first, other)}
        warm = self._repaid(loads[first] - loads[other], other)
        return f"{text}; from the compile cache {duration(loads[first])}, {warm}"

    def _repaid(self, extra: float, other: str) -> str:
        """Say after how many runs the first engine is ahead of another."""
        first, slow = (
            median(sample.instantiate + sample.run for sample in self.runs[engine])
            for engine in (self.engines[0], other)
        )
        runs = break_even(extra, slow, first)
        return "never repaid" if runs is None else "repaid at once" if runs <= 1 else f"repaid after {runs:,} runs"

    def rows(self) -> list[tuple[str, dict[str, float]]]:
        """Return each engine's medians by part, seconds."""
        return [
            (
                name,
                {"compile": self.compile[name]}
                | {part: median(getattr(sample, part) for sample in samples) for part in PARTS[1:]},
            )
            for name, samples in self.runs.items()
            if samples
        ]

    def bundle(self) -> Bundle:
        """Return the comparison in its forms."""
        from ssvm_kernel.display.timing_forms import html, text

        return {"text/plain": text(self), "text/html": html(self), MIME: self.data()}

    def data(self) -> dict[str, Any]:
        """Return everything that was measured as JSON data."""
        return {
            "version": 2,
            "guest": self.guest,
            "sentence": self.sentence(),
            "notes": list(self.notes()),
            "equal": not self.difference,
            "ratios": {name: asdict(ratio) for name, ratio in self.ratios.items()},
            "compile": dict(self.compile),
            "samples": list(self._rows()),
        }

    def __repr__(self) -> str:
        return str(self.bundle()["text/plain"])

    def _ipython_display_(self) -> None:
        """Show it; nothing as the value of the cell that measured, which shows it already."""
        if self.cell is not None and self.cell == running_cell():
            return
        from IPython.display import display

        display(self.bundle(), raw=True)


def named(engine: str) -> str:
    """Return an engine's name in a sentence."""
    return _NAMES.get(engine, engine)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _undecided(ratio: Interval) -> bool:
    """Tell whether the interval has both sides, or nothing but the middle."""
    return ratio.low <= 1 <= ratio.high


def _compared(ratio: Interval, than: str) -> str:
    """Return what one engine is to another; no winner where the interval has both."""
    if _undecided(ratio):
        return (
            f"is as fast as {than.removeprefix(' than ') or named('interpreter')}, as far as can be told: "
            f"ratio {ratio.value:.2f} (95 % interval {ratio.low:.2f} to {ratio.high:.2f})"
        )
    factor, low, high, word = ratio.value, ratio.low, ratio.high, "faster"
    if factor < 1:
        factor, low, high, word = 1 / factor, 1 / high, 1 / low, "slower"
    return f"is {_factor(factor)}x {word} per run{than} (95 % interval {_factor(low)} to {_factor(high)})"


def _factor(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"
