"""Names for what the host keeps for a guest: numbers that mean nothing anywhere else.

SSVM handed out its own pointers, and a guest could send back any other (attack T01).  A number here is looked up in a
table of that one run, and a made-up one finds nothing.
"""

from __future__ import annotations

import itertools
from typing import Generic, TypeVar

__all__ = ["Handles", "TooMany"]

Item = TypeVar("Item")


class TooMany(Exception):
    """The table is full."""


class Handles(Generic[Item]):
    """A table of things by number; 0 is none, and no number comes twice.

    Parameters
    ----------
    most : int
        Most things at one time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: dict[int, Item] = {}
        self._next = itertools.count(1)

    def add(self, item: Item) -> int:
        """Keep something and return its number.

        Raises
        ------
        TooMany
            When there are too many already.
        """
        if len(self._items) >= self._most:
            raise TooMany(f"there are {self._most} already")
        number = next(self._next)
        self._items[number] = item
        return number

    def get(self, number: int) -> Item | None:
        """Return what a number stands for, or None."""
        return self._items.get(number)

    def pop(self, number: int) -> Item | None:
        """Forget what a number stands for, and return it."""
        return self._items.pop(number, None)

    def discard_where(self, unwanted: object) -> None:
        """Forget all pairs whose first item is `unwanted`."""
        gone = [number for number, item in self._items.items() if isinstance(item, tuple) and item[0] is unwanted]
        for number in gone:
            del self._items[number]
