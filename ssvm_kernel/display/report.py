"""The line that closes a run: what ran, how it ended, and where the time went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ssvm_kernel.display.style import CELL, MUTED, ROW, TABLE
from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.display.text import duration, escape, size

__all__ = ["MIME", "CommandLine", "RunReport"]

_LISTED = 200
"""Commands that a report lists; a guest may run thousands (attack X05)."""
MIME = "application/vnd.ssvm.run+json"
"""Type of the report as data; version 1."""


@dataclass(frozen=True)
class CommandLine:
    """One command of a run, for the report.

    Parameters
    ----------
    argv, path : str
        Its words and its program's real path, as a person may read them.
    ended : str
        ``"exit 0"``, ``"signal SIGKILL"``, ``"timed out"``, ``"denied: ..."``; the truth, not the guest's code.
    seconds : float
        Time from start to end.
    stdin_bytes, stdout_bytes, stderr_bytes : int
        Bytes that it was given and that it printed.
    """

    argv: str
    path: str
    ended: str
    seconds: float = 0.0
    stdin_bytes: int = 0
    stdout_bytes: int = 0
    stderr_bytes: int = 0

    @property
    def state(self) -> str:
        """How it ended, in how long, with how many bytes."""
        if not self.seconds:
            return self.ended
        parts = [self.ended, duration(self.seconds), f"{size(self.stdout_bytes)} out"]
        if self.stderr_bytes:
            parts.append(f"{size(self.stderr_bytes)} err")
        if self.stdin_bytes:
            parts.append(f"{size(self.stdin_bytes)} in")
        return " · ".join(parts)


@dataclass(frozen=True)
class RunReport:
    """A run, for people.

    Parameters
    ----------
    name, sha256 : str
        The guest and its module's hash.
    engine : str
        Engine that ran it.
    ended : str
        ``"exit 0"``, ``"trap: unreachable"`` ...
    compile : str
        Time of compiling, or ``"cached"``.
    instantiate, run, host : float
        Seconds until the guest's first instruction, in the guest, and of that in commands.
    memory_bytes, stdout_bytes, stderr_bytes : int
        Linear memory at the end, and what the guest printed.
    """

    name: str
    sha256: str
    engine: str
    ended: str
    compile: str
    instantiate: float
    run: float
    host: float
    memory_bytes: int
    stdout_bytes: int
    stderr_bytes: int
    commands: Sequence[CommandLine] = field(default=())

    def line(self) -> str:
        """Return the one line."""
        parts = [
            self.name,
            self.engine,
            self.ended,
            f"compile {self.compile}",
            f"instantiate {duration(self.instantiate)}",
            f"run {duration(max(0.0, self.run - self.host))}",
            f"host {duration(self.host)}" + (f" ({_commands(len(self.commands))})" if self.commands else ""),
        ]
        return "ssvm · " + " · ".join(parts)

    def bundle(self) -> Bundle:
        """Return the report in all its forms."""
        rows = [
            ("Module", f"sha256 {self.sha256}"),
            ("Memory", size(self.memory_bytes)),
            ("Printed", f"{size(self.stdout_bytes)} to stdout, {size(self.stderr_bytes)} to stderr"),
            *((command.argv, f"{command.path} · {command.state}") for command in self.commands[:_LISTED]),
        ]
        if len(self.commands) > _LISTED:
            rows.append(("…", f"and {_commands(len(self.commands) - _LISTED)} more; the ledger has them"))
        body = "".join(
            f'<tr><td style="{CELL}">{escape(key)}</td><td style="{CELL}"><code>{escape(value)}</code></td></tr>'
            for key, value in rows
        )
        html = (
            f'<details style="{ROW}"><summary style="{MUTED}">{escape(self.line())}</summary>'
            f'<table style="{TABLE}">{body}</table></details>'
        )
        return {"text/plain": self.line(), "text/html": html, MIME: self.data()}

    def data(self) -> dict[str, Any]:
        """Return the report as JSON data; nothing in it is ever read back as authority."""
        return {
            "version": 1,
            "name": self.name,
            "sha256": self.sha256,
            "engine": self.engine,
            "ended": self.ended,
            "compile": self.compile,
            "seconds": {"instantiate": self.instantiate, "run": self.run, "host": self.host},
            "bytes": {"memory": self.memory_bytes, "stdout": self.stdout_bytes, "stderr": self.stderr_bytes},
            "commands": [vars(command) for command in self.commands[:_LISTED]],
            "more_commands": max(0, len(self.commands) - _LISTED),
        }


def _commands(count: int) -> str:
    return f"{count} command" + ("" if count == 1 else "s")
