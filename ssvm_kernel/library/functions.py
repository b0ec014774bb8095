"""One function of a guest, called from Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from ssvm_kernel.calls import Answered, OpenGuest
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.display.text import counted
from ssvm_kernel.errors import BAD_ANSWER, SsvmError, UsageError, WorkerDied
from ssvm_kernel.library.signatures import Signature
from ssvm_kernel.sandbox.rows import BYTES, row_format

__all__ = ["Function"]

_AT_ONCE: Final = 64 << 20
"""Bytes of arguments that cross to the guest's process together."""


class Function:
    """A function of a guest: call it, or `map` it over many arguments at once.

    Parameters
    ----------
    opened : OpenGuest
        The guest.
    signature : Signature
        What it takes and returns.
    """

    def __init__(self, opened: OpenGuest, signature: Signature) -> None:
        self._opened = opened
        self.signature = signature
        self.export = signature.export or signature.name
        """What the module calls it."""
        self.__name__ = self.__qualname__ = visible(signature.name, 200)
        self.__signature__ = signature.python()
        self.__doc__ = _doc(signature, opened.guest.name)

    def __call__(self, *args: Any, fresh: bool = False, **named: Any) -> Any:
        """Call the function.

        Parameters
        ----------
        *args
            Its arguments; by name as well, where it has names.
        fresh : bool
            Whether the call gets an instance of its own, instead of the one that keeps its state between calls.

        Returns
        -------
        object
            Its result; a tuple when it has several, None when it has none.

        Raises
        ------
        UsageError
            When an argument is not what the function takes.
        GuestTrap, GuestExit, DeniedError, LimitReached
            What happened during the call.
        """
        row, data = self._lower(self._in_order(args, named))
        try:
            answered = self._opened.call(self.export, self.signature.shape, (row, *data), fresh=fresh)
        finally:
            _let_go(data)
        results = self.lift(answered)
        if answered.error is not None:
            raise answered.error
        return results[0]

    def map(self, items: Iterable[Any], *, fresh: bool = False) -> list[Any]:
        """Call the function once for each item, with one way to the guest's process for all of them.

        Parameters
        ----------
        items : iterable
            Its argument, or a tuple of its arguments where it takes several.
        fresh : bool
            Whether each call gets an instance of its own.

        Returns
        -------
        list
            The results, in the order of the items.

        Raises
        ------
        UsageError, GuestTrap, GuestExit, DeniedError, LimitReached
            As for one call, with the item's number.
        """
        found: list[Any] = []
        for rows, data, count in self._batches(items):
            blob = b"".join((*rows, *data))
            answered = self._opened.call(self.export, self.signature.shape, blob, count, fresh=fresh)
            found += self.lift(answered)
            if answered.error is not None:
                answered.error.args = (f"item {len(found)}: {answered.error}",)
                raise answered.error
        return found

    @property
    def text(self) -> str:
        """The function in one line, safe to show."""
        return self.signature.text

    @property
    def note(self) -> str:
        """What a list of functions says besides."""
        trouble = self.signature.trouble
        return f"cannot be called: {trouble}" if trouble else self.signature.doc

    def __repr__(self) -> str:
        return f"<function {self.signature.text} of {visible(self._opened.guest.name)}>"

    def fitting(self, item: Any) -> Function:
        """Return the function with types that fit the items of a map, of which this is the first."""
        del item
        return self

    def lower(self, item: Any) -> tuple[bytes, bytes]:
        """Return an item of a map, an argument or a tuple of them, as a row, and the bytes that go after all rows.

        Raises
        ------
        UsageError
            When it is not what the function takes.
        """
        args = (item,) if len(self.signature.params) == 1 and not isinstance(item, tuple) else item
        if not isinstance(args, tuple | list):
            raise UsageError(f"{self.signature.text} takes a tuple of its arguments for each item")
        row, data = self._lower(self._in_order(args, {}))
        return row, b"".join(data)

    def _in_order(self, args: Sequence[Any], named: dict[str, Any]) -> Sequence[Any]:
        """Return the arguments by position.

        Raises
        ------
        UsageError
            When there are too many or too few, or one that has another name.
        """
        signature = self.signature
        if signature.trouble:
            raise UsageError(f"{visible(signature.name)} cannot be called: {signature.trouble}")
        if named:
            try:
                args = signature.python().bind(*args, **named).args
            except TypeError as error:
                raise UsageError(f"{signature.text}: {error}") from None
        if len(args) != len(signature.params):
            takes = counted(len(signature.params), "argument")
            raise UsageError(f"{signature.text} takes {takes}, and here are {len(args)}")
        return args

    def _lower(self, args: Sequence[Any]) -> tuple[bytes, list[bytes | memoryview]]:
        """Return arguments as a row, and the bytes that go after all rows, where they lie."""
        values: list[Any] = []
        data: list[bytes | memoryview] = []
        for name, type_, value in zip(self.signature.names, self.signature.params, args, strict=True):
            try:
                raw = type_.lower(value)
            except UsageError as error:
                _let_go(data)
                raise UsageError(f"{visible(self.signature.name)}: {visible(name)} {error}") from None
            if type_.core in BYTES:
                data.append(raw)
                raw = len(raw)
            values.append(raw)
        return row_format(self.signature.shape.params).pack(*values), data

    def _batches(self, items: Iterable[Any]) -> Iterable[tuple[list[bytes], list[bytes], int]]:
        """Yield rows and their bytes, as many as may cross together."""
        rows: list[bytes] = []
        data: list[bytes] = []
        size = 0
        for index, item in enumerate(items):
            try:
                row, more = self.lower(item)
            except UsageError as error:
                raise UsageError(f"item {index}: {error}") from None
            rows.append(row)
            data.append(more)
            size += len(row) + len(more)
            if size > _AT_ONCE:
                yield rows, data, len(rows)
                rows, data, size = [], [], 0
        if rows:
            yield rows, data, len(rows)

    def lift(self, answered: Answered) -> list[Any]:
        """Return the results of calls; they come from the guest's process, so their form is checked first.

        Raises
        ------
        WorkerDied
            When they are not of that form; the process is ended.
        """
        shape, types = self.signature.shape, self.signature.results
        form = row_format(shape.results)
        end = form.size * answered.count
        if len(answered.blob) < end:
            raise self._liar()
        lifts = [type_.lift for type_ in types]
        if not any(kind in BYTES for kind in shape.results):
            if len(answered.blob) != end:
                raise self._liar()
            if not lifts:
                return [None] * answered.count
            rows = form.iter_unpack(answered.blob)  # as many as were counted, since the length is right
            if len(lifts) == 1:
                lift = lifts[0]
                return [lift(raw) for (raw,) in rows]
            return [tuple(lift(raw) for lift, raw in zip(lifts, row, strict=True)) for row in rows]
        blob = memoryview(answered.blob)
        lengths = [length for (length,) in form.iter_unpack(blob[:end])]
        return self._parts(blob, end, lengths)

    def _parts(self, blob: memoryview, at: int, lengths: list[int]) -> list[Any]:
        """Return the results that are bytes, each of them copied once."""
        (type_,) = self.signature.results
        if at + sum(lengths) != len(blob) or any(length % type_.size for length in lengths):
            raise self._liar()
        found = []
        for length in lengths:
            found.append(type_.lift(blob[at : at + length]))
            at += length
        return found

    def _liar(self) -> SsvmError:
        self._opened.close()
        return WorkerDied(BAD_ANSWER)


def _let_go(data: Iterable[bytes | memoryview]) -> None:
    """Let go of views of arrays: an error keeps the frames that it came through, and what is viewed cannot grow."""
    for part in data:
        if isinstance(part, memoryview):
            part.release()


def _doc(signature: Signature, guest: str) -> str:
    head = f"{signature.text}, a function of the guest {visible(guest)}."
    more = [signature.trouble and f"It cannot be called: {signature.trouble}.", signature.doc]
    hint = "With fresh=True the call gets an instance of its own; .map([…]) calls it for many arguments at once."
    return "\n\n".join(part for part in (head, *more, hint) if part)
