"""The subcommands of ``%ssvm``, by name; each is loaded when it is used."""

from __future__ import annotations

import difflib
import importlib
import shlex
from typing import Any, Final

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.commands.base import Command, say
from ssvm_kernel.errors import UsageError
from ssvm_kernel.options import help_text, parse
from ssvm_kernel.session import Session
from ssvm_kernel.toolchains import registry

__all__ = ["NAMES", "find", "instead_of_language", "overview", "perform"]

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
        if name in (*registry.names(), *registry.aliases()):
            raise UsageError(f"{name} is a language, and a guest is a cell: begin it with %%ssvm {name}")
        near = difflib.get_close_matches(name, NAMES, 1, 0.5)
        hint = f"did you mean {near[0]}? There are" if near else "there are"
        raise UsageError(f"there is no command {name!r}: {hint} {', '.join(NAMES)}; see %ssvm --help")
    command: Command = importlib.import_module(f"ssvm_kernel.commands.{name}").COMMAND
    return command


def instead_of_language(word: str) -> str:
    """Return what to write where `word` stands for a language and is a command or a file; empty for other words."""
    if word in NAMES:
        return f"{word} is a command and no language; with one %, in a cell of its own: {find(word).usage}"
    if word.lower().endswith(".wasm"):
        return f"a file is no language; load it, and run what was loaded: %ssvm load {shlex.quote(word)}"
    return ""


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
        extra = f"{visible(parsed.words[most], 100)} is one word too many; " if len(parsed.words) > most else ""
        raise UsageError(f"{extra}usage: {command.usage}")
    return command.run(session, parsed, label)
