"""The seam between a question and whoever answers it.

Code that needs a decision knows this interface only, never a widget or a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ssvm_kernel.capabilities.model import ArgvRule, Scope
from ssvm_kernel.capabilities.network import Request
from ssvm_kernel.host.waiting import Wait

__all__ = ["Answer", "Decider", "Offer", "Question", "Wait"]


@dataclass(frozen=True)
class Offer:
    """One choice that the person may take.

    Parameters
    ----------
    id : str
        Short name that a view sends back, e.g. ``"once"``, ``"session"``, ``"deny"``.
    label : str
        What the person reads.
    allow : bool
        Whether it allows.
    scope : Scope
        How long it holds.
    rule : ArgvRule or None
        Which arguments the answer covers from now on; None for this one request.
    """

    id: str
    label: str
    allow: bool
    scope: Scope
    rule: ArgvRule | None = None


@dataclass(frozen=True)
class Question:
    """A request, what may be answered, and the line of code that would have answered it.

    Parameters
    ----------
    request : CommandRequest or ConnectionRequest
        What is asked.
    offers : sequence of Offer
        The choices, the safest (deny) first.
    grant_line : str
        The option that would grant it, e.g. ``--allow-command "git status"``.
    note : str
        Why the person is asked although there are grants (a changed program ...); empty as a rule.
    """

    request: Request
    offers: Sequence[Offer]
    grant_line: str
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back: one of the offers, and how it was given (``"widget"``, ``"stdin"``, ``"nobody"`` ...)."""

    offer: Offer
    via: str
    reason: str = ""


class Decider(Protocol):
    """Something that can put a question to a person, or answer it by itself."""

    name: str

    def decide(self, question: Question, wait: Wait) -> Answer | None:
        """Return the answer, or None when it cannot ask here and the next decider should try.

        Runs on the main thread of a busy kernel. Must end promptly on KeyboardInterrupt, and clean up what it showed.
        """
        ...
