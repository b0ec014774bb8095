"""Bytes that live in a file which has no name, reached by its descriptor alone."""

from __future__ import annotations

import os

__all__ = ["StoredBytes"]


class StoredBytes:
    """Bytes in an open file, owned by this object: the descriptor is closed with it.

    Parameters
    ----------
    fileno : int
        Descriptor of the file; read by position, so its offset does not matter.
    size : int
        Bytes.
    """

    __slots__ = ("fileno", "size")

    def __init__(self, fileno: int, size: int) -> None:
        self.fileno = fileno
        self.size = size

    def __len__(self) -> int:
        return self.size

    def read_into(self, target: memoryview) -> None:
        """Fill `target` with the first bytes.

        Raises
        ------
        EOFError
            When the file is shorter than that.
        """
        done = 0
        while done < len(target):
            count = os.preadv(self.fileno, [target[done:]], done)
            if count == 0:
                raise EOFError(f"only {done} of {len(target)} bytes are there")
            done += count

    def close(self) -> None:
        """Close the descriptor; the bytes are gone."""
        if self.fileno >= 0:
            fileno, self.fileno, self.size = self.fileno, -1, 0
            os.close(fileno)

    def __del__(self) -> None:
        self.close()
