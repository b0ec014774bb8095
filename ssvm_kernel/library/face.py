"""A guest as a library: its functions, its memory, and what is granted to it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Final

from traitlets import TraitError

from ssvm_kernel.calls import OpenGuest
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import LoadError, NoSuchFunction, NoSuchGuest, UsageError
from ssvm_kernel.guest import Guest
from ssvm_kernel.library.bindgen import NODE, BindgenFunction, node_interface
from ssvm_kernel.library.exports import Exports
from ssvm_kernel.library.functions import Function
from ssvm_kernel.library.memory import Memory
from ssvm_kernel.library.tables import functions_of
from ssvm_kernel.options import RunTraits
from ssvm_kernel.result import RunResult
from ssvm_kernel.session import Session

__all__ = ["Exports", "Library", "found_in"]

_OF_CALLS: Final = (
    *("engine", "dirs", "env", "allow_command", "allow_command_all", "allow_command_env", "allow_network"),
    *("deny_network", "display", "command_timeout", "command_output_limit", "display_limit", "signal_codes"),
    *("max_commands", "memory_limit", "table_limit", "stack_limit", "time_limit", "fuel", "output_limit"),
    *("deny_all", "no_raise"),
)
"""The options of a run that make sense for calls."""


class Library:
    """A guest of a session, as a library: ``guest.NAME(…)`` calls the function that it exports as NAME.

    A name that is taken here, or is none in Python, is reached as ``guest.exports["NAME"]``.  Calls share an instance,
    which keeps its state, until it traps or `reset`; with ``fresh=True`` a call has one of its own.

    Parameters
    ----------
    session : Session
        Where it runs.
    guest : Guest
        The module.
    options : RunTraits or None
        What is granted to it; by default nothing.
    cell : str
        The cell that opened it, for prompts and the ledger.
    """

    def __init__(self, session: Session, guest: Guest, options: RunTraits | None = None, cell: str = "") -> None:
        self._session = session
        self._guest = guest
        self._options = options or RunTraits()
        self._cell = cell
        self._opened: OpenGuest = session.open(guest, self._options, cell)
        self._exports: Exports | None = None

    @property
    def name(self) -> str:
        """Its name in the session."""
        return self._guest.name

    @property
    def sha256(self) -> str:
        """Hash of the module."""
        return self._guest.sha256

    @property
    def exports(self) -> Exports:
        """Its functions, by name; those of a component are asked of the engine, in the guest's process."""
        if self._exports is None:
            self._exports = Exports(functions_of(self._opened, self._guest.wasm))
        return self._exports

    @property
    def memory(self) -> Memory:
        """The memory of the instance that is kept; it is in another process, so reading and writing copies.

        Raises
        ------
        UsageError
            For a component: what memory it has is its own.
        """
        if self._guest.is_component:
            raise UsageError(f"the memory of the component {visible(self.name)} is its own: its functions pass values")
        return Memory(self._opened)

    def open(self, **options: Any) -> Library:
        """Return the same guest with an instance of its own, and with grants.

        Parameters
        ----------
        **options
            As of ``%%ssvm``, with ``_`` for ``-``: ``dirs=["/data:./data:ro"]``, ``env=["HOME"]``,
            ``allow_command=["git status"]``, ``time_limit=5`` …

        Raises
        ------
        UsageError
            For an option that there is not, or a value that it does not take.
        """
        return Library(self._session, self._guest, _options(options), self._cell)

    def run(self, *args: str, **options: Any) -> RunResult:
        """Run the guest from its start, as ``%ssvm run`` does, and return the result.

        Parameters
        ----------
        *args : str
            The guest's own arguments.
        **options
            As for `open`, and ``stdin=…``.
        """
        wanted = _options(options, more=("stdin", "call"))
        return self._session.run(self._guest, wanted, tuple(map(str, args)), self._cell)

    def map(
        self,
        function_or_args: str | Sequence[str] | Function,
        items: Iterable[Any],
        *,
        executor: Executor | None = None,
        batch: int = 0,
        workers: int = 0,
        return_exceptions: bool = False,
        **options: Any,
    ) -> list[Any]:
        """Call a function, or run the guest, once for each item, in several processes; each time in a fresh instance.

        Nobody is asked there: what is not granted is denied, and told at the end.

        Parameters
        ----------
        function_or_args : str, Function or sequence of str
            The function, whose argument each item is (a tuple where it takes several); or, for a program, the
            arguments that all runs get (``[]`` for none), before those of the item.
        items : iterable
            For a program each is a str (one more argument), bytes (its stdin), a list of str (arguments) or a dict
            with ``args`` and ``stdin``.
        executor : Executor or None
            Where it runs: anything with the ``submit`` of `concurrent.futures`, such as Dask's
            ``client.get_executor()`` or ipyparallel's ``client.executor()``; by default processes of this machine.
        batch : int
            How many items travel together; 0 finds out what is quick.
        workers : int
            How many processes of this machine; 0 is one for each processor.
        return_exceptions : bool
            Whether an item that fails has its `MapError` as its result, instead of ending the map.
        **options
            As for `open`, and ``stdin=…`` and ``result_limit=…``; without any, those with which it was opened.

        Returns
        -------
        list
            In the order of the items: the function's results, or a `MapRun` for each run (``.stdout``,
            ``.exit_code`` …).

        Raises
        ------
        UsageError
            For an item that cannot be given, or an option that there is not.
        MapError
            For the first item that failed, with ``.index``, ``.item`` and ``.error``.
        """
        from ssvm_kernel.library.mapping import map_items

        if self._guest.is_component:
            raise UsageError("this map is for modules; a component's function has its own: guest.NAME.map([…])")
        return map_items(
            self._session,
            self._guest,
            self.exports,
            function_or_args,
            items,
            _options(options, more=("stdin", "result_limit")) if options else self._options,
            executor=executor,
            batch=batch,
            workers=workers,
            return_exceptions=return_exceptions,
            cell=self._cell,
        )

    def reset(self) -> None:
        """Let go of the instance and its state; the next call makes a new one."""
        self._opened.renew()

    def close(self) -> None:
        """End the guest's process; the next call starts another one."""
        self._opened.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"a guest has no {name!r}")
        exports = self.exports
        if name in NODE and any(isinstance(function, BindgenFunction) for function in exports.values()):
            return node_interface(name, exports.__getitem__)
        if name not in exports:
            near = difflib.get_close_matches(name, exports, 1, 0.5)
            hint = f"; did you mean {visible(near[0])}?" if near else "; .exports lists its functions"
            raise NoSuchFunction(f"the guest {visible(self.name)} has no {name!r}{hint}")
        return exports[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in self.exports if name.isidentifier())})

    def __repr__(self) -> str:
        head = f"guest {visible(self.name)} (sha256 {self.sha256[:12]}…)"
        return f"{head}\n{self.exports!r}" if self.exports else f"{head}: it has no functions to call; .run() runs it"


def _options(given: Mapping[str, Any], more: tuple[str, ...] = ()) -> RunTraits:
    allowed = [name for name in (*_OF_CALLS, *more) if name in RunTraits.class_traits()]
    options = RunTraits()
    for name, value in given.items():
        if name not in allowed:
            near = difflib.get_close_matches(name, allowed, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else f": there are {', '.join(allowed)}"
            raise UsageError(f"there is no option {name!r} for this{hint}")
        try:
            setattr(options, name, value)
        except TraitError:
            raise UsageError(f"{name} does not take {value!r:.80}. {RunTraits.class_traits()[name].help}") from None
    return options


def found_in(session: Session, name: str) -> Guest:
    """Return a guest of a session by its name.

    Raises
    ------
    KeyError
        When there is none of that name, as for any mapping.
    LoadError
        When it is no module.
    """
    guest = session.guests.get(name)
    if guest is None:
        known = ", ".join(map(visible, session.guests)) or "none yet"
        raise NoSuchGuest(f"there is no guest called {name!r} in this session (there are: {known})")
    if not guest.is_module:
        raise LoadError(f"{visible(name)} is no WebAssembly module")
    return guest
