"""Words of a line to the values of options, and what to do about a word that is none."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from typing import Any, Final

from traitlets import Float, Int

__all__ = ["expected", "instead_of", "value_of"]

_COUNTLESS: Final = 2**62  # a limit that no person comes to


def value_of(trait: Any) -> Callable[[str], Any]:
    """Return what makes a trait's value of a word; it raises ValueError for a word that is none."""
    if isinstance(trait, Int):
        return int
    return _finite if isinstance(trait, Float) else str


def instead_of(flag: str, flags: Iterable[str]) -> str:
    """Return what to write in the place of an option that there is not."""
    if flag[1:2].isdigit():
        return "numbers and other words for the guest follow --"
    near = difflib.get_close_matches(flag, [*flags, "--help"], 1, 0.5) if len(flag) > 2 else []
    return f"did you mean {near[0]}?" if near else "see --help"


def expected(trait: Any) -> str:
    """Return which numbers a trait takes, to be read after what it does not; empty for one that takes words."""
    if not isinstance(trait, Int | Float):
        return ""
    kind, form = ("a whole number", ",") if isinstance(trait, Int) else ("a number", ",.10g")
    least, most = (None if limit is None or abs(limit) > _COUNTLESS else limit for limit in (trait.min, trait.max))
    if least is None:
        return f", but {kind}"
    to = f"to {most:{form}}" if most is not None else "on"
    return f", but {kind} from {least:{form}} {to}"


def _finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError("no clock counts to that")
    return number
