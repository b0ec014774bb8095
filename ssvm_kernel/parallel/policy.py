"""Grants as they travel: frozen where the map was called, thawed and enforced where the guest runs."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.model import (
    CommandGrant,
    Effect,
    EnvGrant,
    FolderGrant,
    Grants,
    Origin,
    Program,
    Scope,
)
from ssvm_kernel.capabilities.rules import RuleKind, rule_of, rule_parts
from ssvm_kernel.host.grantfile import GrantFile

__all__ = ["FrozenBook", "FrozenFile", "Policy", "freeze"]


class _Command(msgspec.Struct, frozen=True, array_like=True):
    effect: Effect
    name: bytes
    program: Program | None
    arguments: RuleKind
    items: tuple[bytes, ...]
    env_names: tuple[bytes, ...]
    scope: Scope
    origin: Origin
    module_sha256: str
    created: float
    id: str


class Policy(msgspec.Struct, frozen=True, array_like=True):
    """All that is granted to the runs of one map; nothing is added to it later.

    Parameters
    ----------
    commands : tuple
        Programs, of the call's options and of the session.
    always : tuple
        Programs by the person's file of grants; each is bound to the content of the program's file.
    folders : tuple of FolderGrant
        Folders.
    env : tuple of EnvGrant
        Environment variables, with their values.
    """

    commands: tuple[_Command, ...] = ()
    always: tuple[_Command, ...] = ()
    folders: tuple[FolderGrant, ...] = ()
    env: tuple[EnvGrant, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """The names of all of them in the tables of grants."""
        commands = {each.id for each in (*self.commands, *self.always)}
        lent = {each.id for each in self.folders} | {each.id for each in self.env}
        return frozenset((commands | lent) - {""})

    def grants(self) -> Grants:
        """Return the grants, without those for always."""
        return Grants(tuple(map(_thawed, self.commands)), self.folders, self.env)

    def always_grants(self) -> tuple[CommandGrant, ...]:
        """Return the grants for always."""
        return tuple(map(_thawed, self.always))


def freeze(grants: Grants, always: tuple[CommandGrant, ...], sha256: str) -> Policy:
    """Return what travels of the grants in force: those of one guest.

    Parameters
    ----------
    grants : Grants
        Of the call and of the session.
    always : tuple of CommandGrant
        Of the person's file.
    sha256 : str
        The guest's module.
    """
    mine = ("", sha256)
    commands = tuple(_frozen(grant) for grant in grants.commands if grant.module_sha256 in mine)
    kept = tuple(_frozen(grant) for grant in always if grant.module_sha256 in mine)
    return Policy(commands, kept, grants.folders, grants.env)


class FrozenBook(GrantBook):
    """A book with the grants of a policy, by the names that they have where they were given."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self._frozen = policy.grants()
        self._ids = {grant.id for grant in self._frozen.commands}

    def snapshot(self, run: str = "") -> Grants:
        """Return the grants; they are the same for all runs."""
        del run
        return self._frozen

    def holds(self, grant_id: str) -> bool:
        """Return whether a grant is among them."""
        return grant_id in self._ids


class FrozenFile(GrantFile):
    """The grants for always of a policy: the file of the account that runs the guest has no say."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self._always = policy.always_grants()

    def grants(self, path: Path | None = None) -> tuple[CommandGrant, ...]:
        """Return the grants."""
        del path
        return self._always


def _frozen(grant: CommandGrant) -> _Command:
    return _Command(
        grant.effect,
        grant.name,
        grant.program,
        *rule_parts(grant.rule),
        tuple(sorted(grant.env_names)),
        grant.scope,
        grant.origin,
        grant.module_sha256,
        grant.created,
        grant.id,
    )


def _thawed(command: _Command) -> CommandGrant:
    return CommandGrant(
        command.effect,
        command.name,
        command.program,
        rule_of(command.arguments, command.items),
        frozenset(command.env_names),
        command.scope,
        command.origin,
        command.module_sha256,
        command.created,
        command.id,
    )
