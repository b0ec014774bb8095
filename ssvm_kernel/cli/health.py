"""What ``ssvm`` has in common with ``%ssvm``: the same subcommands, in text."""

from __future__ import annotations

from collections.abc import Sequence

from ssvm_kernel.commands import find, perform
from ssvm_kernel.errors import UsageError
from ssvm_kernel.options import help_text
from ssvm_kernel.session import Session

__all__ = ["shared"]


def shared(words: Sequence[str]) -> str:
    """Return what the subcommand of ``%ssvm`` that `words` begin with has to show.

    Raises
    ------
    SsvmError
        When it cannot be found out; `UsageError` for options that it has not.
    """
    if "--help" in words or "-h" in words:
        command = find(words[0])
        return help_text(command.usage.replace("%ssvm", "ssvm"), command.traits)
    session = Session()
    try:
        shown = perform(session, list(words), "")
    except UsageError as error:
        raise UsageError(str(error).replace("%ssvm", "ssvm")) from None
    else:
        return "" if shown is None else repr(shown)
    finally:
        session.close()
