"""Every error that the product raises on purpose, in one small tree.

A person reads these in a notebook cell, so each message says what happened and what to do next.  They carry data
(``.diagnostics``, ``.exit_code`` ...) so that a program can react without reading the text.
"""

from __future__ import annotations

import sys
from typing import Any, Final

__all__ = [
    "BAD_ANSWER",
    "CompileError",
    "DeniedError",
    "GrantError",
    "GrantRevoked",
    "GuestError",
    "GuestExit",
    "GuestInterrupted",
    "GuestTrap",
    "LimitReached",
    "LoadError",
    "LockError",
    "MapError",
    "NoSuchFunction",
    "NoSuchGuest",
    "ProgramChanged",
    "SsvmError",
    "ToolchainMissing",
    "UsageError",
    "WorkerDied",
    "status_text",
]

BAD_ANSWER: Final = "the guest's process did not answer as it should"
"""What `WorkerDied` says of a process that sent what no honest one sends."""


class SsvmError(Exception):
    """Base of all errors of this package: shown in a cell as its text, without the host's own call stack.

    Attributes
    ----------
    result : RunResult or None
        Of a run that began: what it printed and did until then (`ssvm_kernel.result.RunResult`).
    """

    result: Any = None

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows instead of a Python traceback.

        The host's frames tell the author of a guest nothing, and rendering them costs most of an interrupt's time.
        """
        if getattr(sys, "_ssvm_debug", False):  # a developer of this package wants the real one
            import traceback

            return traceback.format_exception(type(self), self, self.__traceback__)
        return [f"{type(self).__name__}: {self}"]


class UsageError(SsvmError):
    """An option, argument or name that is not understood; raised before anything was compiled or run."""


class GrantError(SsvmError):
    """A grant that must not be given (a dangerous folder, a writable folder that holds a granted program ...)."""


class ToolchainMissing(SsvmError):
    """A compiler is not installed; the message gives the command that installs it.

    Parameters
    ----------
    message : str
        What is missing, and how to get it.
    command : str
        The one command that gets it, where there is one: ``%ssvm toolchains`` shows it by itself.
    """

    def __init__(self, message: str, command: str = "") -> None:
        super().__init__(message)
        self.command = command


class CompileError(SsvmError):
    """A cell did not compile or link.

    Parameters
    ----------
    message : str
        The rendered report, with the line and column in the cell's own text.
    diagnostics : sequence of Diagnostic
        The compiler's findings as data (`ssvm_kernel.toolchains.base.Diagnostic`).
    """

    def __init__(self, message: str, diagnostics: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


class LoadError(SsvmError):
    """A file is not a WebAssembly module that this host can load; raised before the guest ran."""


def status_text(exit_code: int) -> str:
    """Return an exit status as it is, and where its language has negative ones, as it was written: ``return -1``."""
    return f"{exit_code}" if exit_code < 1 << 31 else f"{exit_code} ({exit_code - (1 << 32)})"


class GuestExit(SsvmError):
    """The guest ended with a status other than 0.

    Parameters
    ----------
    exit_code : int
        The status given to ``proc_exit``.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(
            f"the guest exited with status {status_text(exit_code)} (use --no-raise to go on all the same)"
        )
        self.exit_code = exit_code


class GuestTrap(SsvmError):
    """The guest trapped (``unreachable``, a memory fault, a division by zero ...).

    Parameters
    ----------
    message : str
        What trapped and where, from the engine, with the guest's own stack.
    kind : str
        Short name of the trap, e.g. ``"integer divide by zero"``.
    """

    def __init__(self, message: str, kind: str = "trap") -> None:
        super().__init__(message)
        self.kind = kind


class GuestError(SsvmError):
    """A component's function returned an error, as its interface says that it may.

    Parameters
    ----------
    function : str
        Which.
    value : object
        The error, of the type that the interface gives it.
    shown : str
        The same in words that are safe to show: the guest chose them.
    """

    def __init__(self, function: str, value: Any, shown: str) -> None:
        super().__init__(f"{function} returned an error: {shown}")
        self.value = value


class GuestInterrupted(KeyboardInterrupt):
    """The person interrupted the cell; the guest and its command are gone, the kernel's state is not.

    A `KeyboardInterrupt`, so that "Run All" stops, but shown as one line: rendering the first real traceback of a
    kernel takes up to a second.

    Attributes
    ----------
    result : RunResult or None
        What it printed and did until then; of a measurement, the run that it shows before it begins, with the
        comparison as far as it came.
    """

    result: Any = None

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


class LimitReached(SsvmError):
    """The guest came to a limit that ends the run: time, fuel, stack, memory or table at its start, what it asks for.

    Parameters
    ----------
    limit : str
        What it was: ``"time"``, ``"fuel"``, ``"stack"``, ``"memory"``, ``"table"``, ``"commands"``, ``"display"`` or
        ``"connections"``.
    option : str
        The option that sets it, e.g. ``"--time-limit"``; empty where none does.
    message : str
        What happened, with the value of the limit.
    """

    def __init__(self, limit: str, option: str, message: str) -> None:
        super().__init__(f"{message} ({option} sets this limit)" if option else message)
        self.limit = limit
        self.option = option


class DeniedError(SsvmError):
    """The guest asked for something that was not granted, and ended in failure because of it."""


class ProgramChanged(DeniedError):
    """A program's file is no longer the one that was allowed; nothing was run, and it must be asked for again (P27)."""


class GrantRevoked(DeniedError):
    """A grant was taken back before what it allowed was over: a command was not started, or it or the guest ended."""


class WorkerDied(SsvmError):
    """The process that ran the guest ended by itself (killed, out of memory, crashed); the kernel is unharmed."""


class LockError(SsvmError):
    """The operating system offers a lock for the guest's process and then refused to close it; nothing was run."""


class _Plain:
    """Mixed into an error of Python's: shown by what it says, as ours are; this package's own lines tell nothing."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__mro__[2].__name__}: {self}"]


class NoSuchFunction(_Plain, AttributeError):
    """A guest exports no function of that name."""


class NoSuchGuest(_Plain, KeyError):
    """The session has no guest of that name."""

    def __str__(self) -> str:
        return str(self.args[0])  # of a KeyError it would stand in quotation marks


class MapError(SsvmError):
    """One item of a map has no result.

    Parameters
    ----------
    index : int
        The item's place, from 0.
    item : object
        The item.
    error : SsvmError
        What happened to it.
    """

    def __init__(self, index: int, item: object, error: SsvmError) -> None:
        shown = repr(item)
        shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
        super().__init__(f"item {index}, {shown}: {error}")
        self.index = index
        self.item = item
        self.error = error
        self.__cause__ = error
