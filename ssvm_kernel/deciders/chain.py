"""Who is asked first, who next: the first decider that can put the question answers it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ssvm_kernel.deciders.base import Answer, Decider, Question, Wait
from ssvm_kernel.deciders.dialog import DialogDecider
from ssvm_kernel.deciders.facts import too_long_to_show
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.deciders.offers import DENY
from ssvm_kernel.deciders.stdin import StdinDecider
from ssvm_kernel.deciders.widget import WidgetDecider

__all__ = ["DeciderChain", "default_chain"]


class DeciderChain:
    """Puts each question to the deciders in turn; denies when none of them can ask.

    Parameters
    ----------
    deciders : sequence of Decider
        The first is asked first.
    """

    name = "chain"

    def __init__(self, deciders: Sequence[Decider]) -> None:
        self.deciders = tuple(deciders)
        self._asking = threading.Lock()

    def decide(self, question: Question, wait: Wait) -> Answer:
        """Return the answer to one question; at most one is open at a time (rule 13, U06).

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts the cell; what was shown is cleaned up.
        """
        refusal = self._refusal(question)
        if refusal:
            return Answer(offer=DENY, via=NobodyDecider.name, reason=refusal)
        if not self._asking.acquire(blocking=False):
            return Answer(offer=DENY, via=NobodyDecider.name, reason="another request is waiting for its answer")
        try:
            return self._first_answer(question, wait)
        finally:
            self._asking.release()

    def _refusal(self, question: Question) -> str:
        if threading.current_thread() is not threading.main_thread():
            # Only the main thread gets interrupts and may wait for stdin: a prompt elsewhere could not be left.
            return "only the main thread can ask"
        too_long = too_long_to_show(question.request)
        return f"it cannot be shown whole: {too_long}" if too_long else ""

    def _first_answer(self, question: Question, wait: Wait) -> Answer:
        for decider in self.deciders:
            answer = decider.decide(question, wait)
            if answer is None:
                continue
            if answer.offer in question.offers or not answer.offer.allow:
                return answer
            reason = f"{answer.via} gave an answer that was not offered"
            return Answer(offer=DENY, via=NobodyDecider.name, reason=reason)
        return NobodyDecider().decide(question, wait)


def default_chain() -> DeciderChain:
    """Return the chain of the product: the extension's dialog, the widget, then typing, then nobody.

    Keep it for the life of the kernel: its deciders remember which front ends can show a prompt.
    """
    return DeciderChain([DialogDecider(), WidgetDecider(), StdinDecider(), NobodyDecider()])
