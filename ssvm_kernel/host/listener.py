"""System calls of a locked process that wait for our answer (Linux: seccomp user notifications).

What a call's arguments point to lies in the memory of a process that may change it at any time.  So it is copied once,
and the call is carried out here with the copy; the other process is never let go on with a call of its own.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from typing import Final, NamedTuple

__all__ = ["Call", "Listener"]

# struct seccomp_notif, seccomp_notif_resp and seccomp_notif_addfd, and the requests that go with them
_NOTIFICATION: Final = struct.Struct("=QIIiIQ6Q")
_RESPONSE: Final = struct.Struct("=QqiI")
_ADD: Final = struct.Struct("=QIIII")
_ID: Final = struct.Struct("=Q")
_RECEIVE, _SEND, _IS_VALID, _ADD_DESCRIPTOR = 0xC050_2100, 0xC018_2101, 0x4008_2102, 0x4018_2103
_AT: Final = 1


class Call(NamedTuple):
    """One call that waits.

    Parameters
    ----------
    id : int
        Names it for the answer.
    number : int
        Number of the system call.
    args : tuple of int
        Its six arguments, copied by the kernel.
    """

    id: int
    number: int
    args: tuple[int, ...]


class Listener:
    """The calls of one process.

    Parameters
    ----------
    fileno : int
        The descriptor that its filter gave; readable when a call waits.
    memory : int
        Its memory (``/proc/self/mem``, opened by itself before it was locked), so that no right to trace it is needed.
    """

    def __init__(self, fileno: int, memory: int) -> None:
        self._fileno = fileno
        self._memory = memory

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._fileno

    def receive(self) -> Call | None:
        """Return a call that waits, or None when it has gone meanwhile."""
        data = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(self._fileno, _RECEIVE, data, True)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):
                return None
            raise
        id_, _, _, number, _, _, *args = _NOTIFICATION.unpack(data)
        return Call(id_, number, tuple(args))

    def read(self, call: Call, address: int, size: int) -> bytes:
        """Copy from the memory of the process that waits.

        Raises
        ------
        OSError
            When there is nothing, or the call is gone and the memory may be another's.
        """
        try:
            data = os.pread(self._memory, size, address)
        except (OSError, OverflowError):
            data = b""
        fcntl.ioctl(self._fileno, _IS_VALID, _ID.pack(call.id))
        if len(data) < size:
            raise OSError(errno.EFAULT, "nothing is there")
        return data

    def answer(self, call: Call, error: int = 0, value: int = 0) -> None:
        """Let the call return: with `error` (an errno), or with a value; one that has gone is forgotten."""
        if self._fileno < 0:  # closed meanwhile: its process was ended
            return
        try:
            fcntl.ioctl(self._fileno, _SEND, _RESPONSE.pack(call.id, 0 if error else value, -error, 0))
        except OSError as why:
            if why.errno != errno.ENOENT:
                raise

    def give(self, call: Call, fileno: int, at: int | None = None) -> int:
        """Give the process a copy of a descriptor, and return its number there; `at` replaces the one that is there.

        Raises
        ------
        OSError
            When it has gone, or may not have more descriptors.
        """
        flags = 0 if at is None else _AT
        data = bytearray(_ADD.pack(call.id, flags, fileno, at or 0, os.O_CLOEXEC))
        return int(fcntl.ioctl(self._fileno, _ADD_DESCRIPTOR, data, True))

    def close(self) -> None:
        """Give the descriptors back; calls that wait then fail, and so do all later ones."""
        os.close(self._fileno)
        os.close(self._memory)
        self._fileno = self._memory = -1  # the numbers may be another file's from now on
