"""``%%ssvm`` and ``%ssvm``: parse the line, hand over, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from ssvm_kernel.errors import UsageError
from ssvm_kernel.options import CompileTraits, Parsed, RunTraits, help_text, parse, split_line

if TYPE_CHECKING:
    from ssvm_kernel.session import Session

__all__ = ["SsvmMagics"]

_CELL_USAGE = "%%ssvm LANGUAGE [options] [-- guest arguments]"
_USAGES = {
    "load": "%ssvm load FILE.wasm [--name NAME]",
    "run": "%ssvm run NAME [options] [-- guest arguments]",
}


@magics_class
class SsvmMagics(Magics):
    """The magics of one shell."""

    @cached_property
    def session(self) -> Session:
        """The kernel's session, made when the first guest needs it."""
        from ssvm_kernel.session import Session

        return Session()

    # What is read in the line is what is granted: IPython would put a variable's value for "$name" and "{name}" (U31).
    @no_var_expand
    @line_cell_magic
    def ssvm(self, line: str, cell: str | None = None) -> Any:
        """Compile and run a WebAssembly guest (``%%ssvm --help``), or load and run one (``%ssvm --help``)."""
        words = split_line(line)
        if cell is None:
            return self._line(words)
        return self._cell(words, cell)

    def close(self) -> None:
        """End the session, if there is one."""
        if "session" in vars(self):
            self.session.close()
            del self.session

    def _cell(self, words: list[str], source: str) -> None:
        parsed = parse(words, CompileTraits)
        if parsed.help:
            print(help_text(_CELL_USAGE, CompileTraits))
            return
        if len(parsed.words) != 1:
            raise UsageError(f"which language? {_CELL_USAGE}; see %%ssvm --help")
        assert isinstance(parsed.options, CompileTraits)
        name = parsed.options.name or f"cell-{self._count}"
        guest = self.session.compile(parsed.words[0], source, parsed.options, name)
        self.session.run(guest, parsed.options, parsed.guest_args, self._label)

    def _line(self, words: list[str]) -> None:
        commands: dict[str, Callable[[Parsed], None]] = {"load": self._load, "run": self._run}
        if not words or words[0] in ("--help", "-h"):
            print("\n".join([f"usage: {_CELL_USAGE}", *(f"       {usage}" for usage in _USAGES.values())]))
            print("See %%ssvm --help for the options.")
            return
        if words[0] not in commands:
            raise UsageError(f"there is no command {words[0]!r}; there are: {', '.join(commands)}. See %ssvm --help")
        parsed = parse(words[1:], RunTraits)
        if parsed.help:
            print(help_text(_USAGES[words[0]], RunTraits))
            return
        if len(parsed.words) != 1:
            raise UsageError(f"usage: {_USAGES[words[0]]}")
        commands[words[0]](parsed)

    def _load(self, parsed: Parsed) -> None:
        guest = self.session.load(Path(parsed.words[0]).expanduser(), parsed.options.name)
        print(f"loaded {guest.name} (sha256 {guest.sha256[:12]}…); run it with: %ssvm run {guest.name}")

    def _run(self, parsed: Parsed) -> None:
        self.session.run(self.session.find(parsed.words[0]), parsed.options, parsed.guest_args, self._label)

    @property
    def _count(self) -> int:
        """The running cell's number; IPython 9 counts ``execution_count`` up before the cell runs, older ones after."""
        history = getattr(self.shell, "history_manager", None)
        return len(history.input_hist_parsed) - 1 if history is not None else 0

    @property
    def _label(self) -> str:
        return f"In [{self._count}]"
