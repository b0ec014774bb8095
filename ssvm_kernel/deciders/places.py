"""Which folders a guest can be given, and why not the others: the same for every way to pick one."""

# A path is compared, shown and granted as the very text it is, which Path would rewrite.
# ruff: noqa: PTH119, PTH120

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from typing import Final

from ssvm_kernel.capabilities.dangers import Danger, dangers_of
from ssvm_kernel.capabilities.model import Access, Asker, FolderGrant, Grants, Origin, Scope
from ssvm_kernel.capabilities.text import visible, writable
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.resolve import resolve_folder, special_folders

__all__ = ["PickAnswer", "PickQuestion", "Places", "above", "replaces"]

LONGEST_NAME: Final = 255
_SHOWN: Final = 300


@dataclass(frozen=True)
class PickQuestion:
    """A guest may be given a folder, if the person picks one.

    Parameters
    ----------
    asker : Asker
        For whom.
    start : str
        The folder whose folders are shown first.
    granted : Grants
        What is in force for this guest already; the folder is judged together with it.
    """

    asker: Asker
    start: str
    granted: Grants = field(default_factory=Grants)

    @property
    def meaning(self) -> str:
        """What picking does, to be read beside the list (U28); safe to show."""
        guest = visible(self.asker.name, _SHOWN)
        return (
            f"Picking is granting: {guest} gets the folder with all that is in it, in this run and in later ones, "
            "until the kernel ends or you take it back (%ssvm grants). A guest with other code does not get it."
        )


@dataclass(frozen=True)
class PickAnswer:
    """What came of it.

    Parameters
    ----------
    grant : FolderGrant or None
        The folder, checked but not in force yet; None when none was picked.
    via : str
        ``"widget"``, ``"stdin"`` or ``"nobody"``.
    reason : str
        Why there is none; empty when the person wanted none.
    """

    grant: FolderGrant | None
    via: str
    reason: str = ""


class Places:
    """Judges folders for one question; looks up the special folders once.

    Parameters
    ----------
    question : PickQuestion
        For whom, and what is granted already.
    """

    def __init__(self, question: PickQuestion) -> None:
        self._question = question
        self._special = special_folders()
        self._known = {problem.message for problem in dangers_of(question.granted, self._special)}

    def judge(self, path: str, access: Access) -> tuple[str, str]:
        """Return why `path` cannot be granted, and what to be warned of; each may be empty, both are safe to show."""
        if not _is_text(path):
            return "its path is not UTF-8", ""
        return self._dangers(FolderGrant(path, path, access))

    def suggested(self, path: str) -> str:
        """Return the name under which a guest sees a folder if the person says nothing: the last part of its path."""
        last = os.path.basename(path)
        name = last if writable(last) and not _name_trouble(last) else "folder"
        taken = {folder.guest for folder in self._question.granted.folders if folder.host != path}
        number = 2
        while name in taken:
            name, number = f"{last}-{number}", number + 1
        return name

    def grant(self, path: str, access: Access, name: str) -> FolderGrant:
        """Return the grant of a folder that was picked, for the session and for this guest's module alone.

        Parameters
        ----------
        path : str
            Absolute real path, as it was shown.
        access : Access
            Read, or read and write.
        name : str
            Under which the guest is to see it.

        Raises
        ------
        GrantError
            When it must not be granted, or is not what was shown any more; the message is safe to show.
        """
        trouble = _name_trouble(name)
        if trouble:
            raise GrantError(trouble)
        if not _is_text(path):
            raise GrantError("the folder cannot be granted: its path is not UTF-8")
        if resolve_folder(path) != path:  # a folder was replaced by a link since it was listed (P27)
            raise GrantError(f"{visible(path, _SHOWN)} has become a link; open it to see where it leads")
        grant = FolderGrant(path, name, access, Scope.SESSION, Origin.PERSON, self._question.asker.module_sha256)
        refused, _ = self._dangers(grant)
        if refused:
            raise GrantError(refused)
        return replace(grant, created=time.time())

    def _dangers(self, grant: FolderGrant) -> tuple[str, str]:
        granted = self._question.granted
        # The same folder may be picked again, for more or under another name: it then takes the place of the old grant.
        others = tuple(folder for folder in granted.folders if not replaces(grant, folder))
        problems = [
            problem
            for problem in dangers_of(replace(granted, folders=(*others, grant)), self._special)
            if problem.message not in self._known or problem.danger is Danger.REFUSED
        ]
        refused = [problem.message for problem in problems if problem.danger is Danger.REFUSED]
        warned = [problem.message for problem in problems if problem.danger is Danger.WARNING]
        return "; ".join(refused), "; ".join(warned)


def above(path: str) -> tuple[str, ...]:
    """Return the folders that hold `path`, the outermost first."""
    parents = []
    while (parent := os.path.dirname(path)) != path:
        parents.append(parent)
        path = parent
    return tuple(reversed(parents))


def replaces(new: FolderGrant, old: FolderGrant) -> bool:
    """Tell whether a folder that was picked takes the place of a grant: it is the same folder, picked before."""
    return new.host == old.host and old.origin is Origin.PERSON


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _name_trouble(name: str) -> str:
    """Return what is wrong with a name for a guest's folder, or an empty string."""
    if not name or len(name) > LONGEST_NAME:
        return f"the name for the guest has 1 to {LONGEST_NAME} characters"
    if name != name.strip() or not writable(name):
        return "the name for the guest holds characters that do not show"
    if ".." in name.split("/"):
        return "the name for the guest must not hold a part .."
    return ""
