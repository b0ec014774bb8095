"""``%ssvm load``: a module from a file."""

from __future__ import annotations

import shlex

from traitlets import Unicode

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.commands.base import Command, say
from ssvm_kernel.host.named import named_path
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session

__all__ = ["COMMAND"]


class _Traits(LineTraits):
    name = Unicode(
        "",
        help="Name of the guest, for %ssvm run NAME and in prompts; by default the file's.",
    ).tag(flag="--name", metavar="NAME")


def _run(session: Session, parsed: Parsed[_Traits], label: str) -> None:
    del label
    guest = session.load(named_path(parsed.words[0]), parsed.options.name)
    name = visible(guest.name)  # a file's name may be escape sequences (U30)
    say(f"loaded {name} (sha256 {guest.sha256[:12]}…); run it with: %ssvm run {shlex.quote(name)}")


COMMAND = Command("%ssvm load FILE.wasm [--name NAME]", "Load a module.", _Traits, (1, 1), _run)
