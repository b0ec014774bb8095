"""A comparison of engines as text and as HTML without script: sentence, split bars, table, all samples, warm-up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from ssvm_kernel.display.stats import median_interval, outliers
from ssvm_kernel.display.style import BAR_COLOURS, CELL, MUTED, PRE, ROW, TABLE
from ssvm_kernel.display.text import duration, escape

if TYPE_CHECKING:
    from ssvm_kernel.display.timings import Comparison

__all__ = ["html", "text"]

_WIDTH: Final = 36
_GLYPHS: Final = {"compile": "▓", "load": "▒", "instantiate": "░", "run": "█", "host": "·"}
_LEVELS: Final = " ▁▂▃▄▅▆▇█"
_CHART: Final = PRE.replace("pre-wrap", "pre")
_STRIPS: Final = "Run times of each sample (├─╋─┤ median and its 95 % interval):"
_WARMUP: Final = "Run by run, each engine to its own scale from 0 (before ┊: warm-up, dropped):"


def text(comparison: Comparison) -> str:
    """Return all that is known in text."""
    return "\n".join(
        [
            comparison.sentence(),
            *(f"  {note}" for note in comparison.notes()),
            *_bars(comparison.rows()),
            *_samples(comparison),
        ]
    )


def html(comparison: Comparison) -> str:
    """Return the same as HTML."""
    colour = "color:var(--jp-error-color1,#d32f2f);" if comparison.difference else ""
    notes = "".join(f'<p style="margin:2px 0;{MUTED}">{escape(note)}</p>' for note in comparison.notes())
    rows = comparison.rows()
    body = "".join(_html_row(comparison, name, parts) for name, parts in rows)
    parts = "".join(
        f'<th style="{CELL}"><span style="display:inline-block;width:.7em;height:.7em;background:{BAR_COLOURS[part]}">'
        f"</span> {part}</th>"
        for part in _GLYPHS
    )
    more = "".join(f'<th style="{CELL}">{name}</th>' for name in ("95 % interval of run", "samples"))
    table = (
        f'<table style="{TABLE};width:100%;table-layout:auto"><tr><th style="{CELL}">engine</th>'
        f'<th style="{CELL};{MUTED}">first run, split</th>{parts}{more}</tr>{body}</table>'
        if rows
        else ""
    )
    samples = "\n".join(_samples(comparison))
    details = f'<details><summary style="{MUTED}">All samples</summary>{_pre(samples)}</details>' if samples else ""
    return (
        f'<div style="{ROW}"><p style="margin:2px 0;font-weight:600;{colour}">{escape(comparison.sentence())}</p>'
        f"{notes}{table}{details}</div>"
    )


def _bars(rows: Sequence[tuple[str, Mapping[str, float]]]) -> Iterator[str]:
    """One split bar an engine, each scaled to its own total, with its figures."""
    for name, parts in rows:
        total = sum(parts.values()) or 1.0
        ends = [round(_WIDTH * end / total) for end in accumulate(parts.values(), initial=0.0)]
        bar = "".join(_GLYPHS[part] * (end - begin) for part, (begin, end) in zip(parts, pairwise(ends), strict=True))
        figures = "  ".join(f"{_GLYPHS[part]} {part} {duration(seconds)}" for part, seconds in parts.items())
        yield f"{name:>11} {bar:<{_WIDTH}} {duration(total)}"
        yield f"{'':>11} {figures}"


def _samples(comparison: Comparison) -> Iterator[str]:
    """All samples as strips, and run by run; nothing of runs that were not equal, whose times mean nothing."""
    if comparison.difference or not any(comparison.runs.values()):
        return
    yield _STRIPS
    for name in comparison.engines:
        seconds = comparison.seconds(name)
        if seconds:
            yield from _strip(name, seconds)
    yield _WARMUP
    for name, counted in comparison.runs.items():
        dropped = [sample.run for sample in comparison.warmup.get(name, ())]
        yield f"{name:>11} {_spark(dropped, [sample.run for sample in counted])}"


def _strip(name: str, seconds: Sequence[float]) -> Iterator[str]:
    """Yield a histogram of one engine's samples from the least to the most, and below it the median's interval."""
    low, high = min(seconds), max(seconds)
    scale = (_WIDTH - 1) / (high - low) if high > low else 0.0

    def place(value: float) -> int:
        return min(_WIDTH - 1, max(0, round((value - low) * scale)))

    counts = [0] * _WIDTH
    for value in seconds:
        counts[place(value)] += 1
    most = max(counts)
    marks = "".join(_LEVELS[math.ceil(count / most * 8)] for count in counts).rstrip()
    odd = sum(outliers(seconds))
    interval = median_interval(seconds)
    yield f"{name:>11} {marks}  {duration(low)} to {duration(high)}, {_count(odd)}"
    line = [" "] * _WIDTH
    left, middle, right = map(place, (interval.low, interval.value, interval.high))
    line[left : right + 1] = "─" * (right + 1 - left)
    line[left], line[right], line[middle] = "├", "┤", "╋"
    told = f"{duration(interval.value)} ({duration(interval.low)} to {duration(interval.high)})"
    yield f"{'':>11} {''.join(line).rstrip()}  {told}"


def _spark(dropped: Sequence[float], counted: Sequence[float]) -> str:
    most = max((*dropped, *counted))

    def mark(value: float) -> str:
        return _LEVELS[min(8, max(1, math.ceil(value / most * 8)))]

    return f"{''.join(map(mark, dropped))}┊{''.join(map(mark, counted))}"


def _count(outliers_: int) -> str:
    return f"{outliers_ or 'no'} outlier{'' if outliers_ == 1 else 's'}"


def _pre(lines: str) -> str:
    return f'<pre style="{_CHART}">{escape(lines)}</pre>'


def _html_row(comparison: Comparison, name: str, parts: Mapping[str, float]) -> str:
    seconds = comparison.seconds(name)
    interval = median_interval(seconds)
    figures = [
        name,
        *(duration(value) for value in parts.values()),
        f"{duration(interval.low)} to {duration(interval.high)}",
        f"{len(seconds)}, {_count(sum(outliers(seconds)))}",
    ]
    first, *others = (f'<td style="{CELL}">{escape(figure)}</td>' for figure in figures)
    bar = f'<td style="{CELL};min-width:120px;width:34%">{_html_bar(parts)}</td>'
    return f"<tr>{first}{bar}{''.join(others)}</tr>"


def _html_bar(parts: Mapping[str, float]) -> str:
    total = sum(parts.values()) or 1.0
    pieces = "".join(
        f'<span style="display:inline-block;height:1em;width:{100 * seconds / total:.2f}%;'
        f'background:{BAR_COLOURS[part]}" title="{part} {duration(seconds)}"></span>'
        for part, seconds in parts.items()
    )
    return f'<div style="font-size:12px;line-height:1;white-space:nowrap;width:100%">{pieces}</div>'
