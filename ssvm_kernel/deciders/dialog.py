"""Ask in a dialog of JupyterLab's own window, where the extension is there to show it.

A cell's output is the notebook's; the dialog is not, so that no output can look like it or lie above it.  Everything
else is as with the widget: the view gets the facts once and sends one message back, and whether that counts is decided
in `ssvm_kernel.deciders.pending`.
"""

from __future__ import annotations

import collections
import functools
import time
from typing import Any

from ssvm_kernel.deciders.asking import Asking
from ssvm_kernel.deciders.base import Answer, Offer, Question, Wait
from ssvm_kernel.deciders.facts import command_line, facts_of
from ssvm_kernel.deciders.link import Link, link_of
from ssvm_kernel.deciders.pending import Mailbox, Pending
from ssvm_kernel.deciders.presence import client_session, running_kernel
from ssvm_kernel.deciders.record import Record, answer_bundle, record_bundle
from ssvm_kernel.deciders.screen import next_event
from ssvm_kernel.deciders.viewdata import view_data

__all__ = ["DialogDecider"]

_REMEMBERED = 64


class DialogDecider(Asking):
    """Asks in the dialog of the JupyterLab extension; steps aside where that is missing, or its part is disabled.

    Parameters
    ----------
    answer_seconds : float or None
        As for `Asking`, which has more.

    Attributes
    ----------
    greeting_seconds : float
        How long a page may take to say that it has the extension, once in its life, from when the kernel called.
    ready_seconds : float
        How long it may take to take its first question; later ones of a cell of the same page have all the time, also
        across a reload.
    """

    name = "dialog"
    missing = "the dialog could not be shown here"
    greeting_seconds = 1.0
    ready_seconds = 10.0

    def __init__(self, answer_seconds: float | None = None) -> None:
        super().__init__(answer_seconds)
        self._waited_for: collections.OrderedDict[str, bool] = collections.OrderedDict()
        # Made with the kernel's session, so that a page has answered before the first question as a rule.
        link_of(running_kernel())

    def decide(self, question: Question, wait: Wait) -> Answer | None:
        """Show the question and return what the person chose, or None where no page has the extension.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts the cell; the cell has the record of a denial.
        ssvm_kernel.errors.WorkerDied
            From `wait`, when the guest that asked is gone; likewise.
        """
        kernel = running_kernel()
        link = link_of(kernel)
        if link is None:
            return None
        session = client_session(kernel)
        if not self._is_shown(link, session, kernel, wait):
            return None
        # One page says nothing of another, which may be unable to load its dialog.
        seconds = None if link.has_shown(session) else self.ready_seconds
        return self.ask(question, functools.partial(_Prompt, link, question), wait, seconds, _learn_nothing)

    def _is_shown(self, link: Link, session: str, kernel: Any, wait: Wait) -> bool:
        if link.shows_prompts(session) is None and getattr(kernel, "_allow_stdin", False):
            self._await_greeting(link, session, wait)
        return bool(link.shows_prompts(session))

    def _await_greeting(self, link: Link, session: str, wait: Wait) -> None:
        """Call once more, and wait for the page to say hello: one that was loaded since has heard nothing yet."""
        if session in self._waited_for:
            return
        self._waited_for[session] = True
        if len(self._waited_for) > _REMEMBERED:
            self._waited_for.popitem(last=False)
        with Mailbox[bool]() as mailbox:
            link.on_greeting(lambda: mailbox.post(True))
            try:
                link.announce()
                end = time.monotonic() + self.greeting_seconds
                while link.shows_prompts(session) is None and (left := end - time.monotonic()) > 0:
                    if next_event(mailbox, wait, left) is None:
                        return
            finally:
                link.on_greeting(None)


def _learn_nothing(shown: bool) -> None:
    """Leave that to the link, which is told by which page."""


class _Prompt:
    """One question on the pages that have the extension, and in the cell a line about it, at the end the record."""

    def __init__(self, link: Link, question: Question, pending: Pending) -> None:
        self.pending = pending
        self.offer: Offer | None = None
        self.remark = ""
        self._link = link
        self._facts = facts_of(question.request)
        self._data = view_data(question, self._facts, pending.nonce)
        self._handle: Any = None

    def show(self) -> None:
        """Put the question on the pages, and into the cell that it waits."""
        from IPython.display import display

        waiting = "Waiting for your answer in a dialog"
        bundle = answer_bundle(waiting, command_line(self._facts), self._facts.who, allowed=False)
        self._handle = display(bundle, raw=True, display_id=True)
        self._link.ask(self._data, self.pending)

    def close(self) -> None:
        """Take the question off the pages; the record takes the place of the line in the cell."""
        self.pending.close()
        self._link.settle()
        if self._handle is not None:
            self._handle.update(record_bundle(Record(self._facts, self.offer, self.remark)), raw=True)
