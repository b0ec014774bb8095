"""Temporary folders of ours, and the end of those that a killed kernel left behind.

Their names hold the number of the process that made them.  They are removed when nobody can need them any more: the
process is gone, and a day has passed, because a container may share the folder and not show its processes.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

__all__ = ["prefix_of", "sweep"]

_NAME: Final = re.compile(r"ssvm-[a-z]+-(\d{1,10})-[a-z0-9_]{8}")
_DAY: Final = 86_400.0
_MOST: Final = 100
"""Folders that one sweep removes: a kernel that ends must not be kept by it."""


def prefix_of(kind: str) -> str:
    """Return how the name of a temporary folder of this process begins.

    Parameters
    ----------
    kind : str
        What it is for, in lower-case letters: ``"cwd"``.
    """
    return f"ssvm-{kind}-{os.getpid()}-"


def sweep(age: float = _DAY) -> int:
    """Remove folders that processes left which are gone, and return how many.

    Parameters
    ----------
    age : float
        Seconds since the last change in it.
    """
    removed = 0
    if not (hasattr(os, "geteuid") and shutil.rmtree.avoids_symlink_attacks):
        return removed
    with contextlib.suppress(OSError):
        for entry in os.scandir(tempfile.gettempdir()):
            name = _NAME.fullmatch(entry.name)
            if name is not None and _is_left(entry, int(name[1]), age):
                shutil.rmtree(entry.path, ignore_errors=True)
                removed += not Path(entry.path).exists()
                if removed >= _MOST:
                    break
    return removed


def _is_left(entry: os.DirEntry[str], maker: int, age: float) -> bool:
    """Tell whether a folder is this person's own, and nobody's any more."""
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700
    return own and time.time() - found.st_mtime > age and not _runs(maker)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is somebody else's
        return True
    return True
