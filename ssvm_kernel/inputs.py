"""What a guest reads as its stdin: text of the line, a file, a Python variable, or what the person types."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ssvm_kernel.capabilities.dangers import check_grants
from ssvm_kernel.capabilities.model import Access, FolderGrant, Grants, Origin
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.stdin import terminal_of_person
from ssvm_kernel.display.report import GrantLine
from ssvm_kernel.display.text import size
from ssvm_kernel.errors import GrantError, UsageError
from ssvm_kernel.host.ceilingfile import load_ceiling
from ssvm_kernel.host.resolve import special_folders
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.namespace import variable
from ssvm_kernel.options import RunTraits

__all__ = ["GuestInput", "Typing", "input_of"]

_MOST: Final = 256 << 20
"""Bytes of one input: it is held in memory, so that every run of a measurement reads the same."""
_END: Final = ("^D", "\x04")


@dataclass(frozen=True)
class GuestInput:
    """What a guest reads.

    Parameters
    ----------
    data : bytes
        All of it.
    what : str
        Where it came from, safe to show.
    """

    data: bytes = field(repr=False)
    what: str

    def line(self) -> GrantLine:
        """Return what the report says of it."""
        return GrantLine(f"{self.what} ({size(len(self.data))})", Origin.OPTION.value)


class Typing:
    """A person who types what a guest reads, line by line, when it reads and not before.

    Parameters
    ----------
    name : str
        The guest, which the box names: what is typed goes to it and to nobody else.
    notice : callable
        Tells the person that there is nobody to ask.
    """

    def __init__(self, name: str, notice: Callable[[str], None]) -> None:
        self._name = name
        self._notice = notice
        self._ended = False
        self.typed = bytearray()

    def __call__(self, wait: Wait) -> bytes | None:
        """Return the next line with its end, or None when there are no more."""
        if self._ended:
            return None
        terminal = terminal_of_person(wait)
        if terminal is None:
            self._notice(f"{self._name} reads its input, and there is nobody to type it: --stdin TEXT gives it some")
            self._ended = True
            return None
        try:
            line = terminal.ask(f"input for {visible(self._name, 100)} (^D ends it): ")
        except EOFError:
            self._ended = True
            return None
        line = line.removesuffix("\n")
        if line.strip() in _END:
            self._ended = True
            return None
        data = _encoded(f"{line}\n")
        self.typed += data
        return data

    def line(self) -> GrantLine:
        """Return what the report says of it."""
        return GrantLine(f"what was typed ({size(len(self.typed))})", Origin.PERSON.value)


def input_of(options: RunTraits) -> GuestInput | None:
    """Return what the options give a guest to read, or None for nothing.

    Raises
    ------
    UsageError
        When they give more than one thing, or there is no such variable or file.
    GrantError
        For a file that must not be granted.
    """
    given = [
        flag
        for flag, value in (
            ("--stdin", options.stdin is not None),
            ("--stdin-file", options.stdin_file),
            ("--stdin-var", options.stdin_var),
            ("--interactive", options.interactive),
        )
        if value
    ]
    if len(given) > 1:
        raise UsageError(f"a guest has one stdin: give {' or '.join(given)}")
    if options.stdin_file:
        return _file(options.stdin_file)
    if options.stdin_var:
        return GuestInput(_value(options.stdin_var), f"the Python variable {options.stdin_var} as its stdin")
    if options.stdin is not None:
        return GuestInput(_encoded(options.stdin), "the line's text as its stdin")
    return None


def _encoded(text: str) -> bytes:
    """Return typed text as bytes: those of a terminal as they were; of half a character, as pages may send, ``?``."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _value(name: str) -> bytes:
    value = variable(name)
    if isinstance(value, str):
        return _checked(value.encode("utf-8", "surrogatepass"), f"the variable {name}")
    if isinstance(value, bytes | bytearray | memoryview):
        return _checked(bytes(value), f"the variable {name}")
    raise UsageError(f"the variable {name} is {type(value).__name__}, and stdin takes str or bytes")


def _file(path: str) -> GuestInput:
    """Return the content of a file that may be granted, as it is now."""
    shown = visible(path, 300)
    try:
        real = os.path.realpath(Path(path).expanduser(), strict=True)
        if not stat.S_ISREG(Path(real).stat().st_mode):
            raise UsageError(f"--stdin-file takes a file, and {shown} is none")
        _check_file(real)
        # Not through a link that was put there since, and without waiting for whoever holds the other end of a pipe.
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "it cannot be looked up"
        raise UsageError(f"--stdin-file {shown} cannot be read: {why}") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # another than was looked at
            raise UsageError(f"--stdin-file takes a file, and {shown} is none")
        return GuestInput(_checked(file.read(_MOST + 1), shown), f"the file {visible(real, 300)} as its stdin")


def _check_file(real: str) -> None:
    """Hold a file to the rules for folders: it is lent as one would be, to read."""
    grants = Grants(folders=(FolderGrant(real, real, Access.READ),))
    ceiling = load_ceiling()
    if ceiling is not None:
        ceiling.check(grants)
    try:
        check_grants(grants, special_folders())
    except GrantError as error:
        raise GrantError(str(error).partition(";")[0]) from None


def _checked(data: bytes, what: str) -> bytes:
    if len(data) > _MOST:
        raise UsageError(f"{what} is larger than the {size(_MOST)} that stdin takes; grant its folder with --dir")
    return data
