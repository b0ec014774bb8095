"""The report that closes a run: one line, and behind it what ran, what it was lent, and where the time went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from ssvm_kernel.display.style import CELL, MUTED, ROW, TABLE
from ssvm_kernel.display.surface import Bundle, Surface
from ssvm_kernel.display.text import counted, duration, escape, size

__all__ = ["MIME", "CommandLine", "FileLine", "GrantLine", "RunReport", "Timings", "show_report"]

_LISTED = 200
"""Commands, files and grants that a report lists; a guest may run thousands (attack X05)."""
_IN_LEDGER = "; the ledger has them"
MIME = "application/vnd.ssvm.run+json"
"""Type of the report as data; version 1."""


class CommandLine(msgspec.Struct, frozen=True):
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
class FileLine:
    """A path that the guest named.

    Parameters
    ----------
    path : str
        As the guest names it, safe to show.
    what : str
        ``"opened to read"``, ``"opened to write"``, or why it did not get it.
    opened : bool
        Whether it got it.
    """

    path: str
    what: str
    opened: bool


@dataclass(frozen=True)
class GrantLine:
    """Something that the run was lent, or an answer that decided a request.

    Parameters
    ----------
    what : str
        The option that gives it, or the answer in words; safe to show.
    origin : str
        Where it came from: ``"option"``, ``"person"``, ``"file"`` or ``"policy"``.
    uses : int
        How many requests of this run it decided; 0 for what lies open to the guest (folders, variables, its input).
    """

    what: str
    origin: str
    uses: int = 0


@dataclass(frozen=True)
class Timings:
    """Where the time of a run went, in seconds.

    Parameters
    ----------
    source : float
        Compiling the cell to WebAssembly; 0 when that came from the cache.
    compile : float
        Making machine code; 0 when that came from the cache.
    load, instantiate : float
        Reading machine code, and getting the guest ready.
    run : float
        From its first instruction to its last, with what it waited for.
    host : float
        Of `run`, what it waited for the host: commands, and the person who was asked.
    """

    source: float = 0.0
    compile: float = 0.0
    load: float = 0.0
    instantiate: float = 0.0
    run: float = 0.0
    host: float = 0.0

    @property
    def guest(self) -> float:
        """Of `run`, what the guest's own code took."""
        return max(0.0, self.run - self.host)


@dataclass(frozen=True)
class RunReport:
    """A run, for people.

    Parameters
    ----------
    name, sha256 : str
        The guest and its module's hash.
    engine, version : str
        Engine that ran it, and what that is made of.
    ended : str
        ``"exit 0"``, ``"trap: unreachable"`` ...
    times : Timings
        Where the time went.
    memory_bytes : int
        Linear memory at the end; it never shrinks, so this is the most that there was.
    stdout_bytes, stderr_bytes : int
        What the guest printed.
    fuel : int
        Fuel that it used, 0 when that was not counted.
    can, cannot : sequence of str
        What it can ask for and what is impossible for it, from its imports.
    grants : sequence of GrantLine
        What it was lent, and the answers that decided its requests.
    commands : sequence of CommandLine
        What it ran or wanted to run.
    shown : sequence of str
        What it showed besides text.
    connections : sequence of str
        Where it connected to or wanted to, and what became of it.
    files : sequence of FileLine
        What it opened, and what it was refused.
    more_files : int
        Paths that are not in `files`.
    """

    name: str
    sha256: str
    engine: str
    ended: str
    times: Timings = Timings()
    memory_bytes: int = 0
    stdout_bytes: int = 0
    stderr_bytes: int = 0
    version: str = ""
    fuel: int = 0
    can: Sequence[str] = ()
    cannot: Sequence[str] = ()
    grants: Sequence[GrantLine] = ()
    commands: Sequence[CommandLine] = ()
    shown: Sequence[str] = ()
    connections: Sequence[str] = ()
    files: Sequence[FileLine] = ()
    more_files: int = 0

    def line(self) -> str:
        """Return the one line."""
        times = self.times
        compiled = times.source + times.compile
        parts = [
            self.name,
            self.engine,
            self.ended,
            f"compile {duration(compiled) if compiled else 'cached'}",
            f"instantiate {duration(times.load + times.instantiate)}",
            f"run {duration(times.guest)}",
            f"host {duration(times.host)}" + (f" ({counted(len(self.commands), 'command')})" if self.commands else ""),
        ]
        return "ssvm · " + " · ".join(parts)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield what is behind the line, as pairs of a name and a fact."""
        yield "module", f"sha256 {self.sha256}"
        yield "engine", f"{self.engine} ({self.version})" if self.version else self.engine
        if self.can or self.cannot:
            yield "it can ask to", "; ".join(self.can) or "do nothing but compute"
            yield "impossible for it", "; ".join(self.cannot) or "nothing is ruled out"
        for title, lent in (("was lent", True), ("decided by", False)):
            lines = [grant for grant in self.grants if lent is not bool(grant.uses)]
            yield from _listed(title, [_grant_text(grant) for grant in lines])
            if lent and not lines:
                yield title, "nothing"
        yield "time", ", ".join(_split(self.times))
        yield "memory", f"{size(self.memory_bytes)} at most" + (f", fuel {self.fuel:,}" if self.fuel else "")
        yield "printed", f"{size(self.stdout_bytes)} to stdout, {size(self.stderr_bytes)} to stderr"
        yield from _listed("command", list(map(_command_text, self.commands)), where=_IN_LEDGER)
        yield from _listed("shown", self.shown, where=_IN_LEDGER)
        yield from _listed("connection", self.connections, where=_IN_LEDGER)
        yield from _listed("file", [f"{file.path}: {file.what}" for file in self.files], self.more_files)

    def text(self) -> str:
        """Return the line, and all that is behind it below."""
        return "\n".join([self.line(), *(f"  {name}: {fact}" for name, fact in self.facts())])

    def bundle(self) -> Bundle:
        """Return the report in all its forms."""
        facts = list(self.facts())
        body = "".join(
            f'<tr><td style="{CELL}">{escape(name)}</td><td style="{CELL}"><code>{escape(fact)}</code></td></tr>'
            for name, fact in facts
        )
        html = (
            f'<details style="{ROW}"><summary style="{MUTED}">{escape(self.line())}</summary>'
            f'<table style="{TABLE}">{body}</table></details>'
        )
        return {"text/plain": self.text(), "text/html": html, MIME: self.data(facts)}

    def data(self, facts: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
        """Return the report as JSON data; nothing in it is ever read back as authority.

        Parameters
        ----------
        facts : sequence of (str, str)
            As `facts` yields them: what a viewer shows that knows no more of a run than names and facts.
        """
        return {
            "version": 1,
            "name": self.name,
            "sha256": self.sha256,
            "engine": self.engine,
            "engine_version": self.version,
            "ended": self.ended,
            "line": self.line(),
            "facts": [list(pair) for pair in facts or self.facts()],
            "seconds": asdict(self.times),
            "bytes": {"memory": self.memory_bytes, "stdout": self.stdout_bytes, "stderr": self.stderr_bytes},
            "fuel": self.fuel,
            "can": list(self.can),
            "cannot": list(self.cannot),
            "grants": [asdict(grant) for grant in self.grants[:_LISTED]],
            "more_grants": _left(self.grants),
            "commands": [msgspec.structs.asdict(command) for command in self.commands[:_LISTED]],
            "more_commands": _left(self.commands),
            "shown": list(self.shown[:_LISTED]),
            "more_shown": _left(self.shown),
            "connections": list(self.connections[:_LISTED]),
            "more_connections": _left(self.connections),
            "files": [asdict(file) for file in self.files[:_LISTED]],
            "more_files": self.more_files + _left(self.files),
        }


def show_report(surface: Surface, report: RunReport) -> None:
    """Show a report: a notebook keeps all of it for whoever reads it later, a terminal gets the line.

    There ``_`` tells the rest.
    """
    if surface.live:
        surface.show(report.bundle())
    else:
        surface.write("stdout", f"{report.line()}\n")


def _split(times: Timings) -> Iterator[str]:
    """Yield each part of the time, by what it was for."""
    yield f"source to module {duration(times.source) if times.source else 'cached'}"
    yield f"module to code {duration(times.compile) if times.compile else 'cached'}"
    for name in ("load", "instantiate", "guest", "host"):
        yield f"{name} {duration(getattr(times, name))}"


def _listed(title: str, texts: Sequence[str], more: int = 0, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield as many texts as a report lists, each as a fact of that title, and how many more there are, and where."""
    yield from ((title, text) for text in texts[:_LISTED])
    more += _left(texts)
    if more:
        yield title, f"and {more:,} more{where}"


def _left(items: Sequence[object]) -> int:
    """Return how many of them a report does not list."""
    return max(0, len(items) - _LISTED)


def _command_text(command: CommandLine) -> str:
    place = f"{command.path} · " if command.path else ""
    return f"{command.argv} · {place}{command.state}"


def _grant_text(grant: GrantLine) -> str:
    uses = f", {counted(grant.uses, 'time')}" if grant.uses else ""
    return f"{grant.what} (by {grant.origin}{uses})"
