"""The items of a map: what of them travels, and what their results are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from ssvm_kernel.errors import BAD_ANSWER, UsageError, WorkerDied
from ssvm_kernel.parallel.tasks import Batch, Calls, MapRun, TaskResult
from ssvm_kernel.sandbox.callmessages import Shape
from ssvm_kernel.sandbox.manymessages import Given

__all__ = ["CallWork", "Codec", "RunWork", "Work"]

_MOST_BYTES: Final = 32 << 20
"""Bytes of items that travel together."""


class Codec(Protocol):
    """A function of a guest: how values become rows, and rows values.

    Attributes
    ----------
    name : str
        The function's name.
    shape : Shape
        How its values are passed.
    """

    name: str
    shape: Shape

    def lower(self, item: Any) -> tuple[bytes, bytes]:
        """Return an item's row, and the bytes that go after all rows."""

    def lift(self, count: int, blob: bytes) -> list[Any]:
        """Return the results in an answer."""


class Work(Protocol):
    """All items of one map."""

    items: Sequence[Any]

    def batch(self, begin: int, end: int) -> tuple[Batch, int]:
        """Return a batch of items from `begin`, and where it ends: no later than `end`."""

    def results(self, result: TaskResult, count: int) -> tuple[list[Any], list[tuple[int, MapRun]]]:
        """Return the values of a batch, and of those items that did not end just well which they are, and how."""


class RunWork:
    """Runs of a guest: an item is its further arguments, its stdin, or both.

    Parameters
    ----------
    items : sequence
        Each a str (one argument), bytes (its stdin), a list or tuple of str (arguments), or a dict with ``args`` and
        ``stdin``.
    stdin : bytes
        What those read that bring no stdin themselves.

    Raises
    ------
    UsageError
        For anything else.
    """

    def __init__(self, items: Sequence[Any], stdin: bytes = b"") -> None:
        self.items = items
        self._stdin = stdin
        self._given = [_given(number, item, stdin) for number, item in enumerate(items)]

    def batch(self, begin: int, end: int) -> tuple[Batch, int]:
        """See `Work`."""
        end = begin + _fitting(len(given.stdin) + sum(map(len, given.args)) for given in self._given[begin:end])
        return Batch(tuple(self._given[begin:end])), end

    def results(self, result: TaskResult, count: int) -> tuple[list[Any], list[tuple[int, MapRun]]]:
        """See `Work`."""
        runs = list(result.runs)
        if len(runs) != count:
            raise WorkerDied(BAD_ANSWER)
        return runs, [(offset, run) for offset, run in enumerate(runs) if run.exit_code != 0 or run.denials]


class CallWork:
    """Calls of one function, each in a fresh instance: an item is its argument, or a tuple of its arguments.

    Parameters
    ----------
    items : sequence
        The arguments.
    codec : Codec
        The function.

    Raises
    ------
    UsageError
        When an item is not what the function takes.
    """

    def __init__(self, items: Sequence[Any], codec: Codec) -> None:
        self.items = items
        self._codec = codec
        self._rows = [_lowered(codec, number, item) for number, item in enumerate(items)]

    def batch(self, begin: int, end: int) -> tuple[Batch, int]:
        """See `Work`."""
        end = begin + _fitting(len(data) for _, data in self._rows[begin:end])
        part = self._rows[begin:end]
        blob = b"".join((*(row for row, _ in part), *(data for _, data in part)))
        return Batch(calls=Calls(self._codec.name, self._codec.shape, end - begin, blob)), end

    def results(self, result: TaskResult, count: int) -> tuple[list[Any], list[tuple[int, MapRun]]]:
        """See `Work`."""
        values = [value for number, blob in result.rows for value in self._codec.lift(number, blob)]
        for offset in result.failed:  # rising, so each is put where it belongs among those before it
            values.insert(offset, None)
        if len(values) != count or not all(0 <= offset < count for offset in result.failed):
            raise WorkerDied(BAD_ANSWER)
        marred = [*zip(result.failed, result.runs, strict=True)]
        marred += [(offset, MapRun(0, denials=denials)) for offset, denials in result.refused if 0 <= offset < count]
        return values, marred


def _fitting(sizes: Iterable[int]) -> int:
    """Return how many items of these sizes, in bytes, travel together: one at least, however large it is."""
    total = count = 0
    for size in sizes:
        total += size
        if total > _MOST_BYTES and count:
            break
        count += 1
    return count


def _lowered(codec: Codec, number: int, item: Any) -> tuple[bytes, bytes]:
    try:
        return codec.lower(item)
    except UsageError as error:
        raise UsageError(f"item {number}: {error}") from None


def _given(number: int, item: Any, stdin: bytes) -> Given:
    args: Any = ()
    if isinstance(item, str):
        args = (item,)
    elif isinstance(item, bytes | bytearray | memoryview):
        stdin = bytes(item)
    elif isinstance(item, dict) and not item.keys() - {"args", "stdin"}:
        args, given = item.get("args", ()), item.get("stdin", stdin)
        args = (args,) if isinstance(args, str) else args
        stdin = given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given
    elif isinstance(item, list | tuple):
        args = item
    else:
        raise _unusable(number, item)
    if not isinstance(stdin, bytes) or not isinstance(args, list | tuple) or not all(map(_is_word, args)):
        raise _unusable(number, item)
    return Given(tuple(args), stdin)


def _is_word(word: Any) -> bool:
    """Tell whether something can be an argument: text of UTF-8 without NUL."""
    return isinstance(word, str) and "\0" not in word and not any("\ud800" <= sign <= "\udfff" for sign in word)


def _unusable(number: int, item: Any) -> UsageError:
    shown = repr(item)[:60]
    return UsageError(
        f"item {number}, {shown}, is nothing that a run can be given: a str is an argument, bytes are its stdin, "
        "a list of str is its arguments, and {'args': …, 'stdin': …} is both"
    )
