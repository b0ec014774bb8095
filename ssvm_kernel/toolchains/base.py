"""What every toolchain offers, and the data that compilers give back."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

__all__ = ["CompileOptions", "Compiled", "Diagnostic", "Found", "Severity", "Toolchain", "in_characters", "place_in"]


class Severity(enum.Enum):
    """How bad a diagnostic is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    HELP = "help"


@dataclass(frozen=True)
class Diagnostic:
    """One finding of a compiler about the cell's own text.

    Parameters
    ----------
    severity : Severity
        Error, warning, note or help.
    message : str
        The compiler's words, without file names.
    line, column : int
        Position in the source as the person typed it (first line and column are 1); 0 where the compiler gave none.
    end_line, end_column : int
        One past the last marked position; 0 where unknown.
    code : str
        The compiler's name for it (``E0308``, ``-Wunused-variable``), or empty.
    label : str
        What the compiler says about the marked span, or empty.
    rendered : str
        The compiler's own full text for it, or empty.
    file : str
        The session's file (``%%ssvm --file NAME``) that the position is in; empty for the cell itself.
    """

    severity: Severity
    message: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    code: str = ""
    label: str = ""
    rendered: str = field(default="", repr=False)
    file: str = ""


def place_in(text: str, at: int) -> tuple[int, int]:
    """Return line and column, as a `Diagnostic` counts them, of a character of a text."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def in_characters(line: str, column: int) -> int:
    """Return a column of a line in characters, where a compiler counts bytes of UTF-8."""
    if line.isascii():
        return column
    return len(line.encode("utf-8", "surrogatepass")[: max(column - 1, 0)].decode(errors="ignore")) + 1


@dataclass(frozen=True)
class Found:
    """A toolchain that is installed (all of it is part of every cache key).

    Parameters
    ----------
    path : str
        The compiler's program or package.
    version : str
        Its version, as people name it.
    target : str
        What it compiles for.
    inputs : str
        Digest of everything else that a compile depends on: default flags, the SDK's files, the C library.
    """

    path: str
    version: str
    target: str
    inputs: str = ""


@dataclass(frozen=True)
class CompileOptions:
    """What the person may set for a compile.

    Parameters
    ----------
    opt : str
        Optimisation level in the compiler's own words, or empty for the toolchain's default.
    flags : tuple of str
        Further flags for the compiler.
    files : tuple of (str, str)
        Name and text of each file of the session (``%%ssvm --file NAME``), sorted.  They lie in the folder of the
        compile already when `Toolchain.compile` is called; nothing else does.  Their names are plain and never begin
        with ``cell.``, which are the toolchain's own (`ssvm_kernel.toolchains.files`).
    notice : callable or None
        Told one line for the person when something takes long (the C library is being built, a compiler runs for more
        than a second).
    """

    opt: str = ""
    flags: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    notice: Callable[[str], None] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Compiled:
    """A compiled cell.

    Parameters
    ----------
    wasm : bytes
        The module.
    diagnostics : tuple of Diagnostic
        Warnings; an error raises `CompileError` instead.
    seconds : float
        Time that the compiler took, 0 from the cache.
    cached : bool
        Whether it came from the cache.
    read_files : tuple of str
        Files of the person's that the compiler read besides the cell (``#include "/home/…"``, ``include_bytes!``): what
        is in them may now be in the guest, so they are worth showing.
    """

    wasm: bytes = field(repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    seconds: float = 0.0
    cached: bool = False
    read_files: tuple[str, ...] = ()


class Toolchain(Protocol):
    """A compiler for one language.

    Attributes
    ----------
    name : str
        What the line of a cell says: ``"rust"``.
    aliases : tuple of str
        Other words for it: ``("rs",)``.
    suffix : str
        Of its source files: ``".rs"``; a trap names lines of ``cell.rs``.
    hello : str
        A whole small program that prints the word ``hello`` once, with the library that cells of this language use.
        ``%ssvm warm`` compiles it, and ``benchmarks.compile`` changes that word to measure an edited cell.
    line_options : callable, where there is one
        Gets the `CompileOptions` of a cell, and returns those that compile it so that a trap tells lines; None when
        they do already.  For a language whose quickest code has no line tables (`ssvm_kernel.retrace`).
    """

    name: str
    aliases: tuple[str, ...]
    suffix: str
    hello: str

    def find(self) -> Found:
        """Return the installed toolchain.

        Raises
        ------
        ToolchainMissing
            With the command that installs it.
        """
        ...

    def compile(self, source: str, options: CompileOptions, workdir: Path) -> Compiled:
        """Compile `source` in the folder `workdir`, which holds ``options.files`` and nothing else.

        A source without a ``main`` is a library, where the language has such: a module without ``_start`` that exports
        what the source says, and ``_initialize`` where something must run once before the first call.

        Raises
        ------
        CompileError
            When it does not compile or link.
        """
        ...
