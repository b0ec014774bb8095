"""``%ssvm pick``: give a guest a folder by picking it."""

from __future__ import annotations

from ssvm_kernel.commands.base import Command
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session

__all__ = ["COMMAND"]


def _pick(session: Session, parsed: Parsed[LineTraits], label: str) -> None:
    session.folders.pick(session.find(parsed.words[0]), label)


COMMAND = Command(
    "%ssvm pick NAME", "Pick a folder for a guest; its runs see it from then on.", LineTraits, (1, 1), _pick
)
