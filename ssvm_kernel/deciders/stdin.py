"""Ask in the input box of a notebook cell, in a Jupyter console, or in a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.base import Answer, Offer, Question, Wait
from ssvm_kernel.deciders.facts import facts_of
from ssvm_kernel.deciders.offers import DENY, coverage
from ssvm_kernel.deciders.pending import HUMAN_SECONDS
from ssvm_kernel.deciders.presence import running_kernel
from ssvm_kernel.deciders.record import Record, record_bundle

if TYPE_CHECKING:
    from ipykernel.iostream import OutStream

__all__ = ["StdinDecider", "Terminal", "terminal_of_person", "terminal_of_question"]

_TRIES = 3
_PLAIN = "\x1b[0m\n"
"""Comes before a question: it stands in the stream of the guest, whose colours or half a line would hide it (X32)."""
_KEYS = {"once": "o", "run": "r", "session": "s", "always": "a"}


class StdinDecider:
    """Asks by text where a person can type: ``[d]eny`` is the default, and nothing but a whole word or letter allows.

    Attributes
    ----------
    human_seconds : float
        Keys typed before the question and within this time do not count as an answer that allows (U05).
    """

    name = "stdin"
    human_seconds = HUMAN_SECONDS

    def decide(self, question: Question, wait: Wait) -> Answer | None:
        """Return what the person typed, or None where nobody can type.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts the cell.
        """
        terminal = self._terminal(wait)
        if terminal is None:
            return None
        facts = facts_of(question.request)
        note = f"\n  note:        {visible(question.note)}" if question.note else ""
        terminal.write(f"{facts.as_text()}{note}\n")
        try:
            offer = self._ask(question, terminal)
        except EOFError:  # nobody there after all
            return None
        except KeyboardInterrupt:
            terminal.write(f"{record_bundle(Record(facts, remark='interrupted before an answer'))['text/plain']}\n")
            raise
        terminal.write(f"{record_bundle(Record(facts, offer))['text/plain']}\n")
        return Answer(offer=offer, via=self.name)

    def _terminal(self, wait: Wait) -> Terminal | None:
        """Return where the person reads and types, or None."""
        return terminal_of_question(wait)

    def _choices(self, question: Question) -> dict[str, Offer]:
        """Return the answers that allow, by their keys."""
        return _choices(question)

    def _ask(self, question: Question, terminal: Terminal) -> Offer:
        choices = self._choices(question)
        prompt = "Allow? [d]eny (default), " + ", ".join(f"[{key}]{offer.id[1:]}" for key, offer in choices.items())
        terminal.forget_typed(self.human_seconds)
        for _ in range(_TRIES):
            asked = time.monotonic()
            typed = terminal.ask(f"{prompt}: ").strip().lower()
            if typed in ("d", "deny"):
                break
            offer = choices.get(typed[:1]) if typed in (*choices, *(offer.id for offer in choices.values())) else None
            if offer is not None and time.monotonic() - asked >= self.human_seconds:
                return offer
            terminal.write("That came before the question could be read.\n" if offer else "")
        return DENY


class Terminal:
    """A way to write to a person and to read a line from them."""

    def __init__(
        self, write: Callable[[str], Any], ask: Callable[[str], str], flush_input: Callable[[], None] | None = None
    ) -> None:
        self.write = write
        self.ask = ask
        self._flush_input = flush_input

    def forget_typed(self, seconds: float) -> None:
        """Throw away what was typed ahead, after a moment in which the question can be seen."""
        if self._flush_input is not None:
            time.sleep(seconds)
            self._flush_input()


def _choices(question: Question) -> dict[str, Offer]:
    """Return the answers that fit on a line: those for this exact command; wider ones need the widget or an option."""
    exact = [offer for offer in question.offers if offer.allow and coverage(offer) in ("request", "exact")]
    return {_KEYS[offer.id]: offer for offer in exact if offer.id in _KEYS}


def terminal_of_person(wait: Wait) -> Terminal | None:
    """Return the terminal or input box of the person who runs the cell, or None where nobody can type."""
    kernel = running_kernel()
    if kernel is None:
        return _tty(wait)
    # The kernel itself drops stale replies before it sends the request to the front end's input box.
    return Terminal(sys.stdout.write, input) if getattr(kernel, "_allow_stdin", False) else None


def terminal_of_question(wait: Wait) -> Terminal | None:
    """Return the terminal or input box where the person sees what is asked, plainly, or None where that is nowhere.

    A kernel's input box comes up although ``%%capture`` or ``redirect_stdout`` takes away what is written to the cell:
    an answer there would be one to a question that nobody has read.
    """
    terminal = terminal_of_person(wait)
    if terminal is not None and running_kernel() is not None:
        screen = _cell()
        terminal = None if screen is None else Terminal(screen.write, terminal.ask)
    if terminal is not None:
        terminal.write(_PLAIN)
    return terminal


def _cell() -> OutStream | None:
    """Return what writes to the running cell of a kernel, or None while somebody takes its output away."""
    from ipykernel.iostream import OutStream

    return next((stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, OutStream)), None)


def _tty(wait: Wait) -> Terminal | None:
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    # The question must be seen by whoever answers: not in a file that stdout was sent to.
    screens: list[TextIO] = [stream for stream in (sys.stderr, sys.stdout) if stream is not None and stream.isatty()]
    if not screens:
        return None
    screen = screens[0]

    def write(text: str) -> None:
        screen.write(text)
        screen.flush()

    def ask(prompt: str) -> str:
        write(prompt)
        wait(sys.stdin.fileno())  # notices that the guest is gone, which a blocking read would not
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line

    return Terminal(write, ask, _flush_tty)


def _flush_tty() -> None:
    try:
        import termios
    except ImportError:  # Windows
        return
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
