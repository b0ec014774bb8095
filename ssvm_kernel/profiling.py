"""A run's profile: what the guest's process sampled, with lines of the cell, and saved where the person said."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssvm_kernel.display.profile import Profile, is_guest_profile
from ssvm_kernel.errors import SsvmError, WorkerDied
from ssvm_kernel.guest import Guest
from ssvm_kernel.host.named import named_path, own_content, write_whole
from ssvm_kernel.toolchains.linetable import exported_names, function_lines

if TYPE_CHECKING:
    from ssvm_kernel.runtime import Prepared
    from ssvm_kernel.sandbox.runner import Outcome

__all__ = ["place_of", "show_profile"]

_WHAT: Final = "the profile"


def place_of(name: str) -> Path:
    """Return the file that a profile is saved to, when it may be (U42); asked before the run too, which can be long.

    Raises
    ------
    UsageError
        When its name does not end in .json, or something else than a guest's profile is there.
    """
    path = named_path(name)
    own_content(path, _WHAT, is_guest_profile, (".json",))
    return path


def show_profile(prepared: Prepared, outcome: Outcome) -> Profile:
    """Save where a run spent its time, if that was asked for, show it, and return it.

    Raises
    ------
    WorkerDied
        When the guest's process sent something else.
    UsageError
        When it cannot be saved.
    """
    guest = prepared.guest
    lines = _lines(guest)
    names = {f"<wasm function {number}>": name for number, name in exported_names(guest.wasm).items()}
    seconds = outcome.run - outcome.host
    try:
        profile = Profile.read(outcome.profile, guest.name, outcome.engine, seconds, lines, names)
    except ValueError as error:
        raise WorkerDied(str(error)) from None
    try:
        if prepared.options.profile_out:
            profile = replace(profile, saved=_save(profile, prepared.options.profile_out))
    finally:
        prepared.surface.show(profile.bundle())
    return profile


def _lines(guest: Guest) -> dict[str, int]:
    """Return lines of the cell by function; where they were left out, the same code is compiled again with them."""
    lines = function_lines(guest.wasm, guest.source_name)
    if not lines and guest.with_lines is not None:
        with suppress(SsvmError):
            lines = function_lines(guest.with_lines(), guest.source_name)
    return lines


def _save(profile: Profile, name: str) -> str:
    """Save a profile to the file that the person named, for nobody else to read: it tells what the guest did."""
    path = place_of(name)
    write_whole(path, profile.file, _WHAT)
    return str(path)
