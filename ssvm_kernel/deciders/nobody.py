"""The decider for when there is nobody to ask: it denies at once (rule 10)."""

from __future__ import annotations

from ssvm_kernel.deciders.base import Answer, Question, Wait
from ssvm_kernel.deciders.offers import DENY

__all__ = ["NobodyDecider"]


class NobodyDecider:
    """Denies every question; the last link of every chain, so that a run without a front end never hangs (U25)."""

    name = "nobody"

    def decide(self, question: Question, wait: Wait) -> Answer:  # noqa: ARG002 - asks nobody
        """Return a denial; whoever shows it adds the line that would grant the request."""
        reason = "nobody can be asked here"
        return Answer(offer=DENY, via=self.name, reason=reason)
