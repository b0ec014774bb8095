"""The subcommands of ``%ssvm``, by name; each is loaded when it is used."""

from __future__ import annotations

import difflib
import importlib
from typing import Any, Final

from ssvm_kernel.commands.base import Command, say
from ssvm_kernel.errors import UsageError
from ssvm_kernel.options import help_text, parse
from ssvm_kernel.session import Session

__all__ = ["NAMES", "find", "overview", "perform"]

NAMES: Final = (
    *("load", "run", "timeit", "pick", "grants", "revoke", "ledger", "inspect"),
    *("toolchains", "warm", "cache", "doctor"),
)
"""In the order of the help; each is a module here."""


def find(name: str) -> Command:
    """Return a subcommand.

    Raises
    ------
    UsageError
        When there is none of that name; the message has the nearest.
    """
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, 1, 0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no command {name!r}: {hint}There are {', '.join(NAMES)}; see %ssvm --help")
    command: Command = importlib.import_module(f"ssvm_kernel.commands.{name}").COMMAND
    return command


def overview() -> str:
    """Return the usage of all subcommands."""
    commands = [find(name) for name in NAMES]
    lines = [f"  {command.usage}\n      {command.summary}" for command in commands]
    return "\n".join([*lines, "", "%ssvm COMMAND --help tells the options of one."])


def perform(session: Session, words: list[str], label: str) -> Any:
    """Run the subcommand that `words` begin with, and return what the line shows.

    Parameters
    ----------
    session : Session
        The kernel's.
    words : list of str
        Name and options.
    label : str
        The cell, for prompts and the ledger.

    Raises
    ------
    SsvmError
        What the subcommand raises, and `UsageError` for options that it has not.
    """
    command = find(words[0])
    parsed = parse(words[1:], command.traits)
    if parsed.help:
        say(help_text(command.usage, command.traits))
        return None
    least, most = command.words
    if not least <= len(parsed.words) <= most:
        raise UsageError(f"usage: {command.usage}")
    return command.run(session, parsed, label)
