"""What a subcommand is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ssvm_kernel.display.surface import current_surface
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session

__all__ = ["Command", "say"]


@dataclass(frozen=True)
class Command:
    """One subcommand of ``%ssvm``.

    Parameters
    ----------
    usage, summary : str
        Its line in the help, and what it is for.
    traits : type
        Its options.
    words : tuple of int
        The least and the most words that it takes.
    run : callable
        Gets session, parsed line and the cell's label; what it returns is shown by the notebook.
    choices : callable or None
        Returns what its words may be, where that is a list and no guest.
    """

    usage: str
    summary: str
    traits: type[LineTraits]
    words: tuple[int, int]
    run: Callable[[Session, Parsed[Any], str], Any]
    choices: Callable[[], Iterable[str]] | None = None


def say(text: str) -> None:
    """Write a line to the cell or the terminal."""
    current_surface().write("stdout", f"{text}\n")
