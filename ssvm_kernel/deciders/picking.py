"""What a view of the folder picker may send, and what is believed of it (rule 12, U12).

The view never sends a path: it sends the id of a line that it was shown, and each listing has ids of its own, so that
nothing can be picked but what stands on the screen.  As in `ssvm_kernel.deciders.pending`, messages may arrive on any
thread; the main thread takes the few that count from the mailbox, and until it has shown the next listing no other
message is believed.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ssvm_kernel.capabilities.model import Access
from ssvm_kernel.deciders.pending import HUMAN_SECONDS, Closed, Judge, Mailbox, Ready, custom_content

__all__ = ["Cancelled", "Opened", "PickEvent", "Picked", "Picking"]

_ACCESS: Final = {access.value: access for access in Access}


@dataclass(frozen=True)
class Opened:
    """The person opened a folder, to see what is in it."""

    path: str


@dataclass(frozen=True)
class Picked:
    """The person picked a folder; whether it may be granted is still to be checked.

    Parameters
    ----------
    path : str
        The folder as it was listed.
    access : Access
        Read, or read and write.
    name : str
        The name under which the guest is to see it, as typed.
    """

    path: str
    access: Access
    name: str


@dataclass(frozen=True)
class Cancelled:
    """The person wants to grant nothing."""


PickEvent: TypeAlias = Ready | Closed | Opened | Picked | Cancelled


class Picking(Judge[PickEvent]):
    """One folder picker that is open, and the judge of what arrives for it.

    Parameters
    ----------
    mailbox : Mailbox
        Where the few messages that count are put.
    human_seconds : float
        A folder cannot be picked sooner than this after its listing was shown (U05).

    Attributes
    ----------
    id : str
        Name of this one picker; every message must carry it, and the nonce.
    """

    def __init__(self, mailbox: Mailbox[PickEvent], human_seconds: float = HUMAN_SECONDS) -> None:
        super().__init__(mailbox, human_seconds)
        self.id = secrets.token_hex(8)
        self._openable: dict[str, str] = {}
        self._pickable: dict[str, str] = {}
        self._waiting = False  # for the person; not while a listing is made
        self._numbers = 0

    def show(self, above: Iterable[str], listed: Iterable[str]) -> tuple[list[str], list[str]]:
        """Take other folders for the ones on the screen, and wait for the person.

        Parameters
        ----------
        above : iterable of str
            Paths of the folders that hold the one that is shown: they can be opened.
        listed : iterable of str
            Paths that can be opened and picked.

        Returns
        -------
        tuple of (list of str, list of str)
            Their ids, new ones each time.
        """
        with self._lock:
            over = {self._next_id(): path for path in above}
            self._pickable = {self._next_id(): path for path in listed}
            self._openable = {**over, **self._pickable}
            self._not_before = time.monotonic() + self._human_seconds
            self._waiting = True
            return list(over), list(self._pickable)

    def _next_id(self) -> str:
        self._numbers += 1
        return f"f{self._numbers}"

    def _judge(self, kind: str, data: Any) -> PickEvent | None:
        if kind == "comm_close":
            return Closed()
        content = custom_content(data, self.id, self.nonce)
        if content is None:
            return None
        if content == {"ready": True}:
            return Ready()
        if content == {"cancel": True}:
            return Cancelled()
        if not self._waiting:
            return None
        if content.keys() == {"open"}:
            path = _of(self._openable, content["open"])
            return None if path is None else Opened(path)
        return self._picked(content) if content.keys() == {"pick", "access", "name"} else None

    def _take(self, event: PickEvent) -> None:
        """Wait for no more until the next listing is shown; what is no folder is the end."""
        if isinstance(event, Opened | Picked):
            self._waiting = False
        else:
            super()._take(event)

    def _picked(self, content: dict[Any, Any]) -> Picked | None:
        path, access, name = _of(self._pickable, content["pick"]), content["access"], content["name"]
        if path is None or not isinstance(access, str) or access not in _ACCESS or not isinstance(name, str):
            return None
        return Picked(path, _ACCESS[access], name) if time.monotonic() >= self._not_before else None


def _of(folders: dict[str, str], key: Any) -> str | None:
    return folders.get(key) if isinstance(key, str) else None
