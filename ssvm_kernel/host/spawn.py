"""The one module of the project that starts a process.

Three kinds, and nothing else: a command that a guest was allowed to run, a tool of ours (a compiler) that runs for the
person, and the worker that holds a guest.  All get a session of their own, so that a whole group can be ended; none
gets a shell, an inherited descriptor or an inherited environment (attacks P07, P09, P24).

`subprocess.Popen` starts them: with these arguments CPython uses ``vfork`` and ``exec``, so a large kernel process
costs nothing, and it closes descriptors and reports ``exec`` errors, which ``os.posix_spawn`` does not.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ssvm_kernel.capabilities.approved import ApprovedCommand

__all__ = ["ToolResult", "kill_group", "run_tool", "spawn", "start_worker"]


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[None]:
    """Hold back SIGINT for the body, so that a process is never started and then forgotten."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held and callable(before):
            before(*held[0])


def spawn(approved: ApprovedCommand) -> subprocess.Popen[bytes]:
    """Start an approved command, with pipes for its three streams.

    Parameters
    ----------
    approved : ApprovedCommand
        What was checked and shown; nothing else can be started for a guest.

    Returns
    -------
    subprocess.Popen
        Leader of its own session and process group. ``stdin`` is None when there is nothing to feed.

    Raises
    ------
    OSError
        As ``exec`` reports it.
    """
    command = approved.command
    with deferred_interrupt():
        return subprocess.Popen(
            command.argv,
            executable=os.fsencode(command.program.path),
            env=dict(command.env),
            cwd=command.cwd,
            stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            close_fds=True,
            start_new_session=True,
        )


def start_worker(argv: Sequence[str], env: Mapping[str, str], pass_fds: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start a worker process that holds only the descriptors `pass_fds`.

    Its stdout and stderr go nowhere: all that it has to say comes over its socket.
    """
    with deferred_interrupt():
        return subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=True,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )


@dataclass(frozen=True)
class ToolResult:
    """How a tool ended: exit status (negative for a signal), its two outputs, and seconds taken."""

    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float


def run_tool(argv: Sequence[str], *, cwd: str, env: Mapping[str, str], timeout: float = 120.0) -> ToolResult:
    """Run a compiler or another tool of ours to its end, in its own process group.

    Parameters
    ----------
    argv : sequence of str
        ``argv[0]`` is an absolute path.
    cwd : str
        Working folder.
    env : mapping
        The whole environment.
    timeout : float
        Seconds until the group is killed.

    Raises
    ------
    subprocess.TimeoutExpired
        After `timeout` seconds.
    KeyboardInterrupt
        When the person interrupts; the group is gone by then.
    """
    started = time.monotonic()
    with deferred_interrupt():
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            close_fds=True,
            start_new_session=True,
        )
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except BaseException:
        kill_group(process)
        raise
    return ToolResult(process.returncode, stdout, stderr, time.monotonic() - started)


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill the whole group of `process` and reap its leader.

    The leader is reaped last: while it is a zombie its number cannot be given to another process.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
