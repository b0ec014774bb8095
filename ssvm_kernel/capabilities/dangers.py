"""Sets of grants that would give away more than they say (rule 9)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ssvm_kernel.capabilities.folders import covers, effective_folders, overlaps, writable_folders
from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    CommandGrant,
    Effect,
    FolderGrant,
    Grants,
    Program,
)
from ssvm_kernel.capabilities.text import last_part, visible
from ssvm_kernel.errors import GrantError

__all__ = ["Danger", "Problem", "SpecialFolder", "check_grants", "dangers_of", "held_by"]

_SHELLS = frozenset(b"ash bash busybox csh dash fish ksh mksh sh tcsh zsh".split())
_INTERPRETERS = _SHELLS | frozenset(
    b"R Rscript awk bc bun deno ed expect gawk gdb guile irb julia lua luajit mawk node nodejs octave perl php python "
    b"python2 python3 ruby sqlite3 tclsh xargs".split()
)
# Programs that run what files in their working folder say: hooks, recipes, scripts, configuration.
_OBEDIENT = _INTERPRETERS | frozenset(
    b"ant bazel bundle cargo cmake conda docker gem git go gradle hg just make meson mvn ninja nox npm npx pip pip3 "
    b"pnpm poetry pytest rake rustc svn task terraform tox uv vim yarn".split()
)


class Danger(enum.Enum):
    """What follows from a problem."""

    REFUSED = "refused"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """Something dangerous about a set of grants.

    Parameters
    ----------
    danger : Danger
        Whether the set is refused, or only said to be wider than it looks.
    attack : str
        Name of the attack that it would make possible, e.g. ``"P02"``.
    message : str
        What is wrong and what to do instead, safe to show.
    """

    danger: Danger
    attack: str
    message: str


@dataclass(frozen=True)
class SpecialFolder:
    """A folder of this computer that a guest must not reach, or not write.

    Parameters
    ----------
    path : str
        Absolute real path.
    what : str
        What it is, to be read after "which is".
    readable : bool
        Whether a read-only grant is harmless.
    inside : bool
        Whether the folders inside it are as special.
    warn : bool
        Whether such a grant is given all the same, with a warning.
    """

    path: str
    what: str
    readable: bool = False
    inside: bool = True
    warn: bool = False


def check_grants(grants: Grants, special: Iterable[SpecialFolder]) -> tuple[Problem, ...]:
    """Return what the person should be warned of.

    Parameters
    ----------
    grants : Grants
        All grants that would be in force together.
    special : iterable of SpecialFolder
        From `ssvm_kernel.host.resolve.special_folders`.

    Raises
    ------
    GrantError
        When this set must not be given.
    """
    problems = dangers_of(grants, special)
    refused = [problem.message for problem in problems if problem.danger is Danger.REFUSED]
    if refused:
        raise GrantError("; ".join(refused))
    return problems


def dangers_of(grants: Grants, special: Iterable[SpecialFolder]) -> tuple[Problem, ...]:
    """Return everything that is dangerous about `grants`, refused or not."""
    special = tuple(special)
    problems: list[Problem] = []
    for folder in effective_folders(grants.folders):
        problems += _special(folder, special)
    problems += _names(grants.folders)
    problems += _overlaps(grants.folders)
    for command in grants.commands:
        if command.effect is Effect.ALLOW:
            problems += _command(command, grants.folders)
    return tuple(dict.fromkeys(problems))


def held_by(program: Program, folders: Iterable[FolderGrant]) -> Iterator[tuple[str, FolderGrant]]:
    """Yield each place on the way to `program` that a guest could write, with the grant that lets it (P02)."""
    for folder in writable_folders(folders):
        for path in (program.path, *program.via):
            if covers(folder.host, path):
                yield path, folder
                break


def _refuse(attack: str, message: str) -> Problem:
    return Problem(Danger.REFUSED, attack, message)


def _warn(attack: str, message: str) -> Problem:
    return Problem(Danger.WARNING, attack, message)


def _special(folder: FolderGrant, special: tuple[SpecialFolder, ...]) -> Iterator[Problem]:
    """Yield what is wrong with one folder by itself: the first reason to refuse it, else the first to warn."""
    found = []
    for place in special:
        if place.readable and folder.access is Access.READ:
            continue
        host, path = visible(folder.host, 300), visible(place.path, 300)
        if folder.host == place.path:
            message = f"{host} cannot be granted, because it is {place.what}"
        elif covers(folder.host, place.path):
            message = f"{host} cannot be granted, because it holds {path}, which is {place.what}"
        elif place.inside and covers(place.path, folder.host):
            message = f"{host} cannot be granted, because it lies in {path}, which is {place.what}"
        else:
            continue
        if place.warn:
            message = message.replace("cannot be granted, because it", "is granted for writing, and", 1)
            found.append(_warn("P42", message))
            continue
        advice = "add :ro to grant it for reading" if place.readable else "grant a folder that holds your data only"
        yield _refuse("P42" if place.readable else "W11", f"{message}; {advice}")
        return
    yield from found[:1]


def _names(folders: tuple[FolderGrant, ...]) -> Iterator[Problem]:
    hosts: dict[str, str] = {}
    for folder in folders:
        first = hosts.setdefault(folder.guest, folder.host)
        if first != folder.host:
            guest, one, two = (visible(path, 300) for path in (folder.guest, first, folder.host))
            yield _refuse(
                "W13", f"the guest's path {guest} would mean both {one} and {two}; give one of them another name"
            )


def _overlaps(folders: tuple[FolderGrant, ...]) -> Iterator[Problem]:
    for outer, inner in overlaps(folders):
        yield _refuse(
            "W13",
            f"{visible(inner.host, 300)} would be for reading only, yet lies in {visible(outer.host, 300)}, where the "
            "guest can write; grant the outer folder with :ro, or only the folders inside it that you mean",
        )


def _command(command: CommandGrant, folders: tuple[FolderGrant, ...]) -> Iterator[Problem]:
    writable = writable_folders(folders)
    if command.program is None:
        if writable:
            yield _warn(
                "P29",
                "every command is granted, so the guest can do all that you can; that only "
                f"{visible(writable[0].host, 300)} is granted for writing limits nothing",
            )
        return
    name = visible(last_part(command.name), 100)
    for path, folder in held_by(command.program, folders):
        yield _refuse(
            "P02",
            f"{name} is run from {visible(path, 300)}, which the guest could replace, because it may write in "
            f"{visible(folder.host, 300)}; add :ro to that folder, or do not grant {name}",
        )
    if isinstance(command.rule, AnyArguments):
        return
    if writable and last_part(command.name) in _OBEDIENT:
        yield _warn(
            "P40",
            f"{name} does what files in the folder it works on say, and the guest can write in "
            f"{visible(writable[0].host, 300)}: fixed arguments do not limit it there",
        )
    if last_part(command.name) in _INTERPRETERS and not any(item[:1] not in (b"-", b"") for item in command.rule.items):
        yield _warn(
            "P41", f"{name} takes its program from its input, which the guest writes: it can do all that you can"
        )
