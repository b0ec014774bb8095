"""``%ssvm revoke``: take grants and denials back, at once."""

from __future__ import annotations

from ssvm_kernel.commands.base import Command, say
from ssvm_kernel.display.text import counted
from ssvm_kernel.errors import UsageError
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session

__all__ = ["COMMAND", "revoke"]


def revoke(session: Session, grant_id: str) -> str:
    """Take one grant back, or with ``"all"`` those of the session; return what was done.

    Raises
    ------
    UsageError
        When there is none of that id.
    GrantError
        When the file of grants for always cannot be written.
    """
    if grant_id == "all":
        count = session.revoke_all()
        what = counted(count, "grant")
        return f"taken back: {what} of this session; those for always are kept (%ssvm grants --forget all)"
    if not session.revoke(grant_id):
        known = ", ".join(row.id for row in session.grant_rows()) or "none"
        raise UsageError(f"there is no grant {grant_id!r} (there are: {known}); see %ssvm grants")
    return f"{grant_id} was taken back"


def _run(session: Session, parsed: Parsed[LineTraits], label: str) -> None:
    del label
    say(revoke(session, parsed.words[0]))


COMMAND = Command("%ssvm revoke ID|all", "Take a grant or denial back, at once.", LineTraits, (1, 1), _run)
