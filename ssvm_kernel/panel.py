"""What the extension's panel sees and may do: the grants in force, the ledger, taking back, and export.

Requests come on the control channel, from any script of a page, so that they only read and narrow: what would let a
guest do more when it is gone (a denial, the stricter of two grants of a folder) is not taken back here.
"""

from __future__ import annotations

from typing import Any, Final

from ssvm_kernel.capabilities.folders import access_to
from ssvm_kernel.capabilities.grants import GrantRow
from ssvm_kernel.capabilities.model import Access
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.commands.grants import ORIGINS, exported
from ssvm_kernel.deciders.labwire import Export, Look, Revoke
from ssvm_kernel.deciders.link import Link, link_of
from ssvm_kernel.deciders.presence import running_kernel
from ssvm_kernel.errors import GrantError
from ssvm_kernel.session import Session

__all__ = ["Panel", "serve_panel"]

_MOST_LINES: Final = 200
_ALLOWING: Final = ("allow", Access.READ.value, Access.READ_WRITE.value)


class Panel:
    """Answers the panel's requests about one session; on the control thread.

    Parameters
    ----------
    session : Session
        The kernel's session.
    link : Link
        Where the requests come from.
    """

    def __init__(self, session: Session, link: Link) -> None:
        self._session = session
        self._link = link
        link.serve(Look, self.look)
        link.serve(Revoke, self.revoke)
        link.serve(Export, self.export)

    def look(self, message: Look) -> dict[str, Any]:
        """Return the grants in force and the newest lines of the ledger after ``message.since``."""
        return {
            "waiting": self._link.open_question,
            "grants": [self._grant(row) for row in self._session.grant_rows()],
            "ledger": [_line(line) for line in self._session.ledger.rows(message.since, _MOST_LINES)],
        }

    def revoke(self, message: Revoke) -> dict[str, Any]:
        """Take a grant back, at once and from a running command as well.

        Raises
        ------
        ValueError
            When there is none of that id, when it would let a guest do more, or when it could not be written.
        """
        row = next((row for row in self._session.grant_rows() if row.id == message.grant), None)
        if row is None:
            raise ValueError(f"there is no grant {visible(message.grant)} any more")
        if not self._narrows(row):
            raise ValueError(f"without it a guest could do more; to take it back, run: %ssvm revoke {row.id}")
        try:
            self._session.revoke(row.id)
        except GrantError as error:
            raise ValueError(str(error)) from None
        return {}

    def export(self, message: Export) -> dict[str, Any]:
        """Return the options that give the same grants."""
        del message
        return {"options": exported(self._session.grant_rows())}

    def _narrows(self, row: GrantRow) -> bool:
        if row.kind != "folder":
            return row.effect in _ALLOWING or row.kind == "environment"
        folders = self._session.grants.snapshot().folders
        others = [folder for folder in folders if folder.id != row.id]
        here = next((folder.host for folder in folders if folder.id == row.id), None)
        # a grant of the running cell is not in the session's set, and ends with its run
        return here is None or access_to(here, others) in (None, access_to(here, folders))

    def _grant(self, row: GrantRow) -> dict[str, Any]:
        return {
            "id": row.id,
            "what": row.what,
            "effect": row.effect,
            "scope": row.scope.value,
            "origin": ORIGINS[row.origin.value],
            "module": row.module_sha256[:12],
            "age": row.age,
            "uses": row.uses,
            "revocable": self._narrows(row),
        }


def _line(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("seq", "time", "guest", "cell", "argv", "decision", "scope", "outcome", "status", "signal", "ms")
    return {key: row[key] for key in kept} | {"bytes": row["stdout_bytes"] + row["stderr_bytes"]}


def serve_panel(session: Session) -> None:
    """Answer the panel's requests about `session`, where the kernel can hear them."""
    link = link_of(running_kernel())
    if link is not None:
        Panel(session, link)
