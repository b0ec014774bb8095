"""``ssvm doctor``: the table of ``%ssvm doctor``, in text."""

from __future__ import annotations

from ssvm_kernel.commands import perform
from ssvm_kernel.session import Session

__all__ = ["doctor"]


def doctor() -> str:
    """Return what is in force on this computer, by a worker that was really locked.

    Raises
    ------
    SsvmError
        When that cannot be found out.
    """
    session = Session()
    try:
        return repr(perform(session, ["doctor"], ""))
    finally:
        session.close()
