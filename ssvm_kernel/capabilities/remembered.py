"""The file of "always" answers as data: what may be in it, and how it is read and written.

An answer for always is bound to the module's hash and to the program's path and content (rule 5, P27), or to the host
and port, so a line that lacks one of them is no line.  Values of environment variables are never part of a grant, and
so never written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from ssvm_kernel.capabilities.model import (
    CommandGrant,
    CommandRequest,
    Effect,
    FileIdentity,
    NetworkGrant,
    Origin,
    Program,
    Scope,
)
from ssvm_kernel.capabilities.places import place_of, split_place
from ssvm_kernel.capabilities.rules import RuleKind, rule_of, rule_parts

__all__ = ["Kept", "NewerVersion", "can_be_remembered", "dump", "load"]

Kept: TypeAlias = CommandGrant | NetworkGrant
"""What can be granted for always."""

VERSION: Final = 1
_UNKNOWN: Final = FileIdentity(-1, -1, -1, -1)
"""The hash tells whether it is the file; device and inode of another day tell nothing."""

_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Absolute = Annotated[str, msgspec.Meta(pattern="^/|^[A-Za-z]:")]
_Id = Annotated[str, msgspec.Meta(pattern="^a[0-9a-f]{8}$")]


class NewerVersion(ValueError):
    """The file was written by a later version of this package."""


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: _Id
    effect: Literal["allow", "deny"]
    module_sha256: _Hash
    program: _Absolute
    program_sha256: _Hash
    name: Annotated[str, msgspec.Meta(min_length=1)]
    arguments: RuleKind
    items: list[str]
    env_names: list[str]
    created: float


class _NetworkLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: _Id
    effect: Literal["allow", "deny"]
    module_sha256: _Hash
    place: str
    """``HOST:PORT``, as the option takes it."""
    created: float


class _Version(msgspec.Struct, frozen=True):
    version: int


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    version: Literal[1]
    grants: list[_Line]
    network: list[_NetworkLine] = []


def can_be_remembered(request: CommandRequest) -> bool:
    """Tell whether an answer to `request` can be written down: all of it is text."""
    command = request.command
    try:
        for item in (*command.argv, *command.env_names):
            item.decode()
        command.program.path.encode()
    except UnicodeError:
        return False
    return bool(request.asker.module_sha256)


def dump(grants: Iterable[Kept]) -> bytes:
    """Return the file's bytes for `grants`, each command's with a program and its hash."""
    kept = tuple(grants)
    lines = [_line(grant) for grant in kept if isinstance(grant, CommandGrant)]
    network = [_network_line(grant) for grant in kept if isinstance(grant, NetworkGrant)]
    return msgspec.json.format(msgspec.json.encode(_File(VERSION, lines, network)), indent=2) + b"\n"


def load(data: bytes) -> tuple[Kept, ...]:
    """Return the grants in a file.

    Raises
    ------
    NewerVersion
        When a later version of this package wrote it.
    ValueError
        When it is anything else than such a file.
    """
    if msgspec.json.decode(data, type=_Version).version > VERSION:
        raise NewerVersion("a later version of ssvm-kernel wrote it")
    file = msgspec.json.decode(data, type=_File)
    return (*map(_grant, file.grants), *map(_network_grant, file.network))


def _network_line(grant: NetworkGrant) -> _NetworkLine:
    return _NetworkLine(
        id=grant.id,
        effect="allow" if grant.effect is Effect.ALLOW else "deny",
        module_sha256=grant.module_sha256,
        place=place_of(grant.host, grant.port),
        created=grant.created,
    )


def _network_grant(line: _NetworkLine) -> NetworkGrant:
    return NetworkGrant(
        Effect(line.effect),
        *split_place(line.place),
        scope=Scope.ALWAYS,
        origin=Origin.FILE,
        module_sha256=line.module_sha256,
        created=line.created,
        id=line.id,
    )


def _line(grant: CommandGrant) -> _Line:
    assert grant.program is not None
    kind, items = rule_parts(grant.rule)
    return _Line(
        id=grant.id,
        effect="allow" if grant.effect is Effect.ALLOW else "deny",
        module_sha256=grant.module_sha256,
        program=grant.program.path,
        program_sha256=grant.program.sha256,
        name=grant.name.decode(),
        arguments=kind,
        items=[item.decode() for item in items],
        env_names=sorted(name.decode() for name in grant.env_names),
        created=grant.created,
    )


def _grant(line: _Line) -> CommandGrant:
    items = tuple(item.encode() for item in line.items)
    return CommandGrant(
        effect=Effect(line.effect),
        name=line.name.encode(),
        program=Program(line.program, _UNKNOWN, line.program_sha256),
        rule=rule_of(line.arguments, items),
        env_names=frozenset(name.encode() for name in line.env_names),
        scope=Scope.ALWAYS,
        origin=Origin.FILE,
        module_sha256=line.module_sha256,
        created=line.created,
        id=line.id,
    )
