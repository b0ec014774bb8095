"""What the person's flags for a compiler must not name: it runs as the person, outside of any lock.

They stand in the first line of a cell, and that may be somebody else's notebook (attack X27).  By a path a compiler
could write over a file of the person, or start it, so a flag has one only where the compiler reads it as source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ssvm_kernel.errors import UsageError

__all__ = ["check_flags"]

_ORDERS = re.compile(r"[=,\s]@")
"""A file with more flags, as one of the session's can be."""


def check_flags(
    flags: Iterable[str], refused: re.Pattern[str], with_path: re.Pattern[str], before_path: tuple[str, ...] = ()
) -> None:
    """Refuse flags that make something else, write files, start programs, or hide what a cell reads.

    Parameters
    ----------
    flags : iterable of str
        All of them, in their order.
    refused : pattern
        Flags that are refused whatever they name.
    with_path : pattern
        Those that may have a path in them.
    before_path : tuple of str
        Those that may have a path as the next word.

    Raises
    ------
    UsageError
        Naming the first of them.
    """
    last = ""
    for flag in flags:
        if refused.fullmatch(flag):
            raise UsageError(f"the flag {flag} makes something other than a guest, or runs another program")
        # The word behind such a flag is no flag itself: whatever else takes it for its own could only read it.
        free = with_path.fullmatch(flag) or (last in before_path and not flag.startswith("-"))
        if flag.startswith("@") or (not free and ("/" in flag or _ORDERS.search(flag))):
            raise UsageError(
                f"the flag {flag} names a file, which a compiler could write over or run: a flag can name only what is "
                "read as source, as a folder of headers"
            )
        last = flag
