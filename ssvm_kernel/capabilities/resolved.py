"""What a search for a host program found: data that the host layer makes and the pure layers read."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ssvm_kernel.capabilities.model import Program

__all__ = ["FolderResolver", "ProgramResolver", "Resolved", "Trouble"]


class Trouble(enum.Enum):
    """Why a name is not a program that can be run."""

    NOT_FOUND = "not found"
    NOT_EXECUTABLE = "not executable"
    RELATIVE = "relative path"  # ``./tool``: what it means depends on a folder the guest may have chosen (P26)
    INVALID = "invalid name"  # empty, or holds a NUL byte (P15)
    BATCH = "batch file"  # Windows hands these to a shell that parses the arguments again (P11)


@dataclass(frozen=True)
class Resolved:
    """The outcome of a search: a program, or why there is none.

    Parameters
    ----------
    name : bytes
        The name that was looked for, as it was given.
    program : Program or None
        The real file.
    trouble : Trouble or None
        Why there is none.
    detail : str
        One sentence for the person, free of raw guest text.
    """

    name: bytes
    program: Program | None = None
    trouble: Trouble | None = None
    detail: str = ""


ProgramResolver: TypeAlias = Callable[[bytes], Resolved]
"""Finds a program; `ssvm_kernel.host.resolve.resolve_program` with its search path bound."""

FolderResolver: TypeAlias = Callable[[str], str]
"""Gives a folder's absolute real path, or raises `GrantError`; `ssvm_kernel.host.resolve.resolve_folder`."""
