"""Interleaved measurements: medians, ratios pair by pair, a table and a JSON file."""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

__all__ = ["Row", "absolute", "finish", "pairs", "timed", "write_readme"]

RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parent / "README.md"
_INTRODUCTION = """# Benchmarks

`make bench` runs all of them and writes this page; `python -m benchmarks.NAME` runs one. Each compares two sides in one
run, in turn (A B B A), and tells the median of the ratios: absolute times drift from hour to hour, ratios hardly do.
Figures of a busy machine are worth little; the lowest and highest ratio show how busy it was.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    name : str
        What was compared.
    ours, theirs : float
        Medians, in `unit`; `theirs` is 0 for a figure that stands alone.
    ratio : float
        Median of the ratios pair by pair, ours over theirs; for a lone figure, the figure.
    goal : float
        What to reach, in the ratio's unit.
    at_least : bool
        Whether the goal is a lower bound.
    """

    name: str
    ours: float
    theirs: float
    ratio: float
    goal: float
    unit: str = "ms"
    at_least: bool = False
    samples: int = 0
    spread: tuple[float, float] = field(default=(0.0, 0.0))

    @property
    def reached(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal


def timed(function: Callable[[], object]) -> float:
    """Return the milliseconds that one call takes."""
    started = time.perf_counter()
    function()
    return (time.perf_counter() - started) * 1e3


def pairs(
    name: str,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    *,
    goal: float,
    rounds: int = 15,
    warmup: int = 2,
    at_least: bool = False,
) -> Row:
    """Measure two sides in turn, A B B A, and return medians and the median ratio.

    Parameters
    ----------
    ours, theirs : callable
        Each returns one sample in milliseconds.
    goal : float
        Wanted ratio.
    """
    for _ in range(warmup):
        ours()
        theirs()
    samples: list[tuple[float, float]] = []
    gc.collect()
    gc.disable()
    try:
        for index in range(rounds):
            if index % 2:
                second = theirs()
                first = ours()
            else:
                first = ours()
                second = theirs()
            samples.append((first, second))
    finally:
        gc.enable()
    ratios = sorted(first / second for first, second in samples)
    row = Row(
        name,
        median(first for first, _ in samples),
        median(second for _, second in samples),
        median(ratios),
        goal,
        at_least=at_least,
        samples=rounds,
        spread=(ratios[0], ratios[-1]),
    )
    print(f"  {name}: {row.ratio:.2f}", file=sys.stderr, flush=True)
    return row


def absolute(name: str, sample: Callable[[], float], *, goal: float, rounds: int = 10, warmup: int = 1) -> Row:
    """Measure one figure in milliseconds that has a goal of its own."""
    for _ in range(warmup):
        sample()
    samples = sorted(sample() for _ in range(rounds))
    row = Row(name, median(samples), 0.0, median(samples), goal, samples=rounds, spread=(samples[0], samples[-1]))
    print(f"  {name}: {row.ratio:.1f} ms", file=sys.stderr, flush=True)
    return row


def finish(benchmark: str, rows: list[Row]) -> None:
    """Print the table, and write it with what it was measured on to ``results/<benchmark>.json``."""
    facts = machine()
    RESULTS.mkdir(exist_ok=True)
    data = {"benchmark": benchmark, "machine": facts, "rows": [asdict(row) for row in rows]}
    (RESULTS / f"{benchmark}.json").write_text(json.dumps(data, indent=1) + "\n")
    print(table(benchmark, rows, facts))


def write_readme() -> None:
    """Write the page with the last table of every benchmark."""
    tables = []
    for path in sorted(RESULTS.glob("*.json")):
        data = json.loads(path.read_text())
        rows = [Row(**row) for row in data["rows"]]
        tables.append(table(data["benchmark"], rows, data["machine"]))
    README.write_text("\n".join([_INTRODUCTION, *tables]))


def table(benchmark: str, rows: list[Row], facts: Mapping[str, str]) -> str:
    """Return the result as a Markdown table."""
    lines = [
        f"## {benchmark}",
        "",
        ", ".join(f"{key} {value}" for key, value in facts.items()),
        "",
        "| what | ours | other | ratio (lowest to highest) | goal | |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        other = f"{row.theirs:.3g} {row.unit}" if row.theirs else ""
        ratio = (
            f"**{row.ratio:.2f}** ({row.spread[0]:.2f} to {row.spread[1]:.2f})"
            if row.theirs
            else (f"**{row.ratio:.0f} {row.unit}** ({row.spread[0]:.0f} to {row.spread[1]:.0f})")
        )
        bound = "at least" if row.at_least else "at most"
        reached = "reached" if row.reached else "missed"
        lines.append(
            f"| {row.name} | {row.ours:.3g} {row.unit} | {other} | {ratio} | {bound} {row.goal:g} | {reached} |"
        )
    return "\n".join(lines) + "\n"


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    return {
        "Python": platform.python_version(),
        "wasmtime": version("wasmtime"),
        "ipykernel": version("ipykernel"),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "cores": str(os.cpu_count()),
    }
