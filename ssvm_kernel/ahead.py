"""Cells whose guests begin before the cell is read as a whole: what each came to, and what of it may be shown early."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.display.surface import current_surface
from ssvm_kernel.options import CompileTraits
from ssvm_kernel.runtime import Runtime
from ssvm_kernel.sandbox.headstart import First
from ssvm_kernel.sandbox.job import Job
from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains.base import CompileOptions, Toolchain
from ssvm_kernel.toolchains.recent import RecentlyCompiled

__all__ = ["Ahead", "Typed"]

Typed = tuple[str, str, int]
"""Line and text of a cell, and the number of lines above the text."""


class Ahead:
    """The known cells of one session.

    Parameters
    ----------
    runtime : Runtime
        Runs their guests.
    recent : RecentlyCompiled
        The session's compiled cells.
    grants : GrantBook
        Its grants.
    files : mapping of str
        Its files that cells can include.
    wanted : callable
        Returns how a cell with some options is compiled.
    """

    def __init__(
        self,
        runtime: Runtime,
        recent: RecentlyCompiled,
        grants: GrantBook,
        files: Mapping[str, str],
        wanted: Callable[[CompileTraits], CompileOptions],
    ) -> None:
        self._runtime = runtime
        self._starts = runtime.runner.ahead
        self._recent = recent
        self._grants = grants
        self._files = files
        self._wanted = wanted

    def begin(self, typed: Typed, name: str) -> None:
        """Begin the guest of a cell that came before, while the rest of what is to be done for it is done.

        Parameters
        ----------
        typed : tuple
            The cell.
        name : str
            What its guest is called if its line does not say.
        """
        self._starts.begin(typed, name)

    def show(self, typed: Typed) -> None:
        """Show what the guest of a cell that has begun prints at first, if the cell cannot come to anything else."""
        begun = self._starts.begun
        if begun is not None and begun.typed == typed:
            begun.look()

    def end(self) -> None:
        """End what has begun and was not taken over by a run: its cell ended otherwise."""
        self._starts.take(None)

    def learn(self, typed: Typed, language: str, options: CompileTraits, name: str) -> None:
        """Keep what the cell came to that was just run in order.

        Parameters
        ----------
        typed : tuple
            As `begin` will get it.
        language : str
            The cell's.
        options : CompileTraits
            Those of its line.
        name : str
            What its guest will be called in the next cell if its line does not say.
        """
        job = self._runtime.runner.last
        # What these do comes before the guest, or before what it prints is shown.
        if job is None or options.ins or options.outs or options.display_from_stdout or options.pick:
            self._starts.learn(typed, None)
            return
        first = self._first(typed, registry.get(language), options, job)
        self._starts.learn(typed, job, "" if options.name else name, first)

    def _first(self, typed: Typed, toolchain: Toolchain, options: CompileTraits, job: Job) -> First | None:
        """Return how a cell's first output is shown while it still compiles to the same without a word."""
        _, source, line_offset = typed
        compiled = self._recent.peek(toolchain, source, self._wanted(options), line_offset)
        if compiled is None or compiled.wasm is not job.wasm or compiled.diagnostics:
            return None
        found, files = toolchain.find(), dict(self._files)

        def still() -> bool:
            return self._grants.is_empty and toolchain.find() == found and self._files == files

        return First(self._runtime.streams(current_surface(), options), still)
