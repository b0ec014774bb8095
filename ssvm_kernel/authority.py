"""What one run was granted by its options, and the folder its commands work in."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from typing import Final

from ssvm_kernel.capabilities.dangers import Problem, check_grants
from ssvm_kernel.capabilities.folders import effective_folders
from ssvm_kernel.capabilities.model import DisplayGrant, FolderGrant, Grants, ModelGrant
from ssvm_kernel.capabilities.network import parse_network
from ssvm_kernel.capabilities.parse import (
    apply_command_env,
    parse_command,
    parse_command_all,
    parse_command_env,
    parse_dir,
    parse_env,
)
from ssvm_kernel.errors import SsvmError
from ssvm_kernel.host.ceilingfile import load_ceiling
from ssvm_kernel.host.resolve import resolve_folder, resolve_program, special_folders
from ssvm_kernel.host.temporary import prefix_of
from ssvm_kernel.options import RunTraits

__all__ = ["WorkFolder", "granted_by_options", "search_path"]


_GRANTING: Final = (
    "allow_command",
    "allow_command_all",
    "allow_command_env",
    "dirs",
    "env",
    "display",
    "allow_models",
    "allow_network",
)
"""The options that grant something."""


def search_path() -> str:
    """Return the folders in which a program's name is looked up: the kernel's own PATH."""
    return os.environ.get("PATH", os.defpath)


def granted_by_options(options: RunTraits) -> tuple[Grants, tuple[Problem, ...]]:
    """Return the grants that a line's options give, and what the person should be warned of.

    Raises
    ------
    UsageError
        For an option that says nothing sensible.
    GrantError
        For a grant that must not be given, alone or with the others.
    """
    ceiling = load_ceiling()
    if not any(getattr(options, name) for name in _GRANTING):
        return Grants(), ()  # most cells ask for nothing
    resolve = partial(resolve_program, search_path=search_path())
    commands = [parse_command(text, resolve) for text in options.allow_command]
    if options.allow_command_all:
        commands.append(parse_command_all())
    names = [parse_command_env(text) for text in options.allow_command_env]
    grants = Grants(
        commands=apply_command_env(commands, names, resolve),
        # what is in force for each, since an engine opens every folder as it is told (attack W13)
        folders=effective_folders(parse_dir(text, resolve_folder) for text in options.dirs),
        env=tuple(parse_env(text, os.environ) for text in options.env),
        display=(DisplayGrant(),) if options.display else (),
        models=(ModelGrant(),) if options.allow_models else (),
        network=tuple(parse_network(text) for text in options.allow_network),
    )
    if ceiling is not None:
        ceiling.check(grants)
    # Finding the special folders takes longer than a small guest; without a folder grant none of them can be in one.
    return grants, check_grants(grants, special_folders() if grants.folders else ())


class WorkFolder:
    """The working folder of a run's commands: a granted folder, or an empty one that is removed afterwards.

    A guest has no say in it (attack P26).  The folder granted as ``.`` or ``/`` is taken, else the only granted one.
    """

    def __init__(self, folders: tuple[FolderGrant, ...]) -> None:
        self._folders = folders
        self._made: str | None = None

    def path(self) -> str:
        """Return the folder, absolute; makes the empty one when it is first needed.

        Raises
        ------
        SsvmError
            When it cannot be made.
        """
        for folder in self._folders:
            if folder.guest in (".", "/") or len(self._folders) == 1:
                return folder.host
        if self._made is None:
            try:
                self._made = os.path.realpath(tempfile.mkdtemp(prefix=prefix_of("cwd")))
            except OSError as error:
                raise SsvmError(
                    f"no empty folder can be made for commands to work in: {error.strerror}. Make room for it, or "
                    "grant a folder as . to work there: --dir .:HOST"
                ) from None
        return self._made

    def close(self) -> None:
        """Remove the empty folder, with what commands left in it."""
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
            self._made = None
