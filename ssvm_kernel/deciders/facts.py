"""What a person must know to answer a question, as text that no guest can bend.

Every view (widget, terminal, permanent record) shows these same facts, so that they cannot disagree.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TypeAlias

from ssvm_kernel.capabilities.model import Asker
from ssvm_kernel.capabilities.network import ConnectionRequest, Request
from ssvm_kernel.capabilities.places import address_of, special
from ssvm_kernel.capabilities.text import SHOWN_LIMIT, too_long, visible

__all__ = ["AnyFacts", "ConnectionFacts", "Facts", "command_line", "facts_of", "too_long_to_show", "who_asks"]

MAX_ITEMS = 200  # arguments, and environment names: boxes without text push the buttons out of sight as well (U04)


@dataclass(frozen=True)
class Facts:
    """One request in words; every string is safe to show as text (rule 14).

    Parameters
    ----------
    guest, module, cell : str
        Who asks: the guest's name, the first 12 digits of the module's sha256, the cell (may be empty).
    name : str
        The program's name as the guest gave it.
    program : str
        The real path that would run.
    arguments : tuple of str
        The arguments after the name.
    folder : str
        The working folder.
    environment : tuple of str
        Names of environment variables, never values.
    stdin_bytes : int
        How much the program can read from its standard input.
    timeout_ms : int
        Milliseconds until it is killed.
    """

    guest: str
    module: str
    cell: str
    name: str
    program: str
    arguments: tuple[str, ...]
    folder: str
    environment: tuple[str, ...]
    stdin_bytes: int
    timeout_ms: int

    @property
    def who(self) -> str:
        """Who asks, in one phrase."""
        return _who(self.guest, self.module, self.cell)

    @property
    def stdin(self) -> str:
        """Size of the standard input, in words."""
        return _count(self.stdin_bytes, "byte") if self.stdin_bytes else "nothing"

    @property
    def time_limit(self) -> str:
        """The time limit, in words."""
        return f"{self.timeout_ms / 1000:g} s"

    def as_text(self) -> str:
        """Return the facts as lines for a terminal, each argument on a line of its own in quotes."""
        arguments = [f"    {position}: {quoted(item)}" for position, item in enumerate(self.arguments, 1)]
        return "\n".join(
            [
                f"[ssvm] {self.who} asks to run a program of this computer",
                f"  program:     {self.program}  (asked for as {quoted(self.name)})",
                *(["  arguments:", *arguments] if arguments else ["  arguments:   none"]),
                f"  folder:      {self.folder}",
                f"  environment: {', '.join(self.environment) or 'nothing'}",
                f"  stdin:       {self.stdin}",
                f"  time limit:  {self.time_limit}",
            ]
        )


@dataclass(frozen=True)
class ConnectionFacts:
    """A connection that is asked for, in words; every string is safe to show as text.

    Parameters
    ----------
    guest, module, cell : str
        Who asks, as in `Facts`.
    destination : str
        Host and port.
    kind : str
        What kind of address the host is, where it is one that needs care; otherwise empty.
    """

    guest: str
    module: str
    cell: str
    destination: str
    kind: str

    @property
    def who(self) -> str:
        """Who asks, in one phrase."""
        return _who(self.guest, self.module, self.cell)

    @property
    def care(self) -> str:
        """What to think of before allowing it."""
        return f"this is a {self.kind} address: what answers there may trust your computer" if self.kind else ""

    def as_text(self) -> str:
        """Return the facts as lines for a terminal."""
        return "\n".join(
            [
                f"[ssvm] {self.who} asks to connect to the network",
                f"  destination: {self.destination}",
                *([f"  care:        {self.care}"] if self.care else []),
            ]
        )


AnyFacts: TypeAlias = Facts | ConnectionFacts


def facts_of(request: Request) -> AnyFacts:
    """Return what to show of a request."""
    if isinstance(request, ConnectionRequest):
        return _connection_facts(request)
    command, asker = request.command, request.asker
    return Facts(
        guest=_show(asker.name),
        module=_show(asker.module_sha256[:12]),
        cell=_show(asker.cell),
        name=_show(command.name),
        program=_show(os.fsencode(command.program.path)),
        arguments=tuple(_show(item) for item in command.argv[1:]),
        folder=_show(os.fsencode(command.cwd)),
        environment=tuple(_show(name) for name in command.env_names),
        stdin_bytes=len(command.stdin),
        timeout_ms=command.limits.timeout_ms,
    )


def _connection_facts(request: ConnectionRequest) -> ConnectionFacts:
    host, asker = request.destination.host, request.asker
    address = address_of(host)
    kind = "loopback" if host == "localhost" else special(address) if address is not None else ""
    return ConnectionFacts(
        guest=_show(asker.name),
        module=_show(asker.module_sha256[:12]),
        cell=_show(asker.cell),
        destination=_show(request.destination.text),
        kind=kind,
    )


def who_asks(asker: Asker) -> str:
    """Return who asks, in one phrase that is safe to show."""
    return _who(_show(asker.name), _show(asker.module_sha256[:12]), _show(asker.cell))


def _who(guest: str, module: str, cell: str) -> str:
    place = f", {cell}" if cell else ""
    return f"guest {guest} (sha256 {module}…{place})"


def too_long_to_show(request: Request) -> str:
    """Return why a request cannot be shown whole, or an empty string when it can.

    A request that a person cannot read to its end is denied, never shown in part (attack U04).
    """
    if isinstance(request, ConnectionRequest):  # a host's name has at most 253 characters
        return ""
    command = request.command
    items = len(command.argv) - 1
    if items > MAX_ITEMS:
        return f"it has {_count(items, 'argument')}, more than the {MAX_ITEMS} that can be shown"
    if len(command.env) > MAX_ITEMS:
        return f"it sets {_count(len(command.env), 'variable')}, more than the {MAX_ITEMS} that can be shown"
    asker = request.asker
    texts: list[bytes | str] = [*command.argv, *command.env_names, command.program.path, command.cwd]
    if too_long(*texts, asker.name, asker.cell):
        return f"it is longer than the {SHOWN_LIMIT:,} characters that can be shown"
    return ""


def command_line(facts: AnyFacts) -> str:
    """Return program and arguments on one line, for a record; items are quoted where their bounds would be unclear.

    Of a connection, its destination.
    """
    if isinstance(facts, ConnectionFacts):
        return f"connect to {facts.destination}"
    return " ".join([facts.program, *(quoted(item) if _unclear(item) else item for item in facts.arguments)])


def quoted(item: str) -> str:
    """Return an item in double quotes, with those inside escaped."""
    return '"' + item.replace('"', '\\"') + '"'


def _unclear(item: str) -> bool:
    return not item or '"' in item or any(character.isspace() for character in item)


def _show(data: bytes | str) -> str:
    return visible(data, limit=sys.maxsize)  # `too_long_to_show` has already refused what is too long; elide nothing


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
