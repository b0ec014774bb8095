"""The folders inside one folder: what a person who picks one is shown."""

# A path is compared, shown and granted as the very text it is, which Path would rewrite.
# ruff: noqa: PTH118

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import Final

__all__ = ["Folder", "Listing", "list_folders"]

MOST_FOLDERS: Final = 500  # more than a person reads; who has more of them types the path
_MOST_LOOKED_AT: Final = 20_000  # a folder of millions must not hold up the kernel


@dataclass(frozen=True)
class Folder:
    """One folder in a listing.

    Parameters
    ----------
    name : str
        Its name there.
    path : str
        Its absolute real path.
    link : bool
        Whether the name is a link to it.
    """

    name: str
    path: str
    link: bool = False


@dataclass(frozen=True)
class Listing:
    """The folders directly inside a folder.

    Parameters
    ----------
    path : str
        The folder, absolute and real.
    folders : tuple of Folder
        Sorted by name, those that begin with a dot at the end.
    complete : bool
        Whether these are all of them.
    trouble : str
        Why it could not be read, or empty.
    """

    path: str
    folders: tuple[Folder, ...] = ()
    complete: bool = True
    trouble: str = ""


def list_folders(path: str, most: int = MOST_FOLDERS) -> Listing:
    """List the folders directly inside `path`; what lies deeper is not looked at.

    Parameters
    ----------
    path : str
        An absolute path.
    most : int
        Most folders to return.
    """
    real = os.path.realpath(path)
    try:
        with os.scandir(real) as entries:
            seen = list(itertools.islice(entries, _MOST_LOOKED_AT + 1))
    except OSError as error:
        return Listing(real, trouble=error.strerror or "it cannot be read")
    found = [
        Folder(entry.name, os.path.realpath(os.path.join(real, entry.name)), entry.is_symlink())
        for entry in seen[:_MOST_LOOKED_AT]
        if _is_folder(entry)
    ]
    found.sort(key=lambda folder: (folder.name.startswith("."), folder.name.casefold(), folder.name))
    return Listing(real, tuple(found[:most]), len(seen) <= _MOST_LOOKED_AT and len(found) <= most)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False
