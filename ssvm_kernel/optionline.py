"""Options as one would write them, from what was parsed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from ssvm_kernel.options import LineTraits, flags_of

__all__ = ["options_line"]


def options_line(options: LineTraits, leave: Iterable[str] = ()) -> str:
    """Return the options that differ from their defaults, as one would write them.

    Parameters
    ----------
    options : LineTraits
        What was parsed.
    leave : iterable of str
        Names of traits to leave out.

    Returns
    -------
    str
        Without the values of environment variables, which may be secrets: ``--env NAME`` takes the kernel's own.
    """
    words = []
    for flag, name in flags_of(type(options)).items():
        value = getattr(options, name)
        if name in leave or value == type(options).class_traits()[name].default():
            continue
        if isinstance(value, bool):
            words.append(flag)
            continue
        for item in value if isinstance(value, list) else [value]:
            text = str(item).partition("=")[0] if name == "env" else str(item)
            words.append(f"{flag} {shlex.quote(text)}")
    return " ".join(words)
