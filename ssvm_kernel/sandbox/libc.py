"""Calls into the C library that Python has no name for, with errors raised as `OSError`.

Landlock, seccomp and capabilities have no wrapper in the standard library.  The PyPI packages for them are young, and
one starts a process (``ldconfig``) on its first call; three system calls are less to trust than a dependency that
runs inside the lock.
"""

from __future__ import annotations

import ctypes
import functools
import os
from typing import Any, Final

__all__ = ["keep_freed_memory", "libc_call", "prctl", "syscall"]

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 64 << 20
_KEPT: Final = 256 << 20


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)  # the C library this process already runs on, glibc or musl


def syscall(number: int, *arguments: Any) -> int:
    """Make one system call.

    Parameters
    ----------
    number : int
        The call's number on this processor.
    *arguments : int or ctypes object
        Integers are passed as C ``long``, None as a null pointer; pointers come as ctypes objects.

    Returns
    -------
    int
        What the kernel answered.

    Raises
    ------
    OSError
        With the kernel's ``errno``.
    """
    function = _libc().syscall
    function.restype = ctypes.c_long
    # a plain int would be passed as a 32-bit int, and the call reads 64 bits
    return _checked(function(ctypes.c_long(number), *map(_as_argument, arguments)))


def libc_call(name: str, *arguments: Any) -> int:
    """Call one function of the C library that returns an int, negative for an error.

    Raises
    ------
    OSError
        With its ``errno``.
    """
    return _checked(getattr(_libc(), name)(*arguments))


def prctl(option: int, argument: int = 0) -> int:
    """Ask for or set one attribute of this process.

    Parameters
    ----------
    option : int
        A ``PR_`` number.
    argument : int
        Its first argument; the others are 0.

    Returns
    -------
    int
        What the kernel answered.

    Raises
    ------
    OSError
        With the kernel's ``errno``.
    """
    return libc_call("prctl", option, *(ctypes.c_ulong(value) for value in (argument, 0, 0, 0)))


def keep_freed_memory() -> None:
    """Let glibc keep up to 256 MiB that was freed for what comes next; other C libraries do as they like.

    By default it gives megabytes back at once, and to find them again, page by page, takes several times as long as to
    fill them.
    """
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)


def _as_argument(value: Any) -> Any:
    if value is None:
        return ctypes.c_void_p(None)
    return ctypes.c_long(value) if isinstance(value, int) else value


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
