"""``%%ssvm`` and ``%ssvm``: parse the line, hand over, nothing else."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from ssvm_kernel.errors import UsageError
from ssvm_kernel.options import CompileTraits, Parsed, help_text, parse, split_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import ExecutionInfo

    from ssvm_kernel.session import Session

__all__ = ["SsvmMagics", "with_body"]

_CELL = "%%ssvm "
_CELL_USAGE = "%%ssvm LANGUAGE [options] [-- guest arguments]"


def with_body(lines: list[str]) -> list[str]:
    """Give a ``%%ssvm`` line without a cell below it an empty one: IPython refuses it before `SsvmMagics` can answer.

    An input transformer, for ``%%ssvm --help``, and for ``%%ssvm c`` alone, whose compiler says what is missing.
    """
    alone = bool(lines) and lines[0].split(maxsplit=1)[:1] == ["%%ssvm"] and not "".join(lines[1:])
    return [lines[0].rstrip("\n") + "\n", "\n"] if alone else lines


# IPython leaves such transformers out where it asks whether a cell is whole: in a terminal the body is still to come.
with_body.has_side_effects = True  # type: ignore[attr-defined]


@magics_class
class SsvmMagics(Magics):
    """The magics of one shell."""

    @cached_property
    def session(self) -> Session:
        """The kernel's session, made when the first guest needs it."""
        from ssvm_kernel.panel import serve_panel
        from ssvm_kernel.session import Session

        session = Session()
        serve_panel(session)
        return session

    @property
    def started(self) -> Session | None:
        """The session, if there is one already."""
        return vars(self).get("session")

    # What is read in the line is what is granted: IPython would put a variable's value for "$name" and "{name}" (U31).
    @no_var_expand
    @line_cell_magic
    def ssvm(self, line: str, cell: str | None = None) -> Any:
        """Compile and run a WebAssembly guest (``%%ssvm --help``), or load and run one (``%ssvm --help``)."""
        if cell is None:
            return self._line(split_line(line))
        return self._cell(line, cell)

    def run_cell(self, line: str, source: str, line_offset: int) -> Any:
        """Run a guest as ``%%ssvm`` does, with `line_offset` lines above its text in the cell (the SSVM kernel)."""
        return self._cell(line, source, line_offset)

    def begin(self, line: str, source: str, line_offset: int = 1) -> None:
        """Begin the guest of a cell that is about to run and to be kept in the history, if it is known from before."""
        session, count = self.started, self._count
        if session is not None and count:  # without a history no cell has a number
            session.ahead.begin((line, source, line_offset), _guest_name(count + 1))

    def show_begun(self, line: str, source: str, line_offset: int) -> None:
        """Show what the guest that `begin` began prints at first, before all else is done that its cell needs."""
        session = self.started
        if session is not None:
            session.ahead.show((line, source, line_offset))

    def before_cell(self, info: ExecutionInfo) -> None:
        """Begin a ``%%ssvm`` cell's guest before IPython parses and compiles the cell's Python."""
        text: str = info.raw_cell or ""
        if info.store_history and text.startswith(_CELL) and self.started is not None:
            line, _, source = text.partition("\n")
            self.begin(line[len(_CELL) :].rstrip(), source if source.endswith("\n") else f"{source}\n")

    def after_cell(self, result: object) -> None:
        """End what a cell began and did not come to."""
        del result
        if self.started is not None:
            self.started.ahead.end()

    def close(self) -> None:
        """End the session, if there is one."""
        if "session" in vars(self):
            self.session.close()
            del self.session

    def _cell(self, line: str, source: str, line_offset: int = 1) -> Any:
        parsed = _parsed(line)
        if parsed.help:
            print(help_text(_CELL_USAGE, CompileTraits))
            return None
        if len(parsed.words) != 1:
            raise _not_one_language(parsed.words)
        if parsed.options.file:
            self._keep(parsed.words[0], source, parsed.options.file)
            return None
        self.show_begun(line, source, line_offset)
        name = parsed.options.name or _guest_name(self._count)
        try:
            guest = self.session.compile(parsed.words[0], source, parsed.options, name, line_offset)
        except UsageError:
            instead = _of_language(parsed.words[0])
            if instead is None:
                raise
            raise instead from None
        if not parsed.options.call and guest.functions:
            print(guest.library_text())
            return None
        result = self.session.run(guest, parsed.options, parsed.guest_args, self._label)
        following = _guest_name(self._count + 1)
        self.session.ahead.learn((line, source, line_offset), parsed.words[0], parsed.options, following)
        return self._left(result)

    def _left(self, result: Any) -> Any:
        """Leave a result in ``_``; a terminal would write ``Out[n]:`` for it, with nothing behind."""
        if self.shell is None or getattr(self.shell, "kernel", None) is not None:
            return result
        self.shell.displayhook.update_user_ns(result)
        return None

    def _keep(self, language: str, source: str, name: str) -> None:
        """Keep a cell for later ones; a wrong language is told now and not when they are compiled."""
        from ssvm_kernel.toolchains import registry

        registry.get(language)
        replaced = self.session.keep_file(name, source)
        print(f"{'replaced' if replaced else 'kept'} {name} for the cells that include it")

    def _line(self, words: list[str]) -> Any:
        from ssvm_kernel import commands

        if not words or words[0] in ("--help", "-h"):
            print(f"  {_CELL_USAGE}\n      Compile a cell and run it; %%ssvm --help tells the options.")
            print(commands.overview())
            return None
        return commands.perform(self.session, words, self._label)

    @property
    def _count(self) -> int:
        """The running cell's number; IPython 9 counts ``execution_count`` up before the cell runs, older ones after."""
        history = getattr(self.shell, "history_manager", None)
        return len(history.input_hist_parsed) - 1 if history is not None else 0

    @property
    def _label(self) -> str:
        return f"In [{self._count}]"


def _not_one_language(words: Sequence[str]) -> UsageError:
    """Return the error for a cell's line with no language, or with words behind it that are no options."""
    if not words:
        from ssvm_kernel.toolchains import registry

        return UsageError(f"which language? {_CELL_USAGE}; there are {', '.join(registry.names())}")
    return _of_language(words[0]) or UsageError(
        f'{words[1]!r} is one word too many: a value with blanks is quoted, as in --allow-command "git status", and '
        f"words for the guest follow --: {_CELL_USAGE}"
    )


def _of_language(word: str) -> UsageError | None:
    """Return the error for a word that is a command or a file, and no language."""
    from ssvm_kernel import commands

    instead = commands.instead_of_language(word)
    return UsageError(instead) if instead else None


def _guest_name(count: int) -> str:
    """Return the name of the guest of a cell by the cell's number."""
    return f"cell-{count}"


@lru_cache(maxsize=32)
def _parsed(line: str) -> Parsed[CompileTraits]:
    """Parse a cell's line, once for as long as it stays the same: nothing but the line decides what it says.

    Whoever gets the options only reads them.
    """
    return parse(split_line(line), CompileTraits)
