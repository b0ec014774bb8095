"""What one run's commands share: who asks, the limits, and what was run and refused so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ssvm_kernel.authority import WorkFolder
from ssvm_kernel.capabilities.model import Asker
from ssvm_kernel.capabilities.wording import remedy
from ssvm_kernel.display.report import CommandLine
from ssvm_kernel.display.surface import Surface
from ssvm_kernel.errors import LimitReached
from ssvm_kernel.sandbox.deadline import Deadline

__all__ = ["Denial", "RunContext"]


@dataclass(frozen=True)
class Denial:
    """Something that a guest was refused.

    Parameters
    ----------
    what, reason : str
        What, and why.
    grant_line : str
        What to write to grant it; empty when it is granted already.
    verb : str
        What it may not do with `what`.
    """

    what: str
    reason: str
    grant_line: str
    verb: str = "run"

    @property
    def deed(self) -> str:
        """What it may not do."""
        return f"{self.verb} {self.what}".strip()

    def lines(self, name: str) -> list[str]:
        """Return what the guest of that name may not do and why, and below it what would grant it."""
        told = f"{name} may not {self.deed}: {self.reason}"
        return [told, f"  {remedy(self.grant_line)}"] if self.grant_line else [told]


@dataclass
class RunContext:
    """One run, as far as its commands are concerned.

    Parameters
    ----------
    run : str
        Its name in the book of grants, where those of its options are.
    asker : Asker
        Who asks.
    folder : WorkFolder
        Where its commands work.
    timeout_ms : int
        Most milliseconds for one command.
    surface : Surface or None
        Where commands are shown; None shows nothing (repeated runs of a measurement).
    repeated : bool
        Whether the cell runs the guest many times: an answer then holds for all of them.
    output_bytes : int
        Most bytes of each output of a command that are kept for the guest.
    max_commands : int
        Most commands, denied ones included.
    signal_codes : bool
        Whether the guest gets 128 + the signal's number for a command that a signal killed, and not 0.
    deny_all : bool
        Whether every command is denied without asking (a dry run).
    deadline : Deadline
        When the run is over; it stands still while the person is asked.
    introduce : callable or None
        Tells the person what the guest can ask for; called before the first question of the run.

    Attributes
    ----------
    commands : list of CommandLine
        What was run so far, or was to be run.
    denials : list of Denial
        What was refused so far.
    """

    run: str
    asker: Asker
    folder: WorkFolder
    timeout_ms: int
    surface: Surface | None
    repeated: bool = False
    output_bytes: int = 256 << 20
    max_commands: int = 10_000
    signal_codes: bool = False
    deny_all: bool = False
    deadline: Deadline = field(default_factory=Deadline)
    introduce: Callable[[], None] | None = None
    commands: list[CommandLine] = field(default_factory=list)
    denials: list[Denial] = field(default_factory=list)

    def begin(self) -> None:
        """Begin anew, with nothing run or refused: the limits are those of one call where a guest is called often."""
        self.commands = []
        self.denials = []

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Tell what the guest can ask for, before the run's first question; its time stands still until the answer."""
        introduce, self.introduce = self.introduce, None
        if introduce is not None:
            introduce()
        with self.deadline.paused():
            yield

    def timeout(self, wanted_ms: int) -> int:
        """Return the milliseconds that a command gets: no more than is left of the run."""
        left = self.deadline.left()
        most = self.timeout_ms if left is None else min(self.timeout_ms, max(1, int(left * 1000)))
        return min(wanted_ms, most)

    def count(self) -> None:
        """Count a command.

        Raises
        ------
        LimitReached
            When it is one too many.
        """
        if len(self.commands) >= self.max_commands:
            message = f"the guest was ended: it asked for more than {self.max_commands:,} commands"
            raise LimitReached("commands", "--max-commands", message)
