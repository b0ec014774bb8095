"""Ask in a widget below the cell, while the cell is running.

The widget is a view and nothing else: it gets the facts once and sends one message back.  What it may answer, and
whether its answer counts, is decided in `ssvm_kernel.deciders.pending`; the authority never leaves this process.
"""

from __future__ import annotations

import functools
from typing import Any

from ssvm_kernel.deciders.asking import Asking
from ssvm_kernel.deciders.base import Answer, Offer, Question, Wait
from ssvm_kernel.deciders.facts import command_line, facts_of
from ssvm_kernel.deciders.pending import Pending
from ssvm_kernel.deciders.presence import running_kernel
from ssvm_kernel.deciders.published import Published
from ssvm_kernel.deciders.record import Record, record_bundle
from ssvm_kernel.deciders.screen import Screen, script, style
from ssvm_kernel.deciders.viewdata import view_data

__all__ = ["WidgetDecider"]


class WidgetDecider(Screen, Asking):
    """Asks through an anywidget in the running cell's output.

    Parameters
    ----------
    answer_seconds : float or None
        As for `Asking`, which has more.
    """

    name = "widget"

    def __init__(self, answer_seconds: float | None = None) -> None:
        Screen.__init__(self)
        Asking.__init__(self, answer_seconds)

    def decide(self, question: Question, wait: Wait) -> Answer | None:
        """Show the prompt and return what the person chose, or None where no widget can be shown.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts the cell; the prompt has become the record of a denial.
        ssvm_kernel.errors.WorkerDied
            From `wait`, when the guest that asked is gone; likewise.
        """
        kernel = running_kernel()
        session = self.client(kernel, wait)
        if session is None:
            return None
        _prompt_class()  # is imported before the time to read begins, or that would be over when the prompt is there
        make, learn = functools.partial(_Prompt, kernel, question), functools.partial(self.rendered, session)
        return self.ask(question, make, wait, self.seconds_to_show(session), learn)


class _Prompt:
    """One prompt on the screen: first a widget, at the end the record in its place."""

    def __init__(self, kernel: Any, question: Question, pending: Pending) -> None:
        self.pending = pending
        self.offer: Offer | None = None
        self.remark = ""
        self._facts = facts_of(question.request)
        self._kernel = kernel
        self._data = view_data(question, self._facts, pending.nonce)
        self._published = Published()

    def show(self) -> None:
        """Publish the widget, with a text for clients that see text only."""
        waiting = f"waiting for an answer: {command_line(self._facts)}"
        make = functools.partial(_prompt_class(), prompt=self._data)
        self._published.show(self._kernel, self.pending.receive, make, waiting)

    def close(self) -> None:
        """Put the record in the widget's place, and leave nothing of the widget behind (U13)."""
        self.pending.close()
        self._published.replace(record_bundle(Record(self._facts, self.offer, self.remark)))


@functools.cache
def _prompt_class() -> Any:
    """Return the widget's class; made late, because the import is slow and nobody may be there to see a widget."""
    import anywidget
    import traitlets

    class CapabilityPrompt(anywidget.AnyWidget):
        """The view of one question; `prompt` goes to the page and nothing ever comes back through a trait."""

        _esm = script("parts", "strip", "prompt")
        _css = style("prompt")
        prompt = traitlets.Dict().tag(sync=True)

    return CapabilityPrompt
