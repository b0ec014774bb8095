"""What a Linux process can give up by itself: privileges, capabilities, strangers' descriptors, a life of its own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Collection, Iterable
from pathlib import Path

from ssvm_kernel.sandbox.libc import libc_call, prctl

__all__ = [
    "CAP_DAC_OVERRIDE",
    "close_other_descriptors",
    "die_with_parent",
    "drop_capabilities",
    "forbid_new_privileges",
    "hide_from_other_processes",
    "threads",
]

CAP_DAC_OVERRIDE = 1
"""Root's right to open files of other users."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_STDERR = 2
_CAPABILITY_VERSION_3 = 0x2008_0522


def threads() -> int:
    """Return how many threads this process has."""
    return len(list(Path("/proc/self/task").iterdir()))


def forbid_new_privileges() -> None:
    """Make set-user-ID programs and file capabilities useless to this process, for good."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def hide_from_other_processes() -> None:
    """Keep other processes of the user out of this one's memory and environment, and write no core dumps."""
    prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when the thread that started it ends.

    It is that *thread*, not its process: whoever starts a worker must do it on a thread that stays.

    Parameters
    ----------
    parent : int
        Process number of the one that started this one.

    Raises
    ------
    ProcessLookupError
        When it is gone already.
    """
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above, and no signal will come
        raise ProcessLookupError(f"process {parent} has ended")


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def drop_capabilities(keep: Iterable[int] = ()) -> None:
    """Give up root's separate rights, for good; a process without them is unchanged.

    Parameters
    ----------
    keep : iterable of int
        Numbers below 32 of capabilities to keep if they are there.
    """
    header = _Header(_CAPABILITY_VERSION_3, 0)
    data = (_Data * 2)()
    libc_call("capget", ctypes.byref(header), ctypes.byref(data))
    kept = data[0].permitted & sum(1 << number for number in keep)
    libc_call("capset", ctypes.byref(header), ctypes.byref((_Data * 2)(_Data(kept, kept, 0), _Data(0, 0, 0))))


def close_other_descriptors(keep: Collection[int]) -> None:
    """Close every descriptor except 0, 1, 2 and `keep`."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - pathlib would make an object of each
        if int(name) > _STDERR and int(name) not in keep:
            with contextlib.suppress(OSError):  # the one that listed the folder is closed already
                os.close(int(name))
