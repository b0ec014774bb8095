"""``%ssvm run``: a guest of this session once more, with its own grants."""

from __future__ import annotations

from ssvm_kernel.commands.base import Command
from ssvm_kernel.errors import UsageError
from ssvm_kernel.options import Parsed, RunTraits
from ssvm_kernel.result import RunResult
from ssvm_kernel.session import Session

__all__ = ["COMMAND"]


def _run(session: Session, parsed: Parsed[RunTraits], label: str) -> RunResult:
    guest = session.find(parsed.words[0])
    if guest.functions and not parsed.options.call:
        raise UsageError(guest.library_text())
    return session.run(guest, parsed.options, parsed.guest_args, label)


COMMAND = Command(
    "%ssvm run NAME [options] [-- guest arguments]", "Run a guest of this session again.", RunTraits, (1, 1), _run
)
