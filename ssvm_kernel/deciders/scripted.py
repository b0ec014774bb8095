"""A decider that follows a script: for tests and for dry runs, never put into a chain by the product itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ssvm_kernel.deciders.base import Answer, Question, Wait

__all__ = ["ScriptedDecider"]


class ScriptedDecider:
    """Answers each question with the next choice of a script.

    Parameters
    ----------
    script : iterable of str, or callable
        Ids of offers in the order of the questions, or a function from a question to such an id.

    Attributes
    ----------
    questions : list of Question
        Every question that was asked, in order.
    """

    name = "scripted"

    def __init__(self, script: Iterable[str] | Callable[[Question], str]) -> None:
        self.questions: list[Question] = []
        self._choose: Callable[[Question], str]
        if callable(script):
            self._choose = script
        else:
            choices = iter(script)
            self._choose = lambda _: next(choices)

    def decide(self, question: Question, wait: Wait) -> Answer:  # noqa: ARG002 - asks nobody, so waits for nobody
        """Return the scripted answer.

        Raises
        ------
        LookupError
            When the script is at its end, or names a choice that was not offered: a test should hear of it.
        """
        self.questions.append(question)
        try:
            choice = self._choose(question)
        except StopIteration:
            raise LookupError(f"the script has no answer to question {len(self.questions)}") from None
        for offer in question.offers:
            if offer.id == choice:
                return Answer(offer=offer, via=self.name)
        raise LookupError(f"{choice!r} was not offered, only {[offer.id for offer in question.offers]}")
