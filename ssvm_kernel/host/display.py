"""The display interface as a guest sees it: one function, ``ssvm_display.show``, that shows something in the cell.

Not over stdout: what a guest prints can then never be taken for a picture, nor the other way round.  This runs in the
worker, which only passes bytes on; the kernel, which does not trust it, decides whether the guest may show anything and
checks what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import wasmtime

__all__ = [
    "MODULE",
    "NOT_GRANTED",
    "SHOWN",
    "TOO_MUCH",
    "UNKNOWN_TYPE",
    "UNUSABLE",
    "ShowFunction",
    "bind_display_interface",
]

MODULE: Final = "ssvm_display"
SHOWN: Final = 0
"""It is in the cell."""
NOT_GRANTED: Final = 1
"""The guest may not show anything."""
UNKNOWN_TYPE: Final = 2
"""It is of no type that is shown."""
TOO_MUCH: Final = 3
"""It is too large, or there was too much before it."""
UNUSABLE: Final = 4
"""It is not what its type says, or holds what no such thing may."""

_MOST_TYPE_BYTES: Final = 200
_MOST_BYTES: Final = 64 << 20
_PATIENCE: Final = 100
"""Refusals after which the kernel is not asked any more: a guest may try without end."""

ShowFunction: TypeAlias = Callable[[bytes, bytes], int]


def bind_display_interface(linker: wasmtime.Linker, show: ShowFunction) -> None:
    """Define ``show(type, type_size, data, data_size) -> code``.

    Parameters
    ----------
    linker : wasmtime.Linker
        Where to define it; it is then for one instance.
    show : callable
        Gets type and data and returns a code; blocks until the kernel has answered.
    """
    from ssvm_kernel.host.hostfunc import GuestMemory, define_raw  # loads the engine

    memory = GuestMemory()
    refused = 0

    def call(caller: int, type_at: int, type_size: int, at: int, size: int) -> int:
        nonlocal refused
        if type_size > _MOST_TYPE_BYTES:
            return UNKNOWN_TYPE
        kind, small = memory.read(caller, type_at, type_size), size <= _MOST_BYTES
        data = memory.read(caller, at, size) if small else b""
        if refused >= _PATIENCE or not small:
            return TOO_MUCH
        code = show(kind, data)
        refused += code != SHOWN
        return code

    define_raw(linker, MODULE, "show", ["i32"] * 4, ["i32"], call)
