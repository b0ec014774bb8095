"""JIT against interpreter, for people: one sentence, then where each engine's time went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from ssvm_kernel.display.stats import break_even, ratio_of_medians
from ssvm_kernel.display.style import BAR_COLOURS, CELL, MUTED, ROW, TABLE
from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.display.text import duration, escape

__all__ = ["Comparison", "Sample"]

_PARTS: Final = ("compile", "load", "instantiate", "run", "host")
_BAR: Final = 40
_GLYPHS: Final = dict(zip(_PARTS, "▓▒░█·", strict=True))


@dataclass(frozen=True)
class Sample:
    """Seconds of one run: reading machine code, instantiating, in the guest without commands, and in commands."""

    load: float
    instantiate: float
    run: float
    host: float


@dataclass(frozen=True)
class Comparison:
    """Samples of the same guest in both engines.

    Parameters
    ----------
    samples : mapping of str to sequence of Sample
        By engine, ``"jit"`` and ``"interpreter"``.
    compile : mapping of str to float
        Seconds that each engine took to compile the module, not from a cache.
    difference : str
        What differed between the runs (outputs, statuses, commands), empty when nothing did.
    dropped : int
        Warm-up runs of each engine that were not counted.
    """

    samples: Mapping[str, Sequence[Sample]]
    compile: Mapping[str, float]
    difference: str = ""
    dropped: int = 1

    def sentence(self) -> str:
        """Return the result in one sentence, or why there is none."""
        if self.difference:
            return f"No ratio: the runs were not equal. {self.difference}"
        jit, interpreter = ([s.run for s in self.samples[name]] for name in ("jit", "interpreter"))
        counts = f"{len(jit)} + {len(interpreter)} samples, {2 * self.dropped} warm-up runs dropped."
        ratio = ratio_of_medians(interpreter, jit)
        cost = self.compile["jit"]
        runs = break_even(cost - self.compile["interpreter"], median(interpreter), median(jit))
        repaid = "never repaid" if runs is None else "repaid at once" if runs <= 1 else f"repaid after {runs:,} runs"
        factor, low, high = ratio.value, ratio.low, ratio.high
        word = "faster"
        if factor < 1:
            factor, low, high, word = 1 / factor, 1 / high, 1 / low, "slower"
        return (
            f"JIT is {_factor(factor)}x {word} per run (95 % interval {_factor(low)} to {_factor(high)}). "
            f"Compiling cost {duration(cost)}, {repaid}. {counts}"
        )

    def rows(self) -> list[tuple[str, dict[str, float]]]:
        """Return each engine's medians by part, seconds."""
        return [
            (
                name,
                {"compile": self.compile[name]}
                | {part: median(getattr(sample, part) for sample in samples) for part in _PARTS[1:]},
            )
            for name, samples in self.samples.items()
            if samples
        ]

    def bundle(self) -> Bundle:
        """Return the comparison in its forms."""
        sentence, rows = self.sentence(), self.rows()
        return {
            "text/plain": "\n".join([sentence, *_text_bars(rows)]),
            "text/html": _html(sentence, rows, bad=bool(self.difference)),
            "application/vnd.ssvm.timings+json": self.data(),
        }

    def data(self) -> dict[str, Any]:
        """Return everything that was measured as JSON data."""
        return {
            "version": 1,
            "sentence": self.sentence(),
            "equal": not self.difference,
            "compile": dict(self.compile),
            "samples": {name: [vars(sample) for sample in samples] for name, samples in self.samples.items()},
        }


def _factor(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def _text_bars(rows: Sequence[tuple[str, Mapping[str, float]]]) -> list[str]:
    """One split bar an engine, each scaled to its own total, with its figures."""
    lines = []
    for name, parts in rows:
        total = sum(parts.values()) or 1.0
        bar = "".join(_GLYPHS[part] * round(_BAR * seconds / total) for part, seconds in parts.items())
        figures = "  ".join(f"{_GLYPHS[part]} {part} {duration(seconds)}" for part, seconds in parts.items())
        lines += [f"{name:>11} {bar[:_BAR]:<{_BAR}} {duration(total)}", f"{'':>11} {figures}"]
    return lines


def _html(sentence: str, rows: Sequence[tuple[str, Mapping[str, float]]], *, bad: bool) -> str:
    colour = "color:var(--jp-error-color1,#d32f2f);" if bad else ""
    body = "".join(
        f'<tr><td style="{CELL}">{escape(name)}</td><td style="{CELL};width:50%">{_html_bar(parts)}</td>'
        + "".join(f'<td style="{CELL}">{duration(seconds)}</td>' for seconds in parts.values())
        + "</tr>"
        for name, parts in rows
    )
    head = "".join(
        f'<th style="{CELL}"><span style="display:inline-block;width:.7em;height:.7em;background:{BAR_COLOURS[part]}">'
        f"</span> {part}</th>"
        for part in _PARTS
    )
    return (
        f'<div style="{ROW}"><p style="margin:2px 0;font-weight:600;{colour}">{escape(sentence)}</p>'
        f'<table style="{TABLE};width:100%"><tr><th style="{CELL}">engine</th><th style="{CELL};{MUTED}">'
        f"one run, split</th>{head}</tr>{body}</table></div>"
    )


def _html_bar(parts: Mapping[str, float]) -> str:
    total = sum(parts.values()) or 1.0
    pieces = "".join(
        f'<span style="display:inline-block;height:1em;width:{100 * seconds / total:.2f}%;'
        f'background:{BAR_COLOURS[part]}" title="{part} {duration(seconds)}"></span>'
        for part, seconds in parts.items()
    )
    return f'<div style="font-size:12px;line-height:1;white-space:nowrap;width:100%">{pieces}</div>'
