"""The memory of a guest's kept instance, read and written from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssvm_kernel.errors import UsageError

if TYPE_CHECKING:
    from ssvm_kernel.calls import OpenGuest

__all__ = ["Memory"]


class Memory:
    """A guest's memory.  It is in the guest's own process: all that is read or written is copied.

    Parameters
    ----------
    opened : OpenGuest
        The guest.
    """

    def __init__(self, opened: OpenGuest) -> None:
        self._opened = opened

    @property
    def size(self) -> int:
        """Its size now, bytes; it may grow with every call."""
        return self._opened.memory(0, 0)[0]

    def __len__(self) -> int:
        return self.size

    def read(self, offset: int, length: int) -> bytes:
        """Return a copy of `length` bytes at `offset`.

        Raises
        ------
        UsageError
            When they are not all inside the memory.
        """
        return self._opened.memory(_natural("offset", offset), _natural("length", length))[1]

    def write(self, offset: int, data: Any) -> None:
        """Copy bytes, or an array's bytes, to `offset`.

        Raises
        ------
        UsageError
            When there is no room for them there.
        """
        try:
            raw = bytes(memoryview(data))
        except (TypeError, BufferError):
            raise UsageError(f"memory takes bytes or an array, and not {type(data).__name__}") from None
        self._opened.memory(_natural("offset", offset), len(raw), raw)

    def array(self, dtype: Any, offset: int, count: int) -> Any:
        """Return `count` elements at `offset` as a NumPy array: a copy, which later calls do not change.

        Parameters
        ----------
        dtype : data-type
            Of the elements; the guest's numbers are little-endian.
        offset, count : int
            Where, bytes, and how many.

        Raises
        ------
        UsageError
            When they are not all inside the memory.
        """
        import numpy as np

        kind = np.dtype(dtype).newbyteorder("<")
        if kind.hasobject:
            raise UsageError("a guest has no Python objects in its memory")
        raw = self.read(offset, _natural("count", count) * kind.itemsize)
        return np.frombuffer(bytearray(raw), dtype=kind)

    def __repr__(self) -> str:
        return f"<memory of {self.size:,} bytes>"


def _natural(what: str, value: Any) -> int:
    if not hasattr(value, "__index__") or value.__index__() < 0:
        raise UsageError(f"{what} is a number of bytes or elements from 0 on, and not {value!r:.40}")
    return int(value.__index__())
