"""A module in a worker, with all that is the same in each of its runs: looking at it anew took half of a small run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import wasmtime

from ssvm_kernel.capabilities.javascript import is_of_javascript
from ssvm_kernel.capabilities.models import MODEL_TYPES
from ssvm_kernel.host.display import MODULE as DISPLAY
from ssvm_kernel.host.display import ShowFunction, bind_display_interface
from ssvm_kernel.host.models import ModelState
from ssvm_kernel.host.models_binding import bind_models
from ssvm_kernel.host.process import MODULES, CommandCall, CommandReply, ProcessState, bind_process_interface
from ssvm_kernel.sandbox.entry import starts_plainly
from ssvm_kernel.sandbox.filewatch import READ, has_plain_memory, watched_functions
from ssvm_kernel.sandbox.javascript import bind_javascript

__all__ = ["GuestExit", "Loaded"]

_WASI = "wasi_snapshot_preview1"


class GuestExit(Exception):
    """The guest called ``proc_exit``; raised through it, since the engine itself refuses statuses from 126 up."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Loaded:
    """A module, and what it may import.

    Parameters
    ----------
    engine : wasmtime.Engine
        The engine that it was made for.
    module : wasmtime.Module
        The module.
    new_models : callable
        Returns what an instance has of models at first: nothing, and the libraries that it was lent.

    Attributes
    ----------
    watched : tuple of str
        Its file functions, see `ssvm_kernel.sandbox.filewatch`.
    reads_stdin : bool
        Whether it can be asked for before it reads its stdin.
    starts_plainly : bool
        Whether its ``_start`` is of the usual type, see `ssvm_kernel.sandbox.entry`.
    uses_wasi : bool
        Whether it imports anything of WASI.
    """

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module, new_models: Callable[[], ModelState]) -> None:
        self.engine = engine
        self.module = module
        self.new_models = new_models
        self.watched = watched_functions(module)
        imports = module.imports
        reads = any(item.name == READ and item.module == _WASI for item in imports)
        self.reads_stdin = reads and has_plain_memory(module)
        self.starts_plainly = starts_plainly(module)
        self.uses_wasi = any(item.module.startswith("wasi") for item in imports)
        self._types: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._process = tuple(item for item in imports if item.module in MODULES)
        self._models = tuple(item for item in imports if item.module in MODEL_TYPES)
        self._javascript = tuple(item for item in imports if is_of_javascript(item.module))
        self._shows = any(item.module == DISPLAY for item in imports)
        # What is defined for one instance only (the state of commands, the watch on files) needs a linker of its own.
        own = self._process or self._models or self._shows or self.watched or self._javascript
        self._shared = None if own else _linker(engine)

    @property
    def can_wait(self) -> bool:
        """Whether an instance of it can be made before its run: it is entered in the usual way, and has no models."""
        return self.starts_plainly and not self._models

    @cached_property
    def functions(self) -> dict[str, wasmtime.FuncType]:
        """The functions that it exports, by name; their types are not looked at."""
        return {
            export.name: export.type for export in self.module.exports if isinstance(export.type, wasmtime.FuncType)
        }

    def type_of(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return parameters and results of a function, which it exports.

        Only of one that is to be called: to look at a type with v128 in it aborts the process (wasmtime 50).
        """
        if name not in self._types:
            found = self.functions[name]
            self._types[name] = tuple(map(str, found.params)), tuple(map(str, found.results))
        return self._types[name]

    def linker(
        self,
        run_command: Callable[[CommandCall], CommandReply],
        show: ShowFunction,
        models: ModelState | None = None,
        *,
        own: bool = False,
    ) -> wasmtime.Linker:
        """Return what one instance may import: WASI, and the other interfaces with a state of its own.

        Parameters
        ----------
        run_command : callable
            What runs a command.
        show : callable
            What shows something.
        models : ModelState or None
            What it has of models; by default a new one.
        own : bool
            Whether more will be defined that is for one instance only.
        """
        if self._shared is not None and not own:
            return self._shared
        linker = _linker(self.engine)
        bind_process_interface(linker, ProcessState(run_command), self._process)
        if self._models:
            bind_models(linker, models or self.new_models(), self._models)
        if self._shows:
            bind_display_interface(linker, show)
        if self._javascript:
            bind_javascript(linker, self._javascript)
        return linker


def _linker(engine: wasmtime.Engine) -> wasmtime.Linker:
    linker = wasmtime.Linker(engine)
    linker.allow_shadowing = True
    linker.define_wasi()
    linker.define_func(_WASI, "proc_exit", wasmtime.FuncType([wasmtime.ValType.i32()], []), _proc_exit)
    return linker


def _proc_exit(code: int) -> None:
    raise GuestExit(code & 0xFFFFFFFF if code < 0 else code)
