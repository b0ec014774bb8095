"""What a guest's process holds open for as long as it lives: its folders, and what computes models."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from ssvm_kernel.capabilities.grants import Grant, GrantBook
from ssvm_kernel.capabilities.model import FolderGrant, ModelGrant
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import GrantRevoked, WorkerDied
from ssvm_kernel.sandbox.protocol import Lock

__all__ = ["Lent", "is_held"]


def is_held(grant: Grant, lock: Lock) -> bool:
    """Tell whether a process that was locked so holds what a grant gave."""
    if isinstance(grant, FolderGrant):
        return any(folder.host == grant.host for folder in lock.preopens)
    return isinstance(grant, ModelGrant) and bool(lock.extras)


class Lent:
    """Ends a guest's process when something that it holds open is taken back: nothing else takes it away (X33).

    As a context manager: the error of a process that was ended so says why, and no longer that it died.

    Parameters
    ----------
    book : GrantBook
        Where the grants are in force.
    grants : tuple of FolderGrant or ModelGrant
        What it holds.
    name : str
        The guest's.
    """

    def __init__(self, book: GrantBook, grants: tuple[Grant, ...], name: str) -> None:
        self._ids = {grant.id for grant in grants if grant.id}
        self._name = name
        self._end: Callable[[], None] | None = None
        self._lost: Grant | None = None
        self._forget = book.watch(self._on_revoked)
        for grant in grants:  # taken back before it was watched
            if grant.id and not book.holds(grant.id):
                self._lost = grant

    def __enter__(self) -> Lent:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
        if isinstance(error, WorkerDied):
            self.check()

    def close(self) -> None:
        """Stop watching: the process is to be ended by nobody any more."""
        self._forget()
        self._end = None

    @property
    def lost(self) -> str:
        """What was taken back, in a word; empty while it has all of it."""
        if self._lost is None:
            return ""
        return "folder" if isinstance(self._lost, FolderGrant) else "library for models"

    def begin(self, end: Callable[[], None]) -> None:
        """Watch over a process that holds nothing yet.

        Parameters
        ----------
        end : callable
            Ends it, from any thread.

        Raises
        ------
        GrantRevoked
            When something was taken back before.
        """
        self._end = end
        if self._lost is not None:
            end()
            self.check()

    def check(self) -> None:
        """Raise when something was taken back.

        Raises
        ------
        GrantRevoked
            It says what.
        """
        if self._lost is None:
            return
        what = f"the folder {visible(self._lost.host, 300)}" if isinstance(self._lost, FolderGrant) else "models"
        raise GrantRevoked(f"the grant of {what} was taken back, and {visible(self._name)} was ended") from None

    def _on_revoked(self, grant: Grant) -> None:
        """Take notice, on the thread that revokes."""
        if grant.id not in self._ids:
            return
        self._lost = self._lost or grant
        end = self._end
        if end is not None:
            end()
