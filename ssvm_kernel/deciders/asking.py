"""What the ways to ask on a page share: a prompt is shown, its answer is waited for, and it leaves a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ssvm_kernel.deciders.base import Answer, Offer, Question, Wait
from ssvm_kernel.deciders.offers import DENY
from ssvm_kernel.deciders.pending import HUMAN_SECONDS, Answered, Closed, Event, Mailbox, Pending, Ready
from ssvm_kernel.deciders.screen import next_event

__all__ = ["Asking", "Prompt"]


class Prompt(Protocol):
    """One question on the screen; `offer` and `remark` say how it ended."""

    pending: Pending
    offer: Offer | None
    remark: str

    def show(self) -> None:
        """Put it on the screen."""

    def close(self) -> None:
        """Put the record in its place, and leave nothing of it behind (U13)."""


class Asking:
    """Asks by prompts.

    Parameters
    ----------
    answer_seconds : float or None
        Deny when there is no answer after this time; None waits until the person answers or interrupts.

    Attributes
    ----------
    human_seconds : float
        An answer that allows is ignored when it comes sooner than this.
    ignored : int
        Messages to prompts that were not believed, over the life of this object.
    """

    name = ""
    missing = "the prompt could not be shown here"
    human_seconds = HUMAN_SECONDS

    def __init__(self, answer_seconds: float | None = None) -> None:
        self.answer_seconds = answer_seconds
        self.ignored = 0

    def ask(
        self,
        question: Question,
        make: Callable[[Pending], Prompt],
        wait: Wait,
        seconds_to_show: float | None,
        learn: Callable[[bool], None],
    ) -> Answer | None:
        """Show a prompt and return what the person chose, or None when it was not shown in time.

        Parameters
        ----------
        question : Question
            What is asked.
        make : callable
            Makes the prompt.
        wait : Wait
            Waits for a descriptor.
        seconds_to_show : float or None
            How long the page may take to show it; None for one that is known to.
        learn : callable
            Is told whether it did.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts the cell; the prompt has become the record of a denial.
        ssvm_kernel.errors.WorkerDied
            From `wait`, when the guest that asked is gone; likewise.
        """
        with Mailbox[Event]() as mailbox:
            prompt = make(Pending(question, mailbox, self.human_seconds))
            try:
                prompt.show()
                return self._answer(prompt, mailbox, wait, seconds_to_show, learn)
            except KeyboardInterrupt:
                prompt.remark = "interrupted before an answer"
                raise
            except BaseException:
                prompt.remark = "the run ended before an answer"
                raise
            finally:
                prompt.close()
                self.ignored += prompt.pending.ignored

    def _answer(
        self,
        prompt: Prompt,
        mailbox: Mailbox[Event],
        wait: Wait,
        seconds_to_show: float | None,
        learn: Callable[[bool], None],
    ) -> Answer | None:
        limits = [seconds for seconds in (seconds_to_show, self.answer_seconds) if seconds is not None]
        event = next_event(mailbox, wait, min(limits, default=None))
        over = event is None and self.answer_seconds == min(limits)
        if isinstance(event, Closed) or (event is None and not over):
            learn(False)
            prompt.remark = self.missing
            return None
        if event is not None:
            learn(True)
        if isinstance(event, Ready):
            event = next_event(mailbox, wait, self.answer_seconds)
        if isinstance(event, Answered):
            prompt.remark, prompt.offer = "", event.offer
            return Answer(offer=event.offer, via=self.name)
        prompt.remark = "the prompt was closed" if event else f"no answer within {self.answer_seconds:g} s"
        return Answer(offer=DENY, via="nobody", reason=prompt.remark)
