"""What an administrator leaves to be granted at all: it lies above every grant, answer and option.

It can only take away (attack U23): nothing in it grants, so a file that a person, or an attacker, adds makes less
possible, never more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    CommandGrant,
    Effect,
    EnvGrant,
    FolderGrant,
    Grants,
    Program,
)
from ssvm_kernel.capabilities.places import common_places, left_out, place_of
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import GrantError

__all__ = ["Ceiling"]


@dataclass(frozen=True)
class Ceiling:
    """The most that can be granted.

    Parameters
    ----------
    commands : tuple of str or None
        Real paths of the only programs that may run; None for any.
    all_commands : bool
        Whether ``--allow-command-all`` may be given.
    any_arguments : bool
        Whether a program may be granted without saying its arguments.
    always : bool
        Whether an answer may hold longer than the session.
    folders : tuple of str or None
        Real paths of the folders in or below which folders may be granted; None for any.
    writable_folders : bool
        Whether a folder may be granted for writing.
    environment : tuple of str or None
        The only variables of the environment that a guest may be given; None for any.
    models : bool
        Whether a guest may have models computed.
    network : tuple of str or None
        The only places (``HOST:PORT``) that connections may be granted to, with ``HOST:*`` for all ports; None for any.
    sources : tuple of str
        The files that say so, for messages.
    """

    commands: tuple[str, ...] | None = None
    all_commands: bool = True
    any_arguments: bool = True
    always: bool = True
    folders: tuple[str, ...] | None = None
    writable_folders: bool = True
    environment: tuple[str, ...] | None = None
    models: bool = True
    network: tuple[str, ...] | None = None
    sources: tuple[str, ...] = ()

    def lowered(self, other: Ceiling) -> Ceiling:
        """Return what both leave: of two rules the stricter one holds, whoever wrote them."""
        return Ceiling(
            commands=_both(self.commands, other.commands),
            all_commands=self.all_commands and other.all_commands,
            any_arguments=self.any_arguments and other.any_arguments,
            always=self.always and other.always,
            folders=_common_folders(self.folders, other.folders),
            writable_folders=self.writable_folders and other.writable_folders,
            environment=_both(self.environment, other.environment),
            models=self.models and other.models,
            network=common_places(self.network, other.network),
            sources=(*self.sources, *other.sources),
        )

    def forbids_program(self, program: Program) -> str:
        """Return why `program` may not run, whoever allows it, or an empty string."""
        if self.commands is None or program.path in self.commands:
            return ""
        return f"{self._says} not allow {visible(program.path, 300)}"

    def forbids_rule(self, grant: CommandGrant) -> str:
        """Return why a command may not be granted in this way, or an empty string."""
        if grant.effect is not Effect.ALLOW:
            return ""
        if grant.program is None:
            return "" if self.all_commands and self.commands is None else f"{self._says} not allow every command"
        if isinstance(grant.rule, AnyArguments) and not self.any_arguments:
            return f"{self._says} want the arguments of {visible(grant.name, 100)} to be given too"
        return self.forbids_program(grant.program)

    def forbids_folder(self, grant: FolderGrant) -> str:
        """Return why a folder may not be granted, or an empty string."""
        if grant.access is Access.READ_WRITE and not self.writable_folders:
            return f"{self._says} not allow a folder for writing; add :ro to {visible(grant.host, 300)}"
        if self.folders is None or any(_within(grant.host, folder) for folder in self.folders):
            return ""
        among = ", ".join(visible(folder, 200) for folder in self.folders) or "none"
        return (
            f"{self._says} not allow the folder {visible(grant.host, 300)}; those below these may be granted: {among}"
        )

    def forbids_variable(self, grant: EnvGrant) -> str:
        """Return why a variable may not be given to a guest, or an empty string."""
        if self.environment is None or grant.name in self.environment:
            return ""
        return f"{self._says} not allow the variable {visible(grant.name, 100)}"

    def forbids_connection(self, host: str, port: int) -> str:
        """Return why a connection may not be opened, whoever allows it, or an empty string."""
        if not left_out(self.network, host, port):
            return ""
        return f"{self._says} not allow connections to {visible(place_of(host, port), 300)}"

    def check(self, grants: Grants) -> None:
        """Refuse grants that are not left to be given.

        Raises
        ------
        GrantError
            Naming the first of them, and the file that says so.
        """
        reasons = (
            *(self.forbids_rule(grant) for grant in grants.commands),
            *(self.forbids_folder(grant) for grant in grants.folders),
            *(self.forbids_variable(grant) for grant in grants.env),
            *(self.forbids_connection(grant.host, grant.port) for grant in grants.network),
            f"{self._says} not allow models" if grants.models and not self.models else "",
        )
        for reason in filter(None, reasons):
            raise GrantError(reason)

    def remembered(self, grants: Iterable[CommandGrant]) -> tuple[CommandGrant, ...]:
        """Return those answers for always that still hold: all denials, and the allowances that may be given."""
        return tuple(
            grant
            for grant in grants
            if grant.effect is not Effect.ALLOW or (self.always and not self.forbids_rule(grant))
        )

    @property
    def _says(self) -> str:
        return f"the configuration in {' and '.join(self.sources) or 'a file'} does"


def _both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(item for item in one if item in other)


def _common_folders(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    inside = [folder for folder in one if _in_any(folder, other)]
    inside += [folder for folder in other if _in_any(folder, one) and folder not in inside]
    return tuple(inside)


def _in_any(folder: str, others: Iterable[str]) -> bool:
    return any(_within(folder, other) for other in others)


def _within(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)
