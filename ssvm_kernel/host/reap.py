"""Ending a process with its whole group, and taking its status, without ever signalling a stranger.

A process number is free for others once its process is reaped.  So the group is killed first, while the leader is still
there, be it as a zombie, and the leader is reaped last.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Final

from ssvm_kernel.host.child import Process

__all__ = ["WAIT_FAILED", "end_group", "has_ended"]

WAIT_FAILED: Final = -1000
"""Return code of a process whose status somebody else took (a SIGCHLD that is ignored, another library's wait)."""
_DYING: Final = 5.0  # seconds; a killed process may hang in a network file system, and we must not hang with it


def has_ended(process: Process) -> bool:
    """Tell whether a process has ended, without reaping it where the system can do that."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):  # macOS before Python 3.13: its number is free for an instant before its group ends
        return _reap(process) and _kill(process.pid)
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        process.returncode = WAIT_FAILED
        return True


def end_group(process: Process, *, ended: bool = False) -> None:
    """Kill whatever is left of the process's group, then take the process's own status into its ``returncode``.

    `ended` is whether `has_ended` has just told so.

    The status stays None when the process does not die within five seconds, or may not be killed by us.  Nothing is
    killed when the status was taken by somebody else: the number may be another process's by now.
    """
    if not ended:
        has_ended(process)
    if process.returncode is not None:
        return
    _kill(process.pid)
    if _reap(process):
        return
    deadline = time.monotonic() + _DYING
    pause = 0.0002
    while not _reap(process) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, 0.02)


def _reap(process: Process) -> bool:
    """Take the status if the process has ended."""
    try:
        pid, status = os.waitpid(process.pid, os.WNOHANG)
    except ChildProcessError:
        process.returncode = WAIT_FAILED
        return True
    if pid == 0:
        return False
    process.returncode = os.waitstatus_to_exitcode(status)
    return True


def _kill(group: int) -> bool:
    try:  # `suppress` takes as long as the call
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return True
    return True
