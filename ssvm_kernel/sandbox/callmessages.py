"""The messages between kernel and worker about a guest whose functions are called."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ssvm_kernel.sandbox.facts import Attempt, Message, TrapInfo

__all__ = [
    "MOST_ITEMS",
    "MOST_VALUES",
    "CallComponent",
    "CallExport",
    "Describe",
    "Described",
    "Memory",
    "MemoryPart",
    "Opened",
    "Renew",
    "Renewed",
    "Returned",
    "Shape",
    "most_bytes",
]

MOST_VALUES: Final = 32 << 20
"""Bytes of the plain data that one answer of a component may be, where it is texts and rows of numbers."""
MOST_ITEMS: Final = 4 << 20
"""The same for lists of other things: as Python's objects their items are up to three hundred times as much (X05)."""
_NUMBERS: Final = frozenset(["s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64"])


def most_bytes(tree: Any) -> int:
    """Return how many bytes of plain data values of a type may be.

    Parameters
    ----------
    tree : object
        The type, as `ssvm_kernel.sandbox.components.tree` gives it.
    """
    return MOST_ITEMS if _has_items(tree) else MOST_VALUES


def _has_items(tree: Any) -> bool:
    """Tell whether there is a list in a type whose items are more than a number, a text, or a row of numbers."""
    if tree is None or isinstance(tree, str):
        return False
    kind, parts = tree
    if kind == "list":
        return not isinstance(parts, str) and not (parts[0] == "list" and str(parts[1]) in _NUMBERS)
    if kind == "option":
        return _has_items(parts)
    if kind == "tuple":
        return any(map(_has_items, parts))
    return kind in ("record", "variant", "result") and any(_has_items(of) for _, of in parts)


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """How values become the arguments of an exported function, and its results become values.

    Parameters
    ----------
    params : tuple of str
        For each value ``i32``, ``i64``, ``f32`` or ``f64``; ``pair`` for bytes that are passed as address and count,
        ``packed`` for both in one i64, ``split`` for an integer of 64 bits in two i32.
    results : tuple of str
        The types of its results; or one of ``packed``, ``pair`` (two results) and ``returned`` (address and length lie
        where the first argument says) for bytes, and ``returned64`` for an integer of 64 bits that lies there.
    sizes : tuple of int
        For each value that is bytes, the bytes of one element; and one more for the result.
    allocate, free : str
        The functions by which the guest gives and takes back memory.
    alignment : int
        What they are told besides address and size; 0: nothing.
    lends : bool
        Whether the memory of arguments is taken back after the call; otherwise that is the function's affair.
    stack : str
        The function that makes room for `returned`; without one it is at `at`.
    at : int
        A fixed address for what is `returned`.
    """

    params: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    allocate: str = ""
    free: str = ""
    alignment: int = 0
    lends: bool = False
    stack: str = ""
    at: int = 0


class CallExport(Message, frozen=True):
    """To the worker: call an exported function, once for each of `count` rows of arguments in the blob.

    A row is eight bytes for each value, its number or how many bytes it has; those bytes follow after all rows, in the
    same order.  The answer's blob has the same form.

    Parameters
    ----------
    function : str
        Which.
    shape : Shape
        What its values are.
    count : int
        Rows.
    fresh : bool
        Whether each call gets an instance of its own; otherwise the one that is kept, which the first call makes.
    """

    function: str
    shape: Shape
    count: int = 1
    fresh: bool = False


class Memory(Message, frozen=True):
    """To the worker: read `length` bytes at `offset` of the kept instance's memory, or write the blob there."""

    offset: int
    length: int
    write: bool = False


class Renew(Message, frozen=True):
    """To the worker: let go of the kept instance; the next call makes a new one."""


class Describe(Message, frozen=True):
    """To the worker: tell which functions the kept component exports."""


class CallComponent(Message, frozen=True):
    """To the worker: call a function of the kept component, once for each list of arguments in the blob.

    Values are plain data in msgpack: records and tuples as lists, a case as its name and payload, a list of numbers as
    the bytes of its elements, little-endian, a resource as a number.

    Parameters
    ----------
    path : tuple of str
        The function's name, after that of the interface that it is in.
    fresh : bool
        As in `CallExport`.
    released : tuple of int
        Resources of the kept instance that nobody has any more.
    """

    path: tuple[str, ...]
    fresh: bool = False
    released: tuple[int, ...] = ()


class Described(Message, frozen=True):
    """From the worker: in the blob, each function's path, parameters and result, the types as plain data."""


class Opened(Message, frozen=True):
    """From the worker: the guest's functions can be called."""


class Returned(Message, frozen=True):
    """From the worker: calls are over; the results are in the blob.

    Parameters
    ----------
    count : int
        Calls that returned; fewer than were asked for when one of them ended the instance.
    exit_code : int or None
        The status by which the guest ended its instance.
    trap : TrapInfo or None
        The trap that ended it.
    memory_bytes : int
        Size of its memory.
    attempts, more_attempts, no_folders
        As in `Finished`, since the last answer.
    """

    count: int
    exit_code: int | None = None
    trap: TrapInfo | None = None
    memory_bytes: int = 0
    attempts: tuple[Attempt, ...] = ()
    more_attempts: int = 0
    no_folders: bool = False


class MemoryPart(Message, frozen=True):
    """From the worker: what was read is in the blob; the size of all of the memory.

    Parameters
    ----------
    size : int
        Bytes of it, 0 where there is none.
    exit_code, trap
        As in `Returned`, where the guest ended its instance as it began: then there is no memory.
    """

    size: int
    exit_code: int | None = None
    trap: TrapInfo | None = None


class Renewed(Message, frozen=True):
    """From the worker: there is no kept instance any more."""
