"""The paths that a guest tried and did not get, and the option that would give each (rule 15)."""

# A path is compared, shown and granted as the very text it is, which Path would rewrite.
# ruff: noqa: PTH112, PTH118, PTH120

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ssvm_kernel.capabilities.folders import covers
from ssvm_kernel.capabilities.model import Access, FolderGrant
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wording import option, remedy
from ssvm_kernel.display.report import FileLine
from ssvm_kernel.errors import UsageError
from ssvm_kernel.sandbox.protocol import Attempt, OpenedPath

__all__ = ["MissedPath", "missed_paths", "opened_paths"]

_REFUSED: Final = frozenset({63, 69, 76})  # EPERM, EROFS, ENOTCAPABLE: what the engine says where a grant ends
_WORDS: Final = {2: "this computer does not let you", 32: "too many links on the way", 44: "there is no such file"}
_READING: Final = frozenset({"path_open", "path_filestat_get", "path_readlink"})  # open: as a rule
_FIRST: Final = 3


@dataclass(frozen=True)
class MissedPath:
    """A path that a guest did not get.

    Parameters
    ----------
    path : str
        As the guest names it, safe to show.
    why : str
        The reason, to be read after the path.
    refused : bool
        Whether a grant ended there; otherwise there is no such file, or this computer refused.
    grant_line : str
        The option that would grant it, or empty.
    """

    path: str
    why: str
    refused: bool
    grant_line: str = ""

    def lines(self, name: str) -> list[str]:
        """Return that the guest of that name may not use it and why, and below it what would grant it."""
        told = f"{name} may not use {self.path}: {self.why}"
        return [told, f"  {remedy(self.grant_line)}"] if self.grant_line else [told]


def missed_paths(attempts: Iterable[Attempt], folders: Sequence[FolderGrant]) -> tuple[MissedPath, ...]:
    """Return what a run's attempts mean, each path once.

    Parameters
    ----------
    attempts : iterable of Attempt
        From the guest's process, so nothing in them is believed but shown.
    folders : sequence of FolderGrant
        What the guest was granted, in the order in which it sees them.
    """
    found = (_missed(attempt, folders) for attempt in attempts)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def opened_paths(opened: Iterable[OpenedPath], folders: Sequence[FolderGrant]) -> tuple[FileLine, ...]:
    """Return what a guest opened, as far as it was told; `folders` as for `missed_paths`."""
    return tuple(
        FileLine(
            _named(each.fd, each.path, folders), "opened to write" if each.writes else "opened to read", opened=True
        )
        for each in opened
    )


def _named(fd: int, path: bytes, folders: Sequence[FolderGrant]) -> str:
    """Return a path as the guest names it, safe to show."""
    text = path.decode("utf-8", "surrogateescape")
    if not 0 <= fd - _FIRST < len(folders):
        return f"{visible(text, 300)} (in a folder that the guest opened)"
    folder = folders[fd - _FIRST]
    return visible(text if folder.guest == "." else posixpath.join(folder.guest, text), 300)


def _missed(attempt: Attempt, folders: Sequence[FolderGrant]) -> MissedPath | None:
    refused = attempt.error in _REFUSED
    if not refused and attempt.error not in _WORDS:
        return None  # a file that is there already and the like: not about what was granted
    text = attempt.path.decode("utf-8", "surrogateescape")
    number = attempt.fd - _FIRST
    if not 0 <= number < len(folders) or "\0" in text:
        where = f"{visible(text, 300)} (in a folder that the guest opened)"
        return MissedPath(where, _WORDS.get(attempt.error, "not permitted"), refused)
    folder = folders[number]
    guest = text if folder.guest == "." else posixpath.join(folder.guest, text)
    if not refused:
        return MissedPath(visible(guest, 300), _WORDS[attempt.error], False)
    why, grant = _grant(attempt.function, guest, text, folder)
    return MissedPath(visible(guest, 300), why, True, _option(grant))


def _grant(function: str, guest: str, text: str, folder: FolderGrant) -> tuple[str, FolderGrant | None]:
    """Return why a path was refused, and the grant that would give it."""
    named = os.path.normpath(os.path.join(folder.host, text))
    real = os.path.realpath(named)
    if covers(folder.host, real):
        if folder.access is Access.READ:
            return "it may only be read", FolderGrant(folder.host, folder.guest, Access.READ_WRITE)
        return "not permitted", None
    access = Access.READ if function in _READING else Access.READ_WRITE
    place = real if os.path.isdir(real) else os.path.dirname(real)
    if place == os.sep:
        return "it lies outside of what is granted", None
    if covers(folder.host, named):
        return f"it is a link that leads out of {visible(folder.guest, 300)}", FolderGrant(place, place, access)
    name = guest if place == real else posixpath.dirname(guest)
    return "it lies outside of what is granted", FolderGrant(place, name if name not in ("", ".") else place, access)


def _option(grant: FolderGrant | None) -> str:
    if grant is None:
        return ""
    try:
        return option(grant)
    except UsageError:
        return ""
