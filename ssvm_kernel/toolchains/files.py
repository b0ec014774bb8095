"""Names that a cell may be kept under, for later cells to include: ``%%ssvm c --file shapes.h``."""

from __future__ import annotations

import re
from typing import Final

from ssvm_kernel.errors import UsageError

__all__ = ["check_name"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+", re.ASCII)
_LONGEST: Final = 100
_OURS: Final = "cell."  # the cell itself and what is made of it
# From these a tool takes orders: which compiler to run, where to fetch from, what to start.
_ORDERS: Final = frozenset(
    {
        "asconfig.json",
        "build.rs",
        "build.zig",
        "build.zig.zon",
        "cargo.lock",
        "cargo.toml",
        "clippy.toml",
        "go.mod",
        "go.sum",
        "go.work",
        "module.modulemap",
        "package-lock.json",
        "package.json",
        "rust-toolchain.toml",
        "tsconfig.json",
    }
)


def check_name(name: str) -> str:
    """Return the name, when a file may have it.

    Raises
    ------
    UsageError
        When it is no plain file name (a path, a hidden file, one without an ending), or has a meaning for a tool.
    """
    if not _PLAIN.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(
            f"a file of the session cannot be called {name!r}: --file takes a name like shapes.h, of letters, digits, "
            "_ and -, without a folder"
        )
    if name.lower().startswith(_OURS):
        raise UsageError(f"a file of the session cannot be called {name!r}: that is the name of the cell itself")
    if name.lower() in _ORDERS:
        raise UsageError(f"a file of the session cannot be called {name!r}: compilers take their orders from it")
    return name
