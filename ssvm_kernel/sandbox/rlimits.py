"""Resource limits of the worker that the operating system keeps, whatever the worker does.

Not here: the number of processes (``RLIMIT_NPROC``).  It counts all that the user runs, threads too, and does not bind
root, so a useful value would stop the engine's own threads on one machine and nothing on another.  The system call
filter refuses new processes instead.

The address space (``RLIMIT_AS``) is no useful cap either: wasmtime 50 reserves 4.1 GiB of it for each memory, so 9 GiB
are the least for two of them, whatever they touch.  ``RLIMIT_DATA`` counts private memory that can be written: a worker
with a WASI hello has 40 MiB of it, a memory's pages are added as it grows, and at the limit ``memory.grow`` answers -1,
as the guest expects.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

if sys.platform != "win32":
    import resource

__all__ = ["ResourceLimits", "apply_rlimits"]


@dataclass(frozen=True)
class ResourceLimits:
    """Limits of one worker process; None leaves a limit as it was inherited.

    Parameters
    ----------
    open_files : int
        Descriptors.
    data_bytes : int or None
        Private memory that can be written, of guest, engine and Python together. Linux 4.7 and later.
    file_bytes : int or None
        Size of any one file that is written, memory files of the engine included; beyond it, writing fails.
    cpu_seconds : int or None
        Processor time of all threads together; beyond it, the process is killed.
    """

    open_files: int = 256
    data_bytes: int | None = None
    file_bytes: int | None = None
    cpu_seconds: int | None = None


def apply_rlimits(limits: ResourceLimits) -> tuple[tuple[str, int], ...]:
    """Lower this process's limits, soft and hard, so that it cannot raise them again.

    Core dumps and locked memory are always off: a core file would hold the guest's secrets, and land where nobody
    granted a file.

    Parameters
    ----------
    limits : ResourceLimits
        What to set; a limit that is lower already stays.

    Returns
    -------
    tuple of (str, int)
        What is in force now, by the limit's name; nothing on Windows.

    Raises
    ------
    OSError
        When the system refuses.
    """
    if sys.platform == "win32":
        return ()
    wanted = {
        "CORE": 0,
        "MEMLOCK": 0,
        "NOFILE": limits.open_files,
        "DATA": limits.data_bytes,
        "FSIZE": limits.file_bytes,
        "CPU": limits.cpu_seconds,
    }
    in_force = []
    for name, value in wanted.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is None or value is None:
            continue
        hard = resource.getrlimit(number)[1]
        lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (lowered, lowered))
        in_force.append((name.lower(), lowered))
    return tuple(in_force)
