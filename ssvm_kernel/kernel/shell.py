"""The kernel's IPython: Python where a cell says so, and one place through which a guest's cell runs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import PurePath
from typing import Any, Final

from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult

__all__ = ["SsvmShell"]

_PACKAGES: Final = ("site-packages", "dist-packages")
_INFO_TAKES: Final = frozenset(inspect.signature(ExecutionInfo).parameters)
# Of the cell that runs in this context (a subshell runs another beside it): what was typed, and its Python.
_TYPED: ContextVar[tuple[str, str] | None] = ContextVar("ssvm_typed", default=None)


@contextmanager
def _beside_the_notebook() -> Iterator[None]:
    """Let Python import what lies beside the notebook, from where IPython has it: before the packages.

    For Python's cells only: what a guest's cell imports of ours must not come with a notebook (X30).
    """
    if "" in sys.path:
        yield
        return
    names = [PurePath(folder).name for folder in sys.path]
    sys.path.insert(next((at for at, name in enumerate(names) if name in _PACKAGES), 0), "")
    try:
        yield
    finally:
        with suppress(ValueError):  # the cell has taken it out
            sys.path.remove("")


class SsvmShell(ZMQInteractiveShell):
    """IPython, to which a cell of this kernel is Python only below ``%%python``."""

    @contextmanager
    def python(self, typed: str, source: str) -> Iterator[None]:
        """Run `source` where `typed` is run: history keeps what was typed."""
        token = _TYPED.set((typed, source))
        try:
            with _beside_the_notebook():
                yield
        finally:
            _TYPED.reset(token)

    def transform_cell(self, raw_cell: str) -> Any:
        """Take the ``%%python`` away; text that Python itself hands to IPython (``%%time``) is Python already."""
        running = _TYPED.get()
        is_the_cell = running is not None and raw_cell is running[0]
        text = running[1] if running is not None and is_the_cell else raw_cell
        return super().transform_cell(text)  # type: ignore[no-untyped-call]

    def run_steps(
        self, raw: str, translated: str, perform: Callable[[], Any], *, store: bool, silent: bool, cell: dict[str, Any]
    ) -> ExecutionResult:
        """Do what `run_cell` does around a cell's code, and call `perform` in the code's place.

        To compile a line of Python that calls the magic takes IPython about as long as a small guest runs.

        Parameters
        ----------
        raw, translated : str
            What was typed, and the same in Python, for the history.
        perform : callable
            What the cell does; its value is displayed.
        store, silent : bool
            Of the request.
        cell : dict
            ``cell_id`` and ``cell_meta`` of the request.
        """
        about: dict[str, Any] = {
            "raw_cell": raw,
            "store_history": store,
            "silent": silent,
            "shell_futures": True,
            **cell,
        }
        about["transformed_cell"] = translated
        info = ExecutionInfo(**{name: value for name, value in about.items() if name in _INFO_TAKES})
        result = ExecutionResult(info)
        try:
            self._run_steps(info, result, translated, perform)
        except BaseException as error:  # noqa: BLE001 - an interrupt between two steps: the request is answered
            result.error_in_exec = error
            self.showtraceback(running_compiled_code=True)
        finally:
            self.last_execution_succeeded = result.success
            self.last_execution_result = result
            self.events.trigger("post_execute")
            if not silent:
                self.events.trigger("post_run_cell", result)
        return result

    def _run_steps(
        self, info: ExecutionInfo, result: ExecutionResult, translated: str, perform: Callable[[], Any]
    ) -> None:
        if not info.raw_cell or info.raw_cell.isspace():
            return
        store = info.store_history and not info.silent
        number = result.execution_count = self.execution_count
        # Old versions count after the cell, new ones before; both number an output after what they did.
        before = self.displayhook.prompt_count != number
        if store and before:
            self.execution_count = number + 1
        try:
            self._perform(info, result, number, translated, perform)
        finally:
            if store and self.history_manager:
                self._write_history(number, translated, str(info.raw_cell))
            if store and not before:
                self.execution_count = number + 1

    def _perform(
        self, info: ExecutionInfo, result: ExecutionResult, number: int, translated: str, perform: Callable[[], Any]
    ) -> None:
        self.events.trigger("pre_execute")
        if not info.silent:
            self.events.trigger("pre_run_cell", info)
            if info.store_history and self.history_manager:
                self._remember(number, translated, str(info.raw_cell))
            self.logger.log(translated, info.raw_cell)
        with self.builtin_trap, self.display_trap:
            self.displayhook.exec_result = result
            try:
                value = perform()
                if value is not None and not info.silent:
                    self.displayhook(value)
            finally:
                self.displayhook.exec_result = None

    def _remember(self, number: int, translated: str, raw: str) -> None:
        """Put a cell into the history's memory, as `HistoryManager.store_inputs` does.

        That also takes a lock which is held while the cell before is written to the disk, for as long as ten guests
        run, and wakes the thread that writes: `_write_history` does so when the guest has ended.
        """
        history: Any = self.history_manager
        history.input_hist_parsed.append(translated.rstrip("\n"))
        history.input_hist_raw.append(raw.rstrip("\n"))
        history._iii, history._ii, history._i = history._ii, history._i, history._i00
        history._i00 = raw.rstrip("\n")
        names = {name: getattr(history, name) for name in ("_i", "_ii", "_iii")}
        self.push({**names, f"_i{number}": history._i00}, interactive=False)  # type: ignore[no-untyped-call]

    def _write_history(self, number: int, translated: str, raw: str) -> None:
        """Have a cell written to the disk."""
        history: Any = self.history_manager
        with history.db_input_cache_lock:
            history.db_input_cache.append((number, translated.rstrip("\n"), raw.rstrip("\n")))
            due = len(history.db_input_cache) >= history.db_cache_size
        if due and history.save_flag is not None:
            history.save_flag.set()
        history.store_output(number)
