"""`RunResult`: what a run leaves to Python, in ``_``, by ``-o NAME``, or as ``.result`` of the cell's error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ssvm_kernel.capabilities.model import FolderGrant
from ssvm_kernel.capabilities.records import LedgerLine
from ssvm_kernel.context import Denial
from ssvm_kernel.display.report import CommandLine, FileLine, GrantLine, RunReport, Timings
from ssvm_kernel.display.surface import current_surface
from ssvm_kernel.display.survive import survivable_bundle
from ssvm_kernel.display.text import size
from ssvm_kernel.namespace import shell
from ssvm_kernel.opens import MissedPath
from ssvm_kernel.sandbox.runner import Outcome

if TYPE_CHECKING:  # most runs have neither
    from ssvm_kernel.display.profile import Profile
    from ssvm_kernel.display.timings import Comparison

__all__ = ["Printed", "RunResult"]

_LISTED: Final = 50
"""Denials that an error lists (attack X05)."""


def _cell_number() -> object:
    """Return what tells the running cell from others; None outside of one."""
    return getattr(shell(), "execution_count", None)


@dataclass(frozen=True)
class Printed:
    """What a guest printed to one stream.

    Parameters
    ----------
    kept : bytes
        Its beginning, as much as ``--result-limit`` and ``--output-limit`` allow.
    total : int
        Bytes that were printed.
    """

    kept: bytes = field(default=b"", repr=False)
    total: int = 0

    @property
    def cut(self) -> int:
        """Bytes that were not kept."""
        return self.total - len(self.kept)


@dataclass(frozen=True, repr=False)
class RunResult:
    """How a run ended, with what it printed and did.

    Parameters
    ----------
    outcome : Outcome
        Status and times, as the guest's process told them.
    commands : tuple of CommandLine
        What it ran or wanted to run on the host.
    denials : tuple of Denial
        What it was refused.
    missed : tuple of MissedPath
        The paths that it did not get.
    args : tuple of str
        The guest's own arguments.
    folders : tuple of FolderGrant
        What its line granted.
    report : RunReport or None
        What the cell shows of it.
    printed : tuple of Printed
        Its stdout and its stderr.
    ledger : tuple of LedgerLine
        Every request of this run, what was decided and how it ended.
    comparison : Comparison or None
        Of the engines, when it ran in several: ``.samples``, ``.to_json()``, ``.plot()``.
    profile : Profile or None
        Where it spent its time, when it was sampled: ``.functions``, ``.save(path)``.
    """

    outcome: Outcome
    commands: tuple[CommandLine, ...]
    denials: tuple[Denial, ...]
    missed: tuple[MissedPath, ...] = ()
    args: tuple[str, ...] = ()
    folders: tuple[FolderGrant, ...] = ()
    report: RunReport | None = None
    printed: tuple[Printed, Printed] = (Printed(), Printed())
    ledger: tuple[LedgerLine, ...] = ()
    comparison: Comparison | None = None
    profile: Profile | None = None
    _cell: object = field(default_factory=_cell_number, compare=False)

    @property
    def stdout(self) -> str:
        """What it printed to stdout, as UTF-8 with U+FFFD for what is none; its beginning where it is long."""
        return self.stdout_bytes.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """The same for stderr."""
        return self.stderr_bytes.decode("utf-8", "replace")

    @property
    def stdout_bytes(self) -> bytes:
        """The bytes that it printed to stdout; `truncated` tells whether these are all."""
        return self.printed[0].kept

    @property
    def stderr_bytes(self) -> bytes:
        """The same for stderr."""
        return self.printed[1].kept

    @property
    def truncated(self) -> bool:
        """Whether it printed more than was kept (``--result-limit``)."""
        return any(stream.cut for stream in self.printed)

    @property
    def exit_code(self) -> int | None:
        """Its exit status; None when it trapped, or was interrupted or ended before its end."""
        return self.outcome.exit_code

    @property
    def trap(self) -> str:
        """What trapped, in the engine's words; empty when nothing did."""
        return self.outcome.trap.message if self.outcome.trap is not None else ""

    @property
    def timings(self) -> Timings:
        """Where its time went."""
        return self.report.times if self.report is not None else Timings()

    @property
    def grants(self) -> tuple[GrantLine, ...]:
        """What it was lent, and the answers that decided its requests."""
        return tuple(self.report.grants) if self.report is not None else ()

    @property
    def files(self) -> tuple[FileLine, ...]:
        """What it opened, and what it was refused; the first of them where there are many."""
        return tuple(self.report.files) if self.report is not None else ()

    @property
    def memory_bytes(self) -> int:
        """The most linear memory that it had."""
        return self.outcome.memory_bytes

    @property
    def fuel(self) -> int:
        """Fuel that it used, 0 when that was not counted (``--fuel``)."""
        return self.outcome.fuel

    @property
    def failed(self) -> bool:
        """Whether the guest did not end with status 0."""
        return self.outcome.exit_code != 0

    @property
    def refused(self) -> tuple[MissedPath, ...]:
        """The paths at which a grant ended."""
        return tuple(path for path in self.missed if path.refused)

    def grant_lines(self) -> tuple[str, ...]:
        """Return the options that would have granted what was refused, each once."""
        lines = [denial.grant_line for denial in self.denials] + [path.grant_line for path in self.refused]
        return tuple(dict.fromkeys(line for line in lines if line.startswith("--")))[:_LISTED]

    def listed(self) -> tuple[tuple[Denial, ...], int]:
        """Return the denials to list, each once, and how many are left out: a guest may be refused without end."""
        distinct = tuple(dict.fromkeys(self.denials))
        return distinct[:_LISTED], max(0, len(distinct) - _LISTED)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, as the notebook keeps it; without what was printed."""
        return self.report.data() if self.report is not None else {}

    def __repr__(self) -> str:
        name = self.report.name if self.report is not None else "a guest"
        ended = self.report.ended if self.report is not None else f"exit {self.exit_code}"
        streams = zip(("stdout", "stderr"), self.printed, strict=True)
        printed = (f"{stream} {size(what.total)}" + (" (cut)" if what.cut else "") for stream, what in streams)
        return f"<run of {name}: {', '.join([ended, *printed, f'commands {len(self.commands)}'])}>"

    def _ipython_display_(self) -> None:
        """Show the report; in the cell of the run itself, which shows it already, no more than a terminal needs."""
        cell = _cell_number()
        if self.report is None or (cell is not None and cell == self._cell):
            surface = current_surface()
            if not surface.live:
                surface.write("stdout", f"{self!r}\n")  # behind the Out[n]: that a terminal has written by now
            return
        from IPython.display import display

        display(survivable_bundle(self.report.bundle()), raw=True)
