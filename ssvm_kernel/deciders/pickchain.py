"""Who lets a person pick a folder: the widget, then typing, then nobody."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from ssvm_kernel.capabilities.model import Access
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.base import Wait
from ssvm_kernel.deciders.facts import who_asks
from ssvm_kernel.deciders.picker import WidgetPicker
from ssvm_kernel.deciders.places import PickAnswer, PickQuestion, Places
from ssvm_kernel.deciders.stdin import Terminal, terminal_of_question
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.resolve import resolve_folder

__all__ = ["Picker", "PickerChain", "StdinPicker", "default_pickers"]

_TRIES = 3
_ACCESS = {"": Access.READ, "r": Access.READ, "read": Access.READ, "w": Access.READ_WRITE, "write": Access.READ_WRITE}


class Picker(Protocol):
    """A way to let a person pick a folder."""

    name: str

    def pick(self, question: PickQuestion, wait: Wait) -> PickAnswer | None:
        """Return what was picked, or None when this way is not there and the next one should try."""


class StdinPicker:
    """Asks for a path where a person can type; an empty line grants nothing."""

    name = "stdin"

    def pick(self, question: PickQuestion, wait: Wait) -> PickAnswer | None:
        """Return the folder that the person typed, or None where nobody can type.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts the cell.
        """
        terminal = terminal_of_question(wait)
        if terminal is None:
            return None
        terminal.write(f"[ssvm] a folder for {who_asks(question.asker)}\n  {question.meaning}\n")
        try:
            return self._ask(question, terminal)
        except EOFError:  # nobody there after all
            return None

    def _ask(self, question: PickQuestion, terminal: Terminal) -> PickAnswer:
        places = Places(question)
        for _ in range(_TRIES):
            typed = terminal.ask("Path of the folder (empty: none): ").strip()
            if not typed:
                break
            try:
                path = resolve_folder(typed)
                access = _ACCESS[
                    terminal.ask(f"{visible(path)}: [r]ead (default) or read and [w]rite: ").strip().lower()
                ]
                suggested = places.suggested(path)
                name = terminal.ask(f"Name under which the guest sees it [{suggested}]: ").strip() or suggested
                grant = places.grant(path, access, name)
            except KeyError:
                terminal.write("That was neither r nor w.\n")
            except GrantError as error:
                terminal.write(f"{error}\n")
            else:
                terminal.write(
                    f"[ssvm] {visible(path)} granted for this session, to {access.value}, as {visible(name)}\n"
                )
                return PickAnswer(grant, self.name)
        return PickAnswer(None, self.name)


class PickerChain:
    """Lets the first picker that can be shown ask; where there is none, nothing is granted (rule 10)."""

    def __init__(self, pickers: Sequence[Picker]) -> None:
        self.pickers = tuple(pickers)

    def pick(self, question: PickQuestion, wait: Wait) -> PickAnswer:
        """Return what was picked.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts the cell; what was shown is cleaned up.
        """
        if threading.current_thread() is not threading.main_thread():
            return PickAnswer(None, "nobody", "only the main thread can ask")
        for picker in self.pickers:
            answer = picker.pick(question, wait)
            if answer is not None:
                return answer
        return PickAnswer(None, "nobody", "nobody can be asked here")


def default_pickers() -> PickerChain:
    """Return the product's pickers; keep them for the life of the kernel, they remember its front ends."""
    return PickerChain([WidgetPicker(), StdinPicker()])
