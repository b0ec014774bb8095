"""What stands in a cell of the SSVM kernel: commands, then a guest; or Python; or a question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ssvm_kernel.errors import UsageError

__all__ = [
    "PYTHON",
    "Ask",
    "Cell",
    "Command",
    "Exit",
    "Guest",
    "Language",
    "Python",
    "Step",
    "first_line",
    "language_of",
    "read_cell",
]

PYTHON: Final = ("python", "py")
_QUESTION: Final = re.compile(r"\s*(?:\?{1,2}\s*(?P<after>[^\s?]+)|(?P<before>[^\s?]+)\s*\?{1,2})\s*")
_SHELL: Final = (
    "a cell of this kernel is a guest and has no shell: {line!r} would run a program of this computer with all your "
    "rights and without asking. Let a guest run it by the process interface, and you are asked; or write %%python "
    "above it, and the cell is IPython's, where it works as ever"
)


@dataclass(frozen=True)
class Language:
    """``%lang rust [options]``: what cells are from here on; an empty line asks what they are."""

    line: str


@dataclass(frozen=True)
class Command:
    """``%ssvm COMMAND``."""

    line: str


@dataclass(frozen=True)
class Guest:
    """A guest's text.

    Parameters
    ----------
    source : str
        The text, without the lines above it.
    line_offset : int
        How many lines of the cell stand above it.
    line : str or None
        Language and options of this cell alone; None takes the notebook's.
    """

    source: str
    line_offset: int
    line: str | None = None


@dataclass(frozen=True)
class Ask:
    """``name?``: tell about a name."""

    name: str


@dataclass(frozen=True)
class Exit:
    """``exit`` or ``quit``, as in any console."""


@dataclass(frozen=True)
class Python:
    """``%%python``: a cell for IPython."""

    source: str


Step = Language | Command | Guest | Ask | Exit
Cell = tuple[Step, ...] | Python
"""A cell of no steps does nothing."""


def read_cell(code: str) -> Cell:
    """Read a cell.

    Raises
    ------
    UsageError
        For a line that is neither a command of this kernel nor the beginning of a guest.
    """
    lines = code.split("\n")
    at = _next_line(lines, 0)
    if at == len(lines):
        return ()
    if code.strip() in ("exit", "quit"):
        return (Exit(),)
    question = _QUESTION.fullmatch(code)
    if question is not None:
        return (Ask(question["after"] or question["before"]),)
    word, _ = _directive(lines[at])
    if word[2:] in PYTHON and word.startswith("%%"):
        return _python(lines, at)
    steps: list[Step] = []
    while at < len(lines) and _is_command(lines[at]):
        steps.append(_command(lines[at]))
        at += 1
        if _next_line(lines, at) < len(lines) and lines[_next_line(lines, at)].startswith("%"):
            at = _next_line(lines, at)
    if _next_line(lines, at) < len(lines):
        steps.append(_guest(lines, at))
    return tuple(steps)


def first_line(code: str) -> tuple[str, str, int]:
    """Return word and rest of the directive that the cell's guest begins with, and the number of lines above the guest.

    The word is empty where there is none.  Never raises: for completion and highlighting, while the cell is written.
    """
    lines = code.split("\n")
    at, word, rest = 0, "", ""
    while (following := _next_line(lines, at)) < len(lines):
        line = lines[following]
        if not line.startswith("%"):
            break
        first, others = _directive(line)
        at = following + 1
        if first.startswith("%%"):
            return first, others, at
        if first == "%lang":
            word, rest = first, others
    return word, rest, at


def language_of(word: str, rest: str) -> str:
    """Return the language that a directive of `first_line` names; empty for the notebook's own."""
    return rest.partition(" ")[0] if word in ("%lang", "%%ssvm") else word[2:]


def _python(lines: list[str], at: int) -> Python:
    word, rest = _directive(lines[at])
    if rest:
        raise UsageError(f"{word} takes no options: it runs the cell in this kernel's own IPython")
    return Python("\n".join(lines[at + 1 :]))


def _is_command(line: str) -> bool:
    return line.startswith("%") and not line.startswith("%%")


def _command(line: str) -> Step:
    word, rest = _directive(line)
    if word == "%lang":
        return Language(rest)
    if word == "%ssvm":
        return Command(rest)
    if rest == "ssvm_kernel":  # %load_ext, as a Python notebook begins
        raise UsageError(f"this kernel has %ssvm already: leave out the line {word} {rest}")
    raise UsageError(
        f"there is no command {word} in this kernel: there are %lang and %ssvm. IPython's own work in a cell that "
        "begins with %%python"
    )


def _guest(lines: list[str], at: int) -> Guest:
    start = _next_line(lines, at)
    line = lines[start]
    if line.startswith("!"):
        raise UsageError(_SHELL.format(line=line))
    if not line.startswith("%%"):
        return Guest(_text(lines[at:]), at)
    word, rest = _directive(line)
    if word[2:] in PYTHON:
        raise UsageError(f"{word} must be the first line of its cell")
    own = rest if word == "%%ssvm" else f"{word[2:]} {rest}".strip()
    return Guest(_text(lines[start + 1 :]), start + 1, own)


def _text(lines: list[str]) -> str:
    """Return lines as IPython gives them to a magic, so that both find the same entry in the compile cache."""
    text = "\n".join(lines)
    return text if text.endswith("\n") or not text else f"{text}\n"


def _directive(line: str) -> tuple[str, str]:
    word, rest, *_ = [*line.split(maxsplit=1), "", ""]
    return word, rest.rstrip()


def _next_line(lines: list[str], at: int) -> int:
    """Return the number of the first line from `at` on that is not blank."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at
