"""The options of ``%%ssvm`` and ``%ssvm run``: each a trait, from which parser, help and documentation are made."""

from __future__ import annotations

import difflib
import shlex
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from traitlets import Bool, CaselessStrEnum, HasTraits, Int, List, TraitError, TraitType, Unicode

from ssvm_kernel.errors import UsageError

__all__ = ["CompileTraits", "Parsed", "RunTraits", "help_text", "parse", "split_line"]

_WIDTH: Final = 96


class RunTraits(HasTraits):
    """What may be said about one run of a guest."""

    engine = CaselessStrEnum(
        ["jit", "interpreter", "both"],
        "jit",
        help="Engine that runs the guest: machine code by Cranelift, the Pulley interpreter, or both in turn, "
        "with their timings compared.",
    ).tag(flag="--engine", metavar="jit|interpreter|both")
    dirs = List(
        Unicode(),
        help="Grant a folder: the guest sees the host's folder HOST as GUEST and may read and write in it, "
        "or only read with :ro. PATH alone means the same path on both sides.",
    ).tag(flag="--dir", metavar="GUEST:HOST[:ro]")
    env = List(
        Unicode(),
        help="Grant an environment variable: the kernel's own value of NAME, or the VALUE given.",
    ).tag(flag="--env", metavar="NAME[=VALUE]")
    allow_command = List(
        Unicode(),
        help='Grant a host command: "git" with any arguments, "git status" with exactly these, "git log ..." '
        'with these first, "=date" with none.',
    ).tag(flag="--allow-command", metavar="COMMAND")
    allow_command_all = Bool(
        False,
        help="Grant every host command. There is then no sandbox for commands: the guest can do all that you can.",
    ).tag(flag="--allow-command-all")
    allow_command_env = List(
        Unicode(),
        help="Let the guest set the environment variable NAME for the commands that it runs, or for PROGRAM only. "
        "Variables of the loader (LD_PRELOAD ...) are never passed on.",
    ).tag(flag="--allow-command-env", metavar="[PROGRAM:]NAME")
    command_timeout = Int(
        60_000,
        min=1,
        help="Most milliseconds for one command, whatever the guest asks for.",
    ).tag(flag="--command-timeout", metavar="MS")
    memory_limit = Int(
        4096,
        min=1,
        max=4096,
        help="Most MiB for each linear memory of the guest.",
    ).tag(flag="--memory-limit", metavar="MIB")
    name = Unicode(
        "",
        help="Name of the guest, for %%ssvm run NAME and in prompts; by default the cell's number.",
    ).tag(flag="--name", metavar="NAME")
    no_raise = Bool(
        False,
        help="Do not fail the cell when the guest exits with a status other than 0 or when something was denied.",
    ).tag(flag="--no-raise")


class CompileTraits(RunTraits):
    """What may be said about a cell that is compiled and run."""

    opt = Unicode(
        "",
        help="Optimisation level in the compiler's words (C: 0, 1, 2, 3, s; Rust: 0 to 3, s, z).",
    ).tag(flag="--opt", metavar="LEVEL")
    cflags = List(
        Unicode(),
        help="Further flags for the compiler, as one quoted text.",
    ).tag(flag="--cflags", metavar="FLAGS")


class Parsed(NamedTuple):
    """A parsed line: the words before the options, the options, and the guest's own arguments."""

    words: tuple[str, ...]
    options: RunTraits
    guest_args: tuple[str, ...]
    help: bool


def split_line(line: str) -> list[str]:
    """Split a magic's line into words as a shell would.

    Raises
    ------
    UsageError
        When a quotation is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"the line cannot be split into words: {error}. Close the quotation") from None


def parse(words_in: Iterable[str], traits: type[RunTraits]) -> Parsed:
    """Parse the words of a line.

    Parameters
    ----------
    words_in : iterable of str
        Words; those after ``--`` belong to the guest.
    traits : type
        `RunTraits` or a subclass: which options there are.

    Raises
    ------
    UsageError
        For an unknown option (with the nearest known one), a missing or a wrong value.
    """
    flags = _flags(traits)
    options = traits()
    words: list[str] = []
    rest = list(words_in)
    guest_args: list[str] = []
    if "--" in rest:
        cut = rest.index("--")
        rest, guest_args = rest[:cut], rest[cut + 1 :]
    wants_help = False
    stream = iter(rest)
    for word in stream:
        if word in ("--help", "-h"):
            wants_help = True
        elif word.startswith("-") and word != "-":
            _take_option(options, flags, word, stream)
        else:
            words.append(word)
    return Parsed(tuple(words), options, tuple(guest_args), wants_help)


def help_text(usage: str, traits: type[RunTraits]) -> str:
    """Return the help of a command: its usage, then every option with its default."""
    lines = [f"usage: {usage}", ""]
    for flag, name in _flags(traits).items():
        trait = traits.class_traits()[name]
        metavar = trait.metadata.get("metavar", "")
        lines.append(f"  {flag} {metavar}".rstrip() + (" ..." if isinstance(trait, List) else ""))
        default = trait.default_value
        shown = f" (default: {default})" if not isinstance(trait, (Bool, List)) and default not in ("", None) else ""
        lines += textwrap.wrap(f"{trait.help}{shown}", _WIDTH, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)


def _flags(traits: type[RunTraits]) -> dict[str, str]:
    """Return option spellings and the traits behind them, in the order of definition."""
    found: dict[str, str] = {}
    for cls in reversed(traits.__mro__):
        for name, value in vars(cls).items():
            if isinstance(value, TraitType) and "flag" in value.metadata:
                found[value.metadata["flag"]] = name
    return found


def _take_option(options: RunTraits, flags: dict[str, str], word: str, rest: Iterator[str]) -> None:
    flag, has_value, value = word.partition("=")
    if flag not in flags:
        near = difflib.get_close_matches(flag, [*flags, "--help"], 1, 0.5)
        raise UsageError(f"there is no option {flag}" + (f"; did you mean {near[0]}?" if near else "; see --help"))
    name = flags[flag]
    trait: Any = options.traits()[name]
    if isinstance(trait, Bool):
        if has_value:
            raise UsageError(f"{flag} takes no value")
        setattr(options, name, True)
        return
    if not has_value:
        try:
            value = next(rest)
        except StopIteration:
            raise UsageError(f"{flag} needs a value: {flag} {trait.metadata['metavar']}") from None
    try:
        if isinstance(trait, List):
            setattr(options, name, [*getattr(options, name), value])
        else:
            setattr(options, name, int(value) if isinstance(trait, Int) else value)
    except (TraitError, ValueError):
        raise UsageError(f"{flag} does not take {value!r}: {flag} {trait.metadata['metavar']}. {trait.help}") from None
