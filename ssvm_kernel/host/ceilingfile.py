"""The files in which an administrator, or the person, says what may be granted at all.

Each folder of Jupyter's configuration is looked into (`jupyter --paths` lists them), and of all files the strictest
rule holds: a person's own file can take away from what the system's leaves, and add nothing.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from ssvm_kernel.capabilities.ceiling import Ceiling
from ssvm_kernel.capabilities.places import place_of, split_place
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.resolve import resolve_program

__all__ = ["NAME", "load_ceiling", "read_ceiling"]

NAME: Final = "ssvm_kernel_ceiling.json"
_MOST_BYTES: Final = 1 << 20


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may stand in the file; see `Ceiling`."""

    version: int
    commands: tuple[str, ...] | None = None
    all_commands: bool = True
    any_arguments: bool = True
    always: bool = True
    folders: tuple[str, ...] | None = None
    writable_folders: bool = True
    environment: tuple[str, ...] | None = None
    models: bool = True
    network: bool | tuple[str, ...] = True


@functools.cache
def load_ceiling() -> Ceiling | None:
    """Return what this machine's configuration leaves to be granted, read once; None where it says nothing.

    Raises
    ------
    GrantError
        When a file cannot be read or understood: nobody knows then what it forbids, so nothing is granted.
    """
    from jupyter_core.paths import jupyter_config_path

    return read_ceiling(Path(folder) / NAME for folder in jupyter_config_path())


def read_ceiling(paths: Iterable[Path]) -> Ceiling | None:
    """Return the strictest of some files; those that are not there say nothing.

    Raises
    ------
    GrantError
        As `load_ceiling`.
    """
    ceiling: Ceiling | None = None
    for path in dict.fromkeys(paths):
        try:
            with path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from None
        one = _parse(path, data)
        ceiling = one if ceiling is None else ceiling.lowered(one)
    return ceiling


def _parse(path: Path, data: bytes) -> Ceiling:
    if len(data) > _MOST_BYTES:
        raise _unreadable(path, "it is larger than a megabyte")
    try:
        said = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from None
    if said.version != 1:
        raise _unreadable(path, f"it has version {said.version}, and this is ssvm-kernel for version 1")
    return Ceiling(
        commands=None if said.commands is None else tuple(_programs(path, said.commands)),
        all_commands=said.all_commands,
        any_arguments=said.any_arguments,
        always=said.always,
        folders=None if said.folders is None else tuple(_folders(path, said.folders)),
        writable_folders=said.writable_folders,
        environment=said.environment,
        models=said.models,
        network=_places(path, said.network),
        sources=(str(path),),
    )


def _programs(path: Path, names: Iterable[str]) -> Iterable[str]:
    """Yield real paths; a program that is not installed allows nothing."""
    for name in names:
        if not Path(name).is_absolute():
            raise _unreadable(path, f"{name!r} is no absolute path: what a bare name means depends on PATH")
        program = resolve_program(os.fsencode(name), "").program
        if program is not None:
            yield program.path


def _places(path: Path, said: bool | tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the only places for connections, each in its one spelling; None for any."""
    if isinstance(said, bool):
        return None if said else ()
    try:
        return tuple(place_of(*split_place(text)) for text in said)
    except ValueError as error:
        raise _unreadable(path, f"a place in network is none: {error}") from None


def _folders(path: Path, names: Iterable[str]) -> Iterable[str]:
    """Yield real paths; ``~`` is the person's home."""
    for name in names:
        try:
            folder = Path(name).expanduser()
        except RuntimeError:  # ~ of somebody who is not there
            raise _unreadable(path, f"{name!r} is nobody's home") from None
        if not folder.is_absolute():
            raise _unreadable(path, f"{name!r} is no absolute path")
        yield str(folder.resolve())


def _unreadable(path: Path, why: str) -> GrantError:
    return GrantError(
        f"{path} says what may be granted, and cannot be understood: {why}. Nothing is granted until that is mended"
    )
