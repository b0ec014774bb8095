"""A run's profile: what the guest's process sampled, with lines of the cell, and saved where the person said."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ssvm_kernel.display.profile import Profile
from ssvm_kernel.errors import SsvmError, UsageError, WorkerDied
from ssvm_kernel.guest import Guest
from ssvm_kernel.toolchains.linetable import exported_names, function_lines

if TYPE_CHECKING:
    from ssvm_kernel.runtime import Prepared
    from ssvm_kernel.sandbox.runner import Outcome

__all__ = ["show_profile"]


def show_profile(prepared: Prepared, outcome: Outcome) -> Profile:
    """Show where a run spent its time, save it if that was asked for, and return it.

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
    if prepared.options.profile_out:
        profile = replace(profile, saved=_save(profile, prepared.options.profile_out))
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
    path = Path(name).expanduser()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(profile.file)
    except OSError as error:
        raise UsageError(f"the profile cannot be written to {path}: {error.strerror}") from None
    return str(path)
