"""Folders that a person picks for a guest, before a run or by themselves."""

from __future__ import annotations

from pathlib import Path

from ssvm_kernel.authority import granted_by_options
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.model import Asker, FolderGrant, Grants
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.deciders.pickchain import PickerChain
from ssvm_kernel.deciders.places import PickQuestion, replaces
from ssvm_kernel.errors import DeniedError, LoadError
from ssvm_kernel.guest import Guest
from ssvm_kernel.host.ceilingfile import load_ceiling
from ssvm_kernel.host.waiting import wait_without_guest
from ssvm_kernel.options import RunTraits

__all__ = ["FolderPicks", "uses_folders"]


class FolderPicks:
    """Lets a person pick, and puts what was picked in force for the session, for that guest's module alone.

    Parameters
    ----------
    book : GrantBook
        Where the grants go.
    pickers : PickerChain
        Who lets the person pick.
    """

    def __init__(self, book: GrantBook, pickers: PickerChain) -> None:
        self._book = book
        self._pickers = pickers

    def pick(self, guest: Guest, cell: str = "") -> FolderGrant | None:
        """Let the person pick a folder; return what is in force now, or None when they wanted none.

        Raises
        ------
        DeniedError
            When nobody can be asked here; the message has the option that names a folder.
        KeyboardInterrupt
            When the person interrupts.
        """
        return self._pick(guest, cell, self._book.snapshot().for_module(guest.sha256))

    def before_run(self, guest: Guest, options: RunTraits, cell: str = "") -> None:
        """Let the person pick before a run, if the guest can use a folder and has none; see `pick`.

        Raises
        ------
        DeniedError, KeyboardInterrupt
            As `pick`.
        UsageError, GrantError
            When an option makes no sense, or must not be granted.
        """
        own, _ = granted_by_options(options)
        kept = self._book.snapshot().for_module(guest.sha256)
        if own.folders or kept.folders or not uses_folders(guest):
            return
        self._pick(guest, cell, Grants((*kept.commands, *own.commands), (), (*kept.env, *own.env)))

    def _pick(self, guest: Guest, cell: str, granted: Grants) -> FolderGrant | None:
        question = PickQuestion(Asker(guest.name, guest.sha256, cell), str(Path.cwd()), granted)
        answer = self._pickers.pick(question, wait_without_guest)
        if answer.via == "nobody":
            raise DeniedError(
                f"no folder can be picked for {visible(guest.name, 100)}: {answer.reason}\n"
                "  to grant one: --dir data:PATH:ro, or --dir data:PATH for writing as well"
            )
        if answer.grant is None:
            return None
        ceiling = load_ceiling()
        if ceiling is not None:
            ceiling.check(Grants(folders=(answer.grant,)))
        for old in granted.folders:  # else the stricter of the two would hold (W13)
            if replaces(answer.grant, old) and old.module_sha256:
                self._book.revoke(old.id)
        return self._book.add(answer.grant)


def uses_folders(guest: Guest) -> bool:
    """Tell whether a guest can do anything with a folder: without an import for it, it cannot."""
    try:
        binary = read_binary(guest.wasm)
    except LoadError:
        return True  # the engine understands more than our reader: the person decides
    return any(item.name.startswith("path_") for item in binary.imports)
