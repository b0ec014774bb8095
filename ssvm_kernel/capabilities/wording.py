"""Grants and requests to option text: the exact words that `parse` reads back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from ssvm_kernel.capabilities.environ import NameClass, classify
from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    ArgvRule,
    CommandGrant,
    CommandRequest,
    DisplayGrant,
    Effect,
    EnvGrant,
    ExactArguments,
    FolderGrant,
    ModelGrant,
    NetworkGrant,
    Origin,
    Scope,
)
from ssvm_kernel.capabilities.places import place_of
from ssvm_kernel.capabilities.text import SHOWN_LIMIT, visible, writable
from ssvm_kernel.errors import UsageError

__all__ = ["ACCESS", "ANYTHING", "DISPLAY", "MODELS", "command_value", "grant_line", "option", "remedy", "source_of"]

ACCESS = {"ro": Access.READ, "readonly": Access.READ, "rw": Access.READ_WRITE}
"""Words that may end ``--dir``."""

ANYTHING = "..."
"""As the last item of ``--allow-command``: any further arguments."""

DISPLAY = "--display"
"""The option that lets a guest show more than text."""

MODELS = "--allow-models"
"""The option that lets a guest have models computed."""

_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_SPACED = re.compile(r"[\w@%+=:,./ -]+", re.ASCII)
_IN_QUOTES = re.compile(r'["\\$`!]')  # what a shell reads between double quotes


def command_value(name: bytes, rule: ArgvRule) -> str:
    """Return the value of ``--allow-command`` for a program and an argument rule.

    Raises
    ------
    UsageError
        When an item cannot be typed: it is not UTF-8, or holds characters that do not show.
    """
    first = _typed(name)
    bare_mark = first.startswith("=") and shlex.quote(first) == first  # it would read as the mark for "exactly"
    first = f"'{first}'" if bare_mark else shlex.quote(first)
    if isinstance(rule, AnyArguments):
        return first
    items = [shlex.quote(_typed(item)) for item in rule.items]
    if isinstance(rule, ExactArguments):
        exactly = not items or items[-1] == ANYTHING
        return " ".join([("=" if exactly else "") + first, *items])
    return " ".join([first, *items, ANYTHING]) if items else first


def option(grant: CommandGrant | FolderGrant | EnvGrant | DisplayGrant | ModelGrant | NetworkGrant) -> str:
    """Return the options that give `grant`, ready for a magic's line.

    The value of an environment variable is never written: ``--env NAME`` takes the kernel's own.

    Raises
    ------
    UsageError
        When no option can say it.
    """
    if isinstance(grant, FolderGrant):
        return _folder_option(grant)
    if isinstance(grant, DisplayGrant):
        return DISPLAY
    if isinstance(grant, ModelGrant):
        return MODELS
    if isinstance(grant, NetworkGrant):
        if grant.effect is not Effect.ALLOW:
            raise UsageError(f"no option says to {grant.effect.value} a connection")
        return _option("--allow-network", place_of(grant.host, grant.port))
    if isinstance(grant, EnvGrant):
        return _option("--env", _typed(grant.name))
    if grant.effect is not Effect.ALLOW:
        raise UsageError(f"no option says to {grant.effect.value} a command")
    if grant.program is None:
        flags, names = ["--allow-command-all"], [_env_value(b"", name) for name in grant.env_names]
    else:
        flags = [_option("--allow-command", command_value(grant.name, grant.rule))]
        names = [_env_value(grant.name, name) for name in grant.env_names]
    return " ".join(flags + [_option("--allow-command-env", name) for name in sorted(names)])


def source_of(rule: CommandGrant | NetworkGrant) -> str:
    """Return where a rule came from, as the end of a sentence."""
    if rule.origin is Origin.FILE:
        return "by your file of grants"
    if rule.origin is Origin.PERSON:
        return {Scope.RUN: "by you for this run", Scope.SESSION: "by you for this session"}.get(rule.scope, "by you")
    try:
        return f"by {option(rule)}"
    except UsageError:
        return "by an option"


def grant_line(request: CommandRequest, env_names: Iterable[bytes] = ()) -> str:
    """Return the options that would grant exactly `request`, or a sentence saying that no option can.

    Parameters
    ----------
    request : CommandRequest
        What was asked.
    env_names : iterable of bytes
        The names among its environment that are not granted yet.
    """
    command, env_names = request.command, list(env_names)
    if sum(map(len, (*command.argv, *env_names))) > SHOWN_LIMIT:  # a guest could have us keep megabytes (attack X05)
        return f"no option can grant it: it is longer than {SHOWN_LIMIT:,} characters"
    try:
        flags = [_option("--allow-command", command_value(command.name, ExactArguments(command.argv[1:])))]
        flags += [_option("--allow-command-env", _env_value(command.name, name)) for name in sorted(env_names)]
    except UsageError as error:
        return f"no option can grant it: {error}"
    return " ".join(flags)


def remedy(line: str) -> str:
    """Return what to do about a denial, from the line that goes with it: options, or a sentence by itself."""
    return f"to grant it: {line}" if line.startswith("--") else line


def _env_value(program: bytes, name: bytes) -> str:
    if classify(name) is NameClass.LOADER:
        raise UsageError(f"{visible(name, 100)} is never allowed")
    if b":" in name:
        raise UsageError(f"the environment name {visible(name, 100)} holds a colon, which separates program and name")
    return _typed(program + b":" + name if program else name)


def _folder_option(grant: FolderGrant) -> str:
    sides = [grant.host] if grant.guest == grant.host else [grant.guest, grant.host]
    if any(not side for side in sides):
        raise UsageError("a folder has an empty name")
    value = ":".join(_typed(side).replace("\\", "\\\\").replace(":", "\\:") for side in sides)
    # "a:ro" alone would read as the folder a, for reading: the access is written wherever it could be misread
    suffix = ":ro" if grant.access is Access.READ else ":rw" if sides[-1] in ACCESS else ""
    return _option("--dir", value + suffix)


def _typed(item: bytes | str) -> str:
    """Return an item as text that a person can type and read."""
    try:
        text = item.decode() if isinstance(item, bytes) else item
    except UnicodeDecodeError:
        raise UsageError(f"{visible(item, 100)} is not UTF-8 and cannot be typed") from None
    if not writable(text):
        raise UsageError(f"{visible(item, 100)} holds characters that cannot be typed")
    return text


def _option(flag: str, value: str) -> str:
    if _BARE.fullmatch(value):
        quoted = value
    elif _SPACED.fullmatch(value) or ("'" in value and not _IN_QUOTES.search(value)):
        quoted = f'"{value}"'  # reads better than single quotes, and means the same for these characters
    else:
        quoted = shlex.quote(value)
    return f"{flag}={quoted}" if value.startswith("-") else f"{flag} {quoted}"
