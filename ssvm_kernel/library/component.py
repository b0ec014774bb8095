"""The functions of a component, called with the values of its interface's types."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from ssvm_kernel.calls import Answered, OpenGuest
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import BAD_ANSWER, GuestError, UsageError, WorkerDied
from ssvm_kernel.library.handles import Handle, Home
from ssvm_kernel.library.signatures import Named, python_names
from ssvm_kernel.library.wit import Case, WitType, type_from
from ssvm_kernel.sandbox.callmessages import MOST_VALUES, most_bytes

__all__ = ["ComponentFunction", "component_functions"]

_BATCH: Final = 1000
_MOST_TYPES: Final = 1 << 20
"""Bytes of the description of a component's functions."""
_KINDS: Final = ("[constructor", "[method", "[static")
"""What the names of a resource's functions begin with."""
_BAD_DATA: Final = (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError, UnicodeDecodeError)
"""What reading data of a guest's process may raise when it is not what it should be."""


class ComponentFunction:
    """A function of a component: call it, or `map` it.

    Parameters
    ----------
    opened : OpenGuest
        The guest.
    path : tuple of str
        Its name, after that of its interface.
    params : sequence of (str, WitType)
        What it takes.
    result : WitType or None
        What it returns.
    trouble : str
        Why it cannot be called; empty when it can.
    most : int
        Bytes of plain data that its results may be, see `ssvm_kernel.sandbox.callmessages.most_bytes`.
    """

    def __init__(
        self,
        opened: OpenGuest,
        path: tuple[str, ...],
        params: Sequence[tuple[str, WitType]],
        result: WitType | None,
        trouble: str = "",
        most: int = MOST_VALUES,
    ) -> None:
        self._opened = opened
        self._path = path
        self._params = params
        self._result = result
        self._trouble = trouble
        self._most = most
        self._may_fail = result is not None and result.text.startswith("result<")
        self.__name__ = self.__qualname__ = _python_name(path[-1])
        self.__signature__ = self._python()
        notes = [trouble and f"It cannot be called: {trouble}.", self._may_fail and "An error is raised as GuestError."]
        head = f"{self.text}, a function of the component {visible(opened.guest.name)}."
        self.__doc__ = "\n\n".join(str(part) for part in (head, *notes) if part)

    @property
    def text(self) -> str:
        """The function in one line, safe to show."""
        params = ", ".join(f"{visible(name, 60)}: {of.text}" for name, of in self._params)
        return f"{visible(self._path[-1], 200)}({params})" + (f" -> {self._result.text}" if self._result else "")

    @property
    def note(self) -> str:
        """What a list of functions says besides."""
        inside = f"of {visible(self._path[0], 200)}" if len(self._path) > 1 else ""
        return f"cannot be called: {self._trouble}" if self._trouble else inside

    def __call__(self, *args: Any, fresh: bool = False, **named: Any) -> Any:
        """Call the function.

        Parameters
        ----------
        *args
            Its arguments; by name as well.
        fresh : bool
            Whether the call gets an instance of its own.

        Raises
        ------
        UsageError
            When an argument is not of its type.
        GuestError
            When it returns an error.
        GuestTrap, GuestExit, LimitReached
            What happened during the call.
        """
        return self._results([self._lower(self._in_order(args, named))], fresh=fresh)[0]

    def map(self, items: Iterable[Any], *, fresh: bool = False) -> list[Any]:
        """Call the function once for each item, an argument or a tuple of them; return the results in order.

        Raises
        ------
        UsageError, GuestError, GuestTrap, GuestExit, LimitReached
            As for one call.
        """
        alone = len(self._params) == 1
        given = [(item,) if alone and not isinstance(item, tuple) else tuple(item) for item in items]
        rows = [self._lower(self._in_order(args, {})) for args in given]
        found: list[Any] = []
        for start in range(0, len(rows), _BATCH):
            found += self._results(rows[start : start + _BATCH], fresh=fresh)
        return found

    def __repr__(self) -> str:
        return f"<function {self.text} of {visible(self._opened.guest.name)}>"

    def _python(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = python_names([name.replace("-", "_") for name, _ in self._params])
        if "fresh" in names:
            names = tuple(f"a{index}" for index in range(len(names)))
        params = [
            inspect.Parameter(name, kind, annotation=Named(of.text))
            for name, (_, of) in zip(names, self._params, strict=True)
        ]
        fresh = inspect.Parameter("fresh", inspect.Parameter.KEYWORD_ONLY, default=False)
        returns: Any = Named(self._result.text if self._result else "None")
        return inspect.Signature([*params, fresh], return_annotation=returns)

    def _in_order(self, args: Sequence[Any], named: dict[str, Any]) -> Sequence[Any]:
        if self._trouble:
            raise UsageError(f"{visible(self._path[-1])} cannot be called: {self._trouble}")
        try:
            return self.__signature__.bind(*args, **named).args
        except TypeError as error:
            raise UsageError(f"{self.text}: {error}") from None

    def _lower(self, args: Sequence[Any]) -> list[Any]:
        return [self._lowered(name, of, value) for (name, of), value in zip(self._params, args, strict=True)]

    def _lowered(self, name: str, of: WitType, value: Any) -> Any:
        try:
            return of.lower(value)
        except UsageError as error:
            raise UsageError(f"{visible(self._path[-1])}: {visible(name)} {error}") from None

    def _results(self, rows: list[list[Any]], *, fresh: bool) -> list[Any]:
        data = msgspec.msgpack.encode(rows, enc_hook=Handle.given)
        answered = self._opened.call_component(self._path, data, len(rows), fresh=fresh)
        found = self._lift(answered)
        if answered.error is not None:
            raise answered.error
        return [self._checked(value) for value in found] if self._may_fail else found

    def _checked(self, value: Case) -> Any:
        if value.name == "err":
            raise GuestError(visible(self._path[-1], 200), value.value, visible(str(value.value), 1000))
        return value.value

    def _lift(self, answered: Answered) -> list[Any]:
        """Return results; they come from the guest's process, so each is held against its type."""
        try:
            raw = _decoded(answered.blob, self._most)
            if len(raw) != answered.count:
                raise ValueError("another number of results")
            return [None if self._result is None else self._result.lift(item) for item in raw]
        except _BAD_DATA as error:
            self._opened.close()
            raise WorkerDied(BAD_ANSWER) from error


def component_functions(opened: OpenGuest) -> dict[str, ComponentFunction]:
    """Return a component's functions by name: short names with ``_`` for ``-``, and ``INTERFACE#NAME`` in full.

    Raises
    ------
    LoadError
        When it cannot be loaded.
    WorkerDied
        When the guest's process described something else than functions; it is ended.
    """
    try:
        described = _decoded(opened.describe(), _MOST_TYPES)
        home = Home(opened.released)
        made = [_function(opened, home, *item) for item in described]
    except _BAD_DATA as error:
        opened.close()
        raise WorkerDied(BAD_ANSWER) from error
    found: dict[str, ComponentFunction] = {}
    for path, function in made:
        home.learn(path, function)
        found.setdefault(function.__name__, function)
        if found[function.__name__] is not function:
            found["#".join(path)] = function
    return found


def _decoded(blob: bytes, most: int) -> list[Any]:
    if len(blob) > most:
        raise ValueError("more data than there can be")
    found: list[Any] = msgspec.msgpack.decode(blob, type=list)
    return found


def _python_name(name: str) -> str:
    """Return a name for Python: of ``[constructor]counter`` it is ``counter``, of its method ``counter_next``."""
    kind, _, rest = name.partition("]")
    plain = rest if kind in _KINDS else name
    return visible(plain, 200).replace("-", "_").replace(".", "_")


def _function(
    opened: OpenGuest, home: Home, path: Any, params: Any, result: Any
) -> tuple[tuple[str, ...], ComponentFunction]:
    names = tuple(map(str, path))
    if not names:
        raise ValueError("a function without a name")
    try:
        types = [(str(name), type_from(of, home)) for name, of in params]
        returns = None if result is None else type_from(result, home)
        return names, ComponentFunction(opened, names, types, returns, most=most_bytes(result))
    except UsageError as error:
        return names, ComponentFunction(opened, names, (), None, str(error))
