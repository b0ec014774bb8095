"""What the store keeps on disk, by kind, and its removal."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel.host import store

__all__ = ["Kept", "bound", "clear", "kept", "size_of"]


@dataclass(frozen=True)
class Kept:
    """What is kept of one kind: its name, how many files, and how many bytes on disk."""

    kind: str
    files: int
    size: int


def kept() -> tuple[Kept, ...]:
    """Return what is kept, by kind, largest first; nothing where the store is off."""
    root = store.root()
    if root is None or not root.is_dir():
        return ()
    found = [Kept(entry.name, *size_of(Path(entry.path))) for entry in os.scandir(root) if entry.is_dir()]
    return tuple(sorted(found, key=lambda item: (-item.size, item.kind)))


def size_of(folder: Path) -> tuple[int, int]:
    """Return the number of files below a folder, and their bytes; what vanishes meanwhile does not count."""
    files = size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += Path(where, name).lstat().st_size
                files += 1
    return files, size


def bound(kind: str) -> None:
    """Remove what a tool keeps in a folder of the store, when that is more than a kind may have.

    The tool knows what its files are, and the store does not: all of them go, and the tool makes anew what it needs.
    """
    top = store.root()
    if top is not None and size_of(top / kind)[1] > store.LIMIT:
        clear([kind])


def clear(kinds: Sequence[str]) -> int:
    """Remove what is kept of some kinds, and return how many bytes that were.

    Each kind goes aside under another name first, in one step: who looks for an entry then finds it whole or not at
    all.  Files that an engine has mapped stay usable until it lets go of them.
    """
    root = store.root()
    freed = 0
    for item in kept():
        if root is not None and item.kind in kinds:
            aside = Path(tempfile.mkdtemp(prefix=".gone-", dir=root))
            with contextlib.suppress(OSError):  # another kernel clears it too
                (root / item.kind).rename(aside / item.kind)
                freed += item.size
            shutil.rmtree(aside, ignore_errors=True)
    return freed
