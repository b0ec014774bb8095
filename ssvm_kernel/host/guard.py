"""Ending a command when this process is killed in the middle of it: a kernel that is killed runs no code of ours.

A worker ends with its kernel, because it asked the system for that before it was locked; a command cannot be made to
ask without a step of our own between ``fork`` and ``exec``.  So a process beside the kernel knows of it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from ssvm_kernel.host import guardian
from ssvm_kernel.host.spawn import kill_group, start_worker

__all__ = ["GUARD", "Guard"]


class Guard:
    """Tells a process beside this one which groups to kill when this one is gone; starts it when it is first needed.

    Attributes
    ----------
    fileno : int
        Our end of the pipe to it, -1 while there is none.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.fileno = -1
        self._groups: set[int] = set()
        # Of a map's threads two may be the first at once, and one of two processes would be lost.  Reentrant: what ends
        # the process beside this one (`atexit`, a signal's handler) may interrupt what tells it something.
        self._lock = threading.RLock()

    @property
    def pid(self) -> int | None:
        """The number of the process beside this one."""
        return self._process.pid if self._process is not None else None

    def add(self, group: int) -> None:
        """Have a group killed when this process ends before `forget`."""
        with self._lock:
            self._groups.add(group)
            self._tell(group)

    def forget(self, group: int) -> None:
        """Leave a group alone from now on; to be called while its number cannot be another's yet."""
        if group in self._groups:  # no lock for the many that were never told of
            with self._lock:
                self._groups.discard(group)
                self._tell(-group)

    def close(self) -> None:
        """End the process beside this one."""
        with self._lock:
            if self._process is not None:
                os.close(self.fileno)
                kill_group(self._process)
                self._process, self.fileno = None, -1

    def begin_anew(self) -> None:
        """Have nothing of the parent's in a forked process: its commands and its guard are not ours to end.

        Nor is there anybody who gives the copy of a lock back that another thread held.
        """
        self._lock = threading.RLock()
        self._groups = set()
        if self._process is not None:
            self._process.returncode = 0  # no child of this process: nobody is to wait for it
            self._process = None
        if self.fileno >= 0:
            with contextlib.suppress(OSError):
                os.close(self.fileno)
            self.fileno = -1

    def _tell(self, number: int) -> None:
        if self._process is not None and self._process.poll() is not None:
            self.close()  # somebody ended it
        # No process to be had, or one that was stopped: the command runs all the same.
        with contextlib.suppress(OSError):
            numbers = {number}
            if self._process is None:
                self._start()
                numbers = self._groups
            os.write(self.fileno, b"".join(map(guardian.NUMBER.pack, numbers)))

    def _start(self) -> None:
        read, write = os.pipe()
        try:
            script = str(Path(guardian.__file__))
            argv = [sys.executable, "-I", "-S", script, str(read), str(os.getpid())]
            self._process = start_worker(argv, {}, [read])
        except BaseException:
            os.close(write)
            raise
        finally:
            os.close(read)
        os.set_blocking(write, False)
        self.fileno = write


GUARD: Final = Guard()
"""The guard of this process."""
atexit.register(GUARD.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=GUARD.begin_anew)
