"""`GrantBook`: the grants in force in one kernel session; in memory only, so that a new session starts with none."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TypeVar

from ssvm_kernel.capabilities.folders import effective_folders
from ssvm_kernel.capabilities.model import (
    CommandGrant,
    DisplayGrant,
    Effect,
    EnvGrant,
    FolderGrant,
    Grants,
    ModelGrant,
    NetworkGrant,
    Origin,
    Scope,
)
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wording import option
from ssvm_kernel.errors import UsageError

__all__ = ["Grant", "GrantBook", "GrantRow", "describe", "remaining", "row_of"]

Grant = CommandGrant | FolderGrant | EnvGrant | DisplayGrant | ModelGrant | NetworkGrant
AnyGrant = TypeVar("AnyGrant", bound=Grant)


@dataclass(frozen=True)
class GrantRow:
    """One line of the table of effective grants (rule 16).

    Parameters
    ----------
    id : str
        For revoking.
    kind : str
        ``"command"``, ``"folder"``, ``"environment"``, ``"display"``, ``"models"`` or ``"network"``.
    what : str
        The option that gives it, or a description where none can; never a value of the environment.
    effect : str
        ``"allow"``, ``"ask"`` or ``"deny"``; for a folder the access that is in force.
    scope : Scope
        For how long.
    origin : Origin
        From where.
    module_sha256 : str
        The module it is for, empty for any.
    age : float
        Seconds since it was given.
    uses : int
        How often it decided something.
    """

    id: str
    kind: str
    what: str
    effect: str
    scope: Scope
    origin: Origin
    module_sha256: str
    age: float
    uses: int


@dataclass
class _Entry:
    grant: Grant
    run: str
    uses: int = 0


class GrantBook:
    """Grants that can be looked at, taken back and counted, from any thread.

    Parameters
    ----------
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.RLock()  # watchers are told inside it, and may ask the book
        self._entries: dict[str, _Entry] = {}
        self._snapshots: dict[str, Grants] = {}  # of what is in force now; emptied by each change
        self._numbers = itertools.count(1)
        self._watchers: list[Callable[[Grant], None]] = []

    def add(self, grant: AnyGrant, run: str = "") -> AnyGrant:
        """Put a grant in force.

        Parameters
        ----------
        grant : one of the grants
            Its ``id`` is set here, its ``created`` too where it is 0.
        run : str
            The run that it ends with (`end_run`); empty for the session.

        Returns
        -------
        one of the grants
            As it is kept. The same grant given twice is kept once.

        Raises
        ------
        ValueError
            For ``Scope.ONCE``: such an answer is spent when it is given.
        """
        if grant.scope is Scope.ONCE:
            raise ValueError("an answer for once is no standing grant")
        with self._lock:
            for entry in self._entries.values():
                kept = entry.grant
                if entry.run == run and replace(kept, id=grant.id, created=grant.created) == grant:
                    return kept  # type: ignore[return-value]  # equal, so of the same type
            added = replace(grant, id=f"g{next(self._numbers)}", created=grant.created or self._clock())
            self._entries[added.id] = _Entry(added, run)
            self._snapshots.clear()
            return added

    def add_all(self, grants: Grants, run: str = "") -> None:
        """Put a whole set in force; see `add`."""
        for grant in grants.every:
            self.add(grant, run)

    def revoke(self, grant_id: str) -> bool:
        """Take a grant back at once, and tell those who watch; return False when there is none of that id."""
        with self._lock:
            entry = self._entries.pop(grant_id, None)
            self._snapshots.clear()
        if entry is None:
            return False
        self.announce(entry.grant)
        return True

    def holds(self, grant_id: str) -> bool:
        """Return whether a grant is still in force here."""
        with self._lock:
            return grant_id in self._entries

    def end_run(self, run: str) -> None:
        """Drop what was given for one run; nobody is told, since the run is over."""
        with self._lock:
            self._entries = {key: entry for key, entry in self._entries.items() if not run or entry.run != run}
            self._snapshots.clear()

    def clear(self) -> None:
        """Take everything back."""
        with self._lock:
            entries, self._entries = self._entries, {}
            self._snapshots.clear()
        for entry in entries.values():
            self.announce(entry.grant)

    def used(self, grant_id: str) -> None:
        """Count a decision that a grant made."""
        with self._lock:
            if grant_id in self._entries:
                self._entries[grant_id].uses += 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is in force."""
        return not self._entries

    def snapshot(self, run: str = "") -> Grants:
        """Return the grants in force for a run (empty: for the session only), unchanged by whatever comes later.

        The same object until something changes.
        """
        with self._lock:
            if run not in self._snapshots:
                self._snapshots[run] = self._in_force(run)
            return self._snapshots[run]

    def _in_force(self, run: str) -> Grants:
        grants = [entry.grant for entry in self._entries.values() if entry.run in ("", run)]
        return Grants(
            commands=tuple(grant for grant in grants if isinstance(grant, CommandGrant)),
            folders=tuple(grant for grant in grants if isinstance(grant, FolderGrant)),
            env=tuple(grant for grant in grants if isinstance(grant, EnvGrant)),
            display=tuple(grant for grant in grants if isinstance(grant, DisplayGrant)),
            models=tuple(grant for grant in grants if isinstance(grant, ModelGrant)),
            network=tuple(grant for grant in grants if isinstance(grant, NetworkGrant)),
        )

    def rows(self) -> tuple[GrantRow, ...]:
        """Return the table of effective grants, oldest first."""
        now = self._clock()
        with self._lock:
            entries = [(entry.grant, entry.uses) for entry in self._entries.values()]
        folders = [grant for grant, _ in entries if isinstance(grant, FolderGrant)]
        access = {grant.id: grant.access.value for grant in effective_folders(folders)}
        return tuple(row_of(grant, now, uses, access.get(grant.id, "")) for grant, uses in entries)

    def watch(self, callback: Callable[[Grant], None]) -> Callable[[], None]:
        """Have `callback` called with each grant that is revoked, on the thread that revokes; return how to stop that.

        A running command is ended by this when what allowed it is taken back (rule 16).
        """
        with self._lock:
            self._watchers.append(callback)

        def stop() -> None:
            with self._lock:
                if callback in self._watchers:
                    self._watchers.remove(callback)

        return stop

    def announce(self, grant: Grant) -> None:
        """Tell those who watch that a grant was taken back, here or where it was kept.

        Inside the lock: once a watcher has stopped, it is not told any more, and may close what it was told through.
        """
        with self._lock:
            for watcher in tuple(self._watchers):
                watcher(grant)


def remaining(grants: Grants, taken: Collection[Grant]) -> Grants:
    """Return a set without some of its grants."""
    return Grants(
        commands=tuple(grant for grant in grants.commands if grant not in taken),
        folders=tuple(grant for grant in grants.folders if grant not in taken),
        env=tuple(grant for grant in grants.env if grant not in taken),
        display=tuple(grant for grant in grants.display if grant not in taken),
        models=tuple(grant for grant in grants.models if grant not in taken),
        network=tuple(grant for grant in grants.network if grant not in taken),
    )


def row_of(grant: Grant, now: float, uses: int, access: str = "") -> GrantRow:
    """Return a grant as a line of the table; `access` is what is in force for a folder."""
    return GrantRow(
        id=grant.id,
        kind=_kind(grant),
        what=describe(grant),
        effect=grant.effect.value if isinstance(grant, CommandGrant | NetworkGrant) else access or "allow",
        scope=grant.scope,
        origin=grant.origin,
        module_sha256=grant.module_sha256,
        age=max(0.0, now - grant.created),
        uses=uses,
    )


def describe(grant: Grant) -> str:
    """Return a grant as the option that gives it, or in words where no option can say it."""
    if isinstance(grant, CommandGrant) and grant.effect is not Effect.ALLOW and grant.program is not None:
        return describe(replace(grant, effect=Effect.ALLOW, env_names=frozenset()))
    if isinstance(grant, NetworkGrant) and grant.effect is not Effect.ALLOW:
        return describe(replace(grant, effect=Effect.ALLOW))
    try:
        return option(grant)
    except UsageError:
        if isinstance(grant, DisplayGrant):
            return "the display"
        if isinstance(grant, ModelGrant):
            return "models"
        if isinstance(grant, NetworkGrant):
            return f"connections to {visible(grant.host, 300)}"
        if isinstance(grant, FolderGrant):
            return f"the folder {visible(grant.host, 300)}"
        if isinstance(grant, EnvGrant):
            return f"the variable {visible(grant.name, 300)}"
        return "every command" if grant.program is None else f"the program {visible(grant.program.path, 300)}"


def _kind(grant: Grant) -> str:
    if isinstance(grant, CommandGrant):
        return "command"
    if isinstance(grant, DisplayGrant):
        return "display"
    if isinstance(grant, ModelGrant):
        return "models"
    if isinstance(grant, NetworkGrant):
        return "network"
    return "folder" if isinstance(grant, FolderGrant) else "environment"
