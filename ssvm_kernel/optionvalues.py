"""Words of a line to the values of options."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from traitlets import Float, Int

__all__ = ["value_of"]


def value_of(trait: Any) -> Callable[[str], Any]:
    """Return what makes a trait's value of a word; it raises ValueError for a word that is none."""
    if isinstance(trait, Int):
        return int
    return _finite if isinstance(trait, Float) else str


def _finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError("no clock counts to that")
    return number
