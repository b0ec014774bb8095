"""The notebook's language: what a cell without a directive is."""

from __future__ import annotations

import difflib

from ssvm_kernel.errors import UsageError
from ssvm_kernel.kernel.syntax import language_names
from ssvm_kernel.options import CompileTraits, parse, split_line
from ssvm_kernel.toolchains import registry

__all__ = ["NotebookLanguage", "check_language"]


class NotebookLanguage:
    """What the last ``%lang`` said.

    Parameters
    ----------
    line : str
        Language, options and guest arguments, as after ``%%ssvm``.
    """

    def __init__(self, line: str) -> None:
        self.line = line

    @property
    def name(self) -> str:
        """The language, as it was written."""
        return self.line.partition(" ")[0]

    def change(self, line: str) -> None:
        """Take a new language, and forget the options of the old one.

        Raises
        ------
        UsageError
            For an unknown language or option; nothing is changed then.
        """
        parsed = parse(split_line(line), CompileTraits)
        if len(parsed.words) != 1 or line.startswith("-"):
            raise UsageError(f"which language? %lang LANGUAGE [options]; there are {', '.join(registry.names())}")
        check_language(parsed.words[0])
        self.line = line

    def told(self) -> str:
        """Return what it is, in a sentence."""
        return f"[ssvm] cells are guests in: {self.line}"


def check_language(name: str) -> None:
    """Refuse a name that is no language's.

    Raises
    ------
    UsageError
        With the nearest one, and where IPython's own magics work.
    """
    try:
        registry.get(name)  # knows the built-in ones without a search for plug-ins, which takes as long as ten guests
    except UsageError:
        from ssvm_kernel import commands

        near = difflib.get_close_matches(name.lower(), [*language_names(), "python", "ssvm"], 1, 0.6)
        known = f"{'Known' if near else 'known'} are {', '.join(registry.names())}"
        hint = f"did you mean {near[0]!r}? {known}" if near else known
        why = commands.instead_of_language(name) or f"unknown language {name!r}: {hint}"
        raise UsageError(f"{why}. IPython's own %% work in a cell that begins with %%python") from None
