"""The little statistics that a comparison of two engines needs."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Interval", "break_even", "ratio_of_medians"]

_RESAMPLES = 1000


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
    ratios = sorted(
        median(source.choices(slow, k=len(slow))) / median(source.choices(fast, k=len(fast))) for _ in range(_RESAMPLES)
    )
    low, high = ratios[int(0.025 * _RESAMPLES)], ratios[int(0.975 * _RESAMPLES) - 1]
    return Interval(median(slow) / median(fast), low, high)


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
