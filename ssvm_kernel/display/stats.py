"""The little statistics that a comparison of engines needs; the base installation has no numpy, and this needs none."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

__all__ = ["Interval", "break_even", "median_interval", "outliers", "ratio_of_medians", "spread"]

_RESAMPLES = 1000
_FENCE = 1.5


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def relative_width(self) -> float:
        """Width of the interval, as a part of the value."""
        return (self.high - self.low) / self.value if self.value else math.inf


def ratio_of_medians(slow: Sequence[float], fast: Sequence[float], seed: int = 0) -> Interval:
    """Return median(slow) / median(fast) with a percentile bootstrap interval.

    Parameters
    ----------
    slow, fast : sequence of float
        Samples, seconds; at least one each, all above 0.
    seed : int
        Resampling is random and repeatable.

    Notes
    -----
    Percentile bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    source = random.Random(seed)  # noqa: S311  (statistics, not secrets)
    pairs = zip(_medians(source, slow), _medians(source, fast), strict=False)
    return _percentiles(median(slow) / median(fast), [above / below for above, below in pairs])


def median_interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Return the median with a percentile bootstrap interval.

    Parameters
    ----------
    values : sequence of float
        Samples; at least one.
    seed : int
        Resampling is random and repeatable.
    """
    source = random.Random(seed)  # noqa: S311  (statistics, not secrets)
    return _percentiles(median(values), list(_medians(source, values)))


def outliers(values: Sequence[float]) -> tuple[bool, ...]:
    """Tell for each sample whether it is an outlier: more than 1.5 interquartile ranges outside the quartiles.

    Notes
    -----
    Tukey, Exploratory Data Analysis (1977).  With fewer than four samples nothing is one.
    """
    if len(values) < 4:
        return (False,) * len(values)
    low, _, high = quantiles(values, n=4, method="inclusive")
    room = _FENCE * (high - low)
    return tuple(not low - room <= value <= high + room for value in values)


def spread(values: Sequence[float]) -> float:
    """Return the interquartile range as a part of the median: how wide the middle half of the samples is."""
    if len(values) < 2:
        return 0.0
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return (high - low) / middle if middle else math.inf


def break_even(extra_cost: float, slow: float, fast: float) -> int | None:
    """Return the least number of runs that repay a cost paid once, None when no number does.

    Parameters
    ----------
    extra_cost : float
        Seconds paid once by the fast side beyond the slow side; 0 or less is repaid at once.
    slow, fast : float
        Seconds per run.
    """
    if slow <= fast:
        return 0 if extra_cost < 0 and slow == fast else None
    return max(0, math.floor(extra_cost / (slow - fast)) + 1) if extra_cost >= 0 else 0


def _medians(source: random.Random, values: Sequence[float]) -> Iterator[float]:
    """Yield medians of samples drawn anew from `values`."""
    count = len(values)
    for _ in range(_RESAMPLES):
        yield median(source.choices(values, k=count))


def _percentiles(value: float, estimates: list[float]) -> Interval:
    estimates.sort()
    return Interval(value, estimates[int(0.025 * _RESAMPLES)], estimates[int(0.975 * _RESAMPLES) - 1])
