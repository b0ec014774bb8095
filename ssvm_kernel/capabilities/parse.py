r"""Option text to grants.

=====================================  ======================================================================
``--allow-command git``                git with any arguments, as SSVM meant it
``--allow-command "git status"``       git with exactly these arguments
``--allow-command "git log ..."``      git with these first arguments, then anything
``--allow-command "=git"``             git with exactly these arguments, which are none
``--allow-command-all``                every command: there is no sandbox for commands then
``--allow-command-env git:GIT_DIR``    the guest may set GIT_DIR for git (without ``git:``, for all granted here)
``--dir data:/srv/data:ro``            the guest sees /srv/data as data, for reading only
``--dir data``                         the same path on both sides, for reading and writing
``--env NAME=VALUE``, ``--env NAME``   the guest sees the variable (with the kernel's own value)
=====================================  ======================================================================

A colon in a path is written ``\:``, a backslash ``\\``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ssvm_kernel.capabilities.environ import NameClass, classify
from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    ArgvRule,
    CommandGrant,
    Effect,
    EnvGrant,
    ExactArguments,
    FolderGrant,
    PrefixArguments,
    Program,
)
from ssvm_kernel.capabilities.resolved import FolderResolver, ProgramResolver
from ssvm_kernel.capabilities.text import last_part, visible
from ssvm_kernel.capabilities.wording import ACCESS, ANYTHING
from ssvm_kernel.errors import UsageError

__all__ = [
    "CommandEnv",
    "apply_command_env",
    "parse_command",
    "parse_command_all",
    "parse_command_env",
    "parse_dir",
    "parse_env",
]

_COMMAND_EXAMPLE = 'for example --allow-command "git status"'
_DIR_EXAMPLE = "for example --dir data:/srv/data:ro"
_DIR_PART = re.compile(r"(?:\\[\\:]|[^:])*", re.DOTALL)


@dataclass(frozen=True)
class CommandEnv:
    """An environment name that the guest may set for a program (an empty program: for every granted one)."""

    program: bytes
    name: bytes


def parse_command(text: str, resolve: ProgramResolver) -> CommandGrant:
    """Read the value of ``--allow-command``.

    Parameters
    ----------
    text : str
        A program and its arguments, split into items as a shell would; no shell is involved.
    resolve : callable
        Finds the program.

    Raises
    ------
    UsageError
        When the text says nothing, or the program cannot be found.
    """
    _bytes("--allow-command", text)
    exactly = text.startswith("=")
    try:
        name, *arguments = _encode(shlex.split(text[1:] if exactly else text))
    except ValueError as error:  # also: nothing to unpack
        why = f"{error}" if text.strip("= ") else "it names no program"
        raise UsageError(f"--allow-command {visible(text, 200)}: {why}; {_COMMAND_EXAMPLE}") from None
    program = _program("--allow-command", name, resolve)
    return CommandGrant(Effect.ALLOW, name, program, _rule(arguments, exactly=exactly))


def parse_command_all() -> CommandGrant:
    """Return the grant of ``--allow-command-all``: every program with any arguments."""
    return CommandGrant(Effect.ALLOW, b"", None, AnyArguments())


def parse_dir(text: str, resolve: FolderResolver) -> FolderGrant:
    """Read the value of ``--dir``: ``GUEST:HOST`` or one path for both sides, then ``:ro`` or ``:rw`` (the default).

    Parameters
    ----------
    text : str
        The value.
    resolve : callable
        Gives the real path of the host's folder.

    Raises
    ------
    UsageError
        When the text is not of that form.
    GrantError
        From `resolve`, when there is no such folder.
    """
    _bytes("--dir", text)
    parts = _split_colons(text)
    access = Access.READ_WRITE
    if len(parts) > 1 and parts[-1] in ACCESS:
        access = ACCESS[parts.pop()]
    if len(parts) == 3:
        raise UsageError(
            f"--dir {visible(text, 200)}: the third part must be ro or rw, and a colon in a path is written \\:; "
            f"{_DIR_EXAMPLE}"
        )
    if len(parts) > 3 or not all(parts) or any("\0" in part for part in parts):
        raise UsageError(f"--dir {visible(text, 200)} is not GUEST:HOST or one path, with :ro or not; {_DIR_EXAMPLE}")
    host = resolve(parts[-1])
    guest = host if len(parts) == 1 and parts[0].startswith("~") else parts[0]
    return FolderGrant(host=host, guest=guest, access=access)


def parse_env(text: str, kernel_env: Mapping[str, str]) -> EnvGrant:
    """Read the value of ``--env``: ``NAME=VALUE``, or ``NAME`` for the kernel's own value.

    Raises
    ------
    UsageError
        For a name that no variable can have, or one that the kernel has not set.
    """
    _bytes("--env", text)
    name, given, value = text.partition("=")
    if not name or "\0" in text:
        raise UsageError(f"--env {visible(name, 200)}: a variable needs a name; for example --env LANG=C")
    if not given:
        if name not in kernel_env:
            raise UsageError(
                f"--env {visible(name, 200)}: the kernel has no such variable; give its value with --env NAME=VALUE"
            )
        value = kernel_env[name]
    return EnvGrant(name, value)


def parse_command_env(text: str) -> CommandEnv:
    """Read the value of ``--allow-command-env``: ``PROGRAM:NAME``, or ``NAME`` for every granted program.

    Raises
    ------
    UsageError
        For a name that no variable can have, or one that is never allowed.
    """
    program, _, name = _bytes("--allow-command-env", text).rpartition(b":")
    if not name or b"=" in name or b"\0" in program + name:
        raise UsageError(
            f"--allow-command-env {visible(text, 200)} is not PROGRAM:NAME or NAME; for example "
            "--allow-command-env git:GIT_DIR"
        )
    if classify(name) is NameClass.LOADER:
        raise UsageError(
            f"--allow-command-env {visible(text, 200)}: {visible(name, 200)} makes any program load code or write "
            "files, so it is never allowed"
        )
    return CommandEnv(program, name)


def apply_command_env(
    grants: Iterable[CommandGrant], names: Iterable[CommandEnv], resolve: ProgramResolver
) -> tuple[CommandGrant, ...]:
    """Return `grants` with the environment names added to the programs that they are for.

    Parameters
    ----------
    grants : iterable of CommandGrant
        What ``--allow-command`` gave.
    names : iterable of CommandEnv
        What ``--allow-command-env`` gave.
    resolve : callable
        Finds the programs that `names` name.

    Returns
    -------
    tuple of CommandGrant
        A name for a program that nothing grants becomes a rule that asks about that program: the person may have it
        answered in the prompt, with this variable.

    Raises
    ------
    UsageError
        When a program cannot be found.
    """
    result = list(grants)
    for each in names:
        own = frozenset({each.name})
        program = _program("--allow-command-env", each.program, resolve) if each.program else None
        meant = [index for index, grant in enumerate(result) if _is_for(grant, each.program, program)]
        for index in meant:
            result[index] = replace(result[index], env_names=result[index].env_names | own)
        if not meant:
            blanket = any(grant.program is None and grant.effect is Effect.ALLOW for grant in result)
            effect = Effect.ALLOW if blanket else Effect.ASK
            result.append(CommandGrant(effect, each.program, program, AnyArguments(), own))
    return tuple(result)


def _is_for(grant: CommandGrant, name: bytes, program: Program | None) -> bool:
    """Tell whether a name given for `program` (None: for all that is granted) belongs to `grant`."""
    if program is None:
        return True
    if grant.program is None or grant.program.path != program.path:
        return False
    return last_part(grant.name) == last_part(name)


def _program(flag: str, name: bytes, resolve: ProgramResolver) -> Program:
    found = resolve(name)
    if found.program is None:
        why = found.detail or (found.trouble.value if found.trouble else "not found")
        raise UsageError(f"{flag} {visible(name, 200)}: {why}")
    return found.program


def _rule(arguments: list[bytes], *, exactly: bool) -> ArgvRule:
    if exactly:
        return ExactArguments(tuple(arguments))
    if arguments and arguments[-1] == ANYTHING.encode():
        first = tuple(arguments[:-1])
        return PrefixArguments(first) if first else AnyArguments()
    return ExactArguments(tuple(arguments)) if arguments else AnyArguments()


def _encode(items: list[str]) -> list[bytes]:
    encoded = [item.encode("utf-8", "surrogateescape") for item in items]
    if not encoded or not encoded[0]:
        raise ValueError("it names no program")
    if any(b"\0" in item for item in encoded):
        raise ValueError("it holds a NUL byte")  # P15
    return encoded


def _bytes(flag: str, text: str) -> bytes:
    """Return `text` as the system would take it."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, as JSON can hold
        raise UsageError(f"{flag} {visible(text, 200)}: it holds half a character, which no name can hold") from None


def _split_colons(text: str) -> list[str]:
    r"""Split at colons that no backslash stands before; ``\:`` and ``\\`` become the character."""
    parts, position = [], 0
    while True:
        match = _DIR_PART.match(text, position)
        assert match is not None  # the pattern matches the empty text too
        parts.append(re.sub(r"\\([\\:])", r"\1", match.group()))
        position = match.end() + 1
        if position > len(text):
            return parts
