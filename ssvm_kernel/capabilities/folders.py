"""Folder grants as a set: which one decides about a path, and which set no guest can be given.

The rule, in one sentence: of the grants that hold a path the one with the longest host path decides, and of several for
the same folder the most restrictive (attack W13).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ssvm_kernel.capabilities.model import Access, FolderGrant

__all__ = ["access_to", "covers", "effective_folders", "overlaps", "writable_folders"]


def covers(folder: str, path: str) -> bool:
    """Tell whether `path` is `folder` or lies inside it; both absolute and real."""
    return path == folder or path.startswith(folder if folder.endswith("/") else folder + "/")


def access_to(path: str, folders: Iterable[FolderGrant]) -> Access | None:
    """Return what `folders` allow at `path` (absolute, real), or None when none of them holds it."""
    holding = [folder for folder in folders if covers(folder.host, path)]
    if not holding:
        return None
    deepest = max(len(folder.host) for folder in holding)
    read_only = any(folder.access is Access.READ for folder in holding if len(folder.host) == deepest)
    return Access.READ if read_only else Access.READ_WRITE


def effective_folders(folders: Iterable[FolderGrant]) -> tuple[FolderGrant, ...]:
    """Return `folders` with the access that is in force for each: what to open, and what to show in the table."""
    folders = tuple(folders)
    return tuple(replace(folder, access=access_to(folder.host, folders) or Access.READ) for folder in folders)


def overlaps(folders: Iterable[FolderGrant]) -> tuple[tuple[FolderGrant, FolderGrant], ...]:
    """Return each pair (outer, inner) where a read-only folder lies inside a writable one.

    An engine opens every granted folder on its own, so a guest would reach the inner one through the outer one and
    write there.  Such a set says something that would not be kept, and is refused.
    """
    effective = effective_folders(folders)
    return tuple(
        (outer, inner)
        for outer in effective
        for inner in effective
        if outer.access is Access.READ_WRITE
        and inner.access is Access.READ
        and outer.host != inner.host
        and covers(outer.host, inner.host)
    )


def writable_folders(folders: Iterable[FolderGrant]) -> tuple[FolderGrant, ...]:
    """Return the grants through which a guest can write."""
    return tuple(folder for folder in effective_folders(folders) if folder.access is Access.READ_WRITE)
