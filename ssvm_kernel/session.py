"""One kernel's session: its guests, its worker pool, the grants and ledger that outlive a cell."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from ssvm_kernel import namespace
from ssvm_kernel.ahead import Ahead
from ssvm_kernel.broker import CommandBroker
from ssvm_kernel.capabilities.grants import Grant, GrantBook, GrantRow, row_of
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import FolderGrant, ModelGrant
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.base import Decider
from ssvm_kernel.deciders.chain import default_chain
from ssvm_kernel.deciders.pickchain import default_pickers
from ssvm_kernel.display.surface import Surface, current_surface
from ssvm_kernel.ending import raise_for
from ssvm_kernel.errors import GuestInterrupted, LoadError, SsvmError, UsageError
from ssvm_kernel.guest import Guest
from ssvm_kernel.host.grantfile import GrantFile
from ssvm_kernel.host.named import read_whole
from ssvm_kernel.host.temporary import sweep
from ssvm_kernel.lent import is_held
from ssvm_kernel.options import CompileTraits, RunTraits, split_line
from ssvm_kernel.picks import FolderPicks
from ssvm_kernel.result import RunResult
from ssvm_kernel.retrace import with_lines
from ssvm_kernel.runtime import Prepared, Runtime
from ssvm_kernel.sandbox.engines import ENGINES
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.protocol import Locked
from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Toolchain
from ssvm_kernel.toolchains.cache import compile_cached
from ssvm_kernel.toolchains.files import check_name
from ssvm_kernel.toolchains.recent import RecentlyCompiled

if TYPE_CHECKING:
    from ssvm_kernel.calls import OpenGuest
    from ssvm_kernel.parallel.local import LocalProcesses
    from ssvm_kernel.parallel.work import Work

__all__ = ["Session"]

_MOST_PROCESSES: Final = 256


class Session:
    """Everything that lives as long as the kernel does.

    Parameters
    ----------
    decider : Decider or None
        Who answers requests; by default the widget, the terminal, or nobody, whichever is there.
    """

    def __init__(self, decider: Decider | None = None) -> None:
        self.guests: dict[str, Guest] = {}
        self.files: dict[str, str] = {}
        self._recent = RecentlyCompiled()
        self._open: WeakSet[OpenGuest] = WeakSet()
        self.ledger = Ledger()
        self.grants = GrantBook()
        self._pool = WorkerPool()
        self.grants.watch(self._end_idle)
        self._processes: LocalProcesses | None = None
        self.remembered = GrantFile()
        broker = CommandBroker(self.grants, decider or default_chain(), self.ledger, self.remembered)
        self.runtime = Runtime(self._pool, broker, self.ledger)
        self.ahead = Ahead(self.runtime, self._recent, self.grants, self.files, self._wanted)
        self.folders = FolderPicks(self.grants, default_pickers())
        atexit.register(self.close)

    def compile(self, language: str, source: str, options: CompileTraits, name: str, line_offset: int = 1) -> Guest:
        """Compile a cell's text, which has `line_offset` lines above it, to a guest and remember it by its name.

        Raises
        ------
        UsageError, ToolchainMissing, CompileError
            When there is no such language, no compiler for it, or when the text does not compile.
        """
        toolchain = registry.get(language)
        if options.wit or "[wit]" in source:
            from ssvm_kernel.toolchains.components import for_cell

            toolchain = for_cell(toolchain, source, options.wit, self.files)
        self._pool.begin()  # starts beside the compiler, and is warm when it ends
        surface = current_surface()

        def notice(text: str) -> None:
            surface.write("stderr", f"[ssvm] {text}\n")

        wanted = self._wanted(options, notice)
        compiled = self._recent.compile(toolchain, source, wanted, line_offset=line_offset)
        if compiled.read_files:  # the guest now holds what nobody granted it, so it is said
            notice(f"compiled into the guest besides the cell: {', '.join(map(visible, compiled.read_files))}")
        show_warnings(surface, source, compiled, self.files, line_offset)
        again = compiler_with_lines(toolchain, source, wanted, line_offset)
        guest = Guest(name, compiled.wasm, compiled.seconds, f"cell{toolchain.suffix}", again)
        self.guests[name] = guest
        return guest

    def _wanted(self, options: CompileTraits, notice: Callable[[str], None] | None = None) -> CompileOptions:
        flags = tuple(flag for text in options.cflags for flag in split_line(text))
        return CompileOptions(options.opt, flags, tuple(sorted(self.files.items())), notice)

    def keep_file(self, name: str, text: str) -> bool:
        """Keep a cell as a file that later cells can include; return whether it replaced another text.

        Raises
        ------
        UsageError
            When a file cannot have that name.
        """
        replaced = self.files.get(check_name(name), text) != text
        self.files[name] = text
        return replaced

    def load(self, path: Path, name: str = "") -> Guest:
        """Load a module from a file and remember it by its name, by default the file's.

        Raises
        ------
        LoadError
            When the file cannot be read or is no module.
        """
        try:
            wasm = read_whole(path)
        except OSError as error:
            raise LoadError(f"{visible(str(path), 300)} cannot be read: {error.strerror}") from None
        guest = Guest(name or path.stem, wasm)
        if not guest.is_module:
            raise LoadError(f"{visible(str(path), 300)} is not a WebAssembly module: {guest.why_no_module}")
        self.guests[guest.name] = guest
        return guest

    def find(self, name: str) -> Guest:
        """Return a guest of this session.

        Raises
        ------
        UsageError
            When no guest has that name; the message lists those that there are.
        """
        if name not in self.guests:
            known = ", ".join(self.guests) or "none yet"
            hint = "a cell with %%ssvm makes one, and %ssvm load FILE.wasm loads one"
            raise UsageError(f"there is no guest called {name!r} in this session (there are: {known}); {hint}")
        return self.guests[name]

    def run(self, guest: Guest, options: RunTraits, args: tuple[str, ...] = (), cell: str = "") -> RunResult:
        """Run a guest and raise what its end means for the cell.

        Parameters
        ----------
        guest : Guest
            What to run.
        options : RunTraits
            Grants, engine and limits of this run.
        args : tuple of str
            The guest's own arguments.
        cell : str
            The cell that runs it, for prompts and the ledger.

        Raises
        ------
        SsvmError
            For anything but an orderly end with status 0; see `errors`.
        """
        if options.result_name:
            namespace.check_name(options.result_name)
        if options.profile_out:
            from ssvm_kernel.profiling import place_of

            place_of(options.profile_out)
        if options.pick and not options.deny_all:
            self.folders.before_run(guest, options, cell)
        with Prepared(self.grants, guest, options, args, cell) as prepared:
            try:
                result = self._result(prepared)
            except (GuestInterrupted, SsvmError) as error:
                if options.result_name and error.result is not None:
                    namespace.assign(options.result_name, error.result)
                raise
            values = prepared.variables.values() if prepared.variables is not None and not result.failed else {}
        for variable, value in values.items():
            namespace.assign(variable, value)
        if guest.compile_seconds and self.guests.get(guest.name) is guest:
            self.guests[guest.name] = replace(guest, compile_seconds=0.0)  # paid for once
        self._pool.warm()  # the next guest finds a worker ready
        if options.result_name:
            namespace.assign(options.result_name, result)
        try:
            raise_for(result, options, guest)
        except SsvmError as error:
            error.result = result
            raise
        return result

    def _result(self, prepared: Prepared) -> RunResult:
        """Run a guest once, or compare engines."""
        engine = prepared.options.engine
        if engine in ENGINES:
            return with_lines(self.runtime, prepared, self.runtime.run(prepared, engine))
        from ssvm_kernel.compare import compare

        return compare(self.runtime, prepared)

    def open(self, guest: Guest, options: RunTraits, cell: str = "") -> OpenGuest:
        """Return a guest whose functions can be called; nothing is started before the first call.

        Parameters
        ----------
        guest : Guest
            What is called.
        options : RunTraits
            Grants and limits of all its calls.
        cell : str
            The cell that opens it, for prompts and the ledger.

        Raises
        ------
        UsageError
            For options that a call cannot have.
        """
        if options.engine not in ENGINES:
            raise UsageError(f"calls run in one engine: {', '.join(ENGINES)}")
        from ssvm_kernel.calls import OpenGuest

        opened = OpenGuest(self.runtime, self.grants, guest, options, cell)
        self._open.add(opened)
        return opened

    def map(self, guest: Guest, options: RunTraits, work: Work, *, workers: int = 0, **how: Any) -> list[Any]:
        """Run a guest, or call one of its functions, for each item; see `ssvm_kernel.parallel.start.map_guest`.

        Parameters
        ----------
        guest : Guest
            The module.
        options : RunTraits
            What is granted to each run, and its limits.
        work : Work
            The items.
        workers : int
            Processes of this machine, when it runs there; 0 is one for each processor.
        **how
            What else `map_guest` takes.

        Raises
        ------
        UsageError
            When `workers` is no number of processes.
        """
        from ssvm_kernel.parallel.local import LocalProcesses, processors
        from ssvm_kernel.parallel.mapping import Books
        from ssvm_kernel.parallel.start import map_guest

        count = workers or processors()
        if not 0 < count <= _MOST_PROCESSES:
            raise UsageError(f"workers is the number of processes, 1 to {_MOST_PROCESSES}, and not {workers}")

        def processes() -> LocalProcesses:
            if self._processes is None or self._processes.count != count:
                self._end_processes()
                self._processes = LocalProcesses(count)
            return self._processes

        books = Books(self.grants, self.ledger, self.remembered)
        return map_guest(books, guest, options, work, processes=processes, **how)

    def _end_idle(self, taken_back: Grant) -> None:
        """End the processes that wait for their guests to come again, if they hold what was taken back (X33)."""
        if isinstance(taken_back, FolderGrant | ModelGrant):
            self._pool.end_idle(partial(is_held, taken_back))
            if self._processes is not None:
                self._processes.end_idle()

    def _end_processes(self) -> None:
        processes, self._processes = self._processes, None
        if processes is not None:
            processes.close()

    def grant_rows(self) -> tuple[GrantRow, ...]:
        """Return the table of what is in force: this session's grants, then those for always."""
        now = time.time()
        always = (row_of(grant, now, self.remembered.uses[grant.id]) for grant in self.remembered.all())
        return (*self.grants.rows(), *always)

    def revoke(self, grant_id: str) -> bool:
        """Take a grant back, of this session or for always; a command that runs by it is ended (rule 16).

        Raises
        ------
        GrantError
            When the file of grants for always cannot be written.
        """
        if self.grants.revoke(grant_id):
            return True
        removed = self.remembered.remove(grant_id)
        if removed is not None:
            self.grants.announce(removed)
        return removed is not None

    def revoke_all(self) -> int:
        """Take all of this session's grants back, and return how many there were; those for always stay."""
        count = len(self.grants.rows())
        self.grants.clear()
        return count

    def probe_locks(self) -> Locked:
        """Lock a worker as one for a guest without folders, end it, and return what held it.

        Raises
        ------
        WorkerDied
            When it could not be locked.
        """
        return self._pool.probe()

    def make_ready(self) -> None:
        """Start a worker for the first guest; returns at once."""
        self._pool.warm()

    def close(self) -> None:
        """End the workers."""
        atexit.unregister(self.close)
        for opened in tuple(self._open):
            opened.close()
        self.runtime.runner.ahead.close()
        self._pool.close()
        self.runtime.broker.close()
        self._end_processes()
        sweep()


def compiler_with_lines(
    toolchain: Toolchain, source: str, options: CompileOptions, line_offset: int
) -> Callable[[], bytes] | None:
    """Return what compiles a cell so that its traps tell lines, where the language's default code does not."""
    line_options = getattr(toolchain, "line_options", None)  # few languages have any need of it
    other: CompileOptions | None = line_options(options) if line_options is not None else None
    return None if other is None else lambda: compile_cached(toolchain, source, other, line_offset=line_offset).wasm


def show_warnings(
    surface: Surface, source: str, compiled: Compiled, files: Mapping[str, str], line_offset: int
) -> None:
    """Show a compiler's warnings, in the cell or in one of the session's files; they fail nothing."""
    if not compiled.diagnostics:
        return
    from ssvm_kernel.toolchains.render import render_html, render_text

    forms = (("text/plain", render_text), ("text/html", render_html))
    found = compiled.diagnostics
    surface.show({mime: render(source, found, line_offset=line_offset, files=files) for mime, render in forms})
