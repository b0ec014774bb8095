"""The one module of the project that starts a process.

Three kinds, and nothing else: a command that a guest was allowed to run, a tool of ours (a compiler) that runs for the
person, and the worker that holds a guest.  All get a session of their own, so that a whole group can be ended; none
gets a shell, an inherited descriptor or an inherited environment (attacks P07, P09, P24).

`subprocess.Popen` starts them: with these arguments CPython uses ``vfork`` and ``exec``, so a large kernel process
costs nothing, and it closes descriptors and reports ``exec`` errors, which ``os.posix_spawn`` does not.  Commands and
tools are started by the C function below it where its parameters are known: what `Popen` does around that takes a
fifteenth of a small command's whole time.
"""

from __future__ import annotations

import _posixsubprocess
import _signal  # type: ignore[import-not-found]  # `signal` converts to enum members, at a tenth of a command's time
import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ssvm_kernel.capabilities.approved import ApprovedCommand
from ssvm_kernel.capabilities.model import FileIdentity
from ssvm_kernel.errors import ProgramChanged
from ssvm_kernel.host.capture import Collector
from ssvm_kernel.host.child import Child, Process, Started
from ssvm_kernel.host.interrupts import InterruptGate
from ssvm_kernel.host.pipes import NewPipe
from ssvm_kernel.host.pump import NOTHING, Watch, pump
from ssvm_kernel.host.reap import end_group

__all__ = ["ToolResult", "kill_group", "run_tool", "spawn", "start_tool", "start_worker"]

_TOOL_OUTPUT: Final = 64 * 1024 * 1024
"""Bytes of a compiler's output that are kept; a person reads a few thousand."""
_SIGNALS: Final = tuple(
    int(number) for number in signal.valid_signals() if number not in (signal.SIGPIPE, signal.SIGXFSZ)
)
"""Signals that may be ignored here; the two that Python itself ignores are reset by `subprocess`."""
_IGNORED: Final = int(signal.SIG_IGN)
_FORK_EXEC: Final[Any] = _posixsubprocess.fork_exec
_LAST_PARAMETERS: Final = {11: (None, True), 12: (None, True), 13: (None, True), 14: (None,)}
"""The last of its parameters by Python 3's minor version: no ``preexec_fn``, and that ``vfork`` may be used."""
_STDERR: Final = 2


def spawn(approved: ApprovedCommand, new_pipe: NewPipe = os.pipe) -> Child:
    """Start an approved command; called inside an `InterruptGate`, so that what was started is not forgotten.

    Parameters
    ----------
    approved : ApprovedCommand
        What was checked and shown; nothing else can be started for a guest.
    new_pipe : callable
        Makes its pipes.

    Returns
    -------
    Child
        Leader of its own session and process group, with its three pipes, whose writing ends are held here as well.
        Its stdin is at its end already when the command has nothing to read.

    Raises
    ------
    TypeError
        For anything but an approved command.
    ProgramChanged
        When the file is no longer the one that was approved.
    OSError
        With a ``filename``: as ``exec`` (or entering the working folder) reports it; ``EINVAL`` for what no program can
        be given.  Without one: the system could not start any process.
    """
    if not isinstance(approved, ApprovedCommand):  # a bare request has a command too (attack P31)
        raise TypeError(f"only an ApprovedCommand can be started, not {type(approved).__name__}")
    command = approved.command
    _check_identity(command.program.path, command.program.identity)
    env = dict(command.env)
    if len(env) != len(command.env):
        raise _invalid("a variable is there twice", command.program.path)
    return _start(
        command.argv,
        executable=os.fsencode(command.program.path),
        env=env,
        cwd=command.cwd,
        has_input=bool(command.stdin),
        new_pipe=new_pipe,
    )


def _check_identity(path: str, approved: FileIdentity) -> None:
    """Look at the file just before it is executed (attack P27); nobody with less rights than ours can swap it then."""
    now = os.stat(path)  # noqa: PTH116 - a Path costs more than the call, and this is done for every command
    seen = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
    if seen != (approved.device, approved.inode, approved.size, approved.mtime_ns):
        raise ProgramChanged(f"{path} was changed after it was allowed; nothing was run")


def _start(
    argv: Sequence[bytes] | Sequence[str],
    *,
    executable: bytes | str,
    env: Mapping[Any, Any],
    cwd: str,
    has_input: bool,
    new_pipe: NewPipe = os.pipe,
) -> Child:
    """Start a process with pipes for its three streams."""
    ends: list[int] = []
    ignored = _ignored_signals()
    try:
        for _ in range(3):
            ends += new_pipe()
        stdin, feeder, reader_out, stdout, reader_err, stderr = ends
        for number in ignored:
            signal.signal(number, _do_nothing)
        process = _vfork(argv, executable, env, cwd, (stdin, stdout, stderr), new_pipe) or subprocess.Popen(
            argv,
            executable=executable,
            env=env,
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            close_fds=True,
            start_new_session=True,
        )
    except BaseException as error:
        _close(ends)
        if isinstance(error, ValueError):  # a NUL byte (P15), or "=" in a variable's name
            raise _invalid(str(error), executable) from None
        raise
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
    os.close(stdin)
    child = Child(process, feeder, reader_out, reader_err, (stdout, stderr))
    if not has_input:
        child.close_one("stdin")
    return child


def _vfork(
    argv: Sequence[bytes] | Sequence[str],
    executable: bytes | str,
    env: Mapping[Any, Any],
    cwd: str,
    streams: tuple[int, int, int],
    new_pipe: NewPipe,
) -> Process | None:
    """Start a process exactly as `Popen` would with our arguments; return None when it is for `Popen` to do.

    So it is on a Python whose function may have other parameters, and after any error of ``exec``: nothing has run
    then, and it is `Popen` that knows how to name the error.
    """
    last = _LAST_PARAMETERS.get(sys.version_info.minor)
    if last is None or sys.implementation.name != "cpython":
        return None
    names = [(os.fsencode(name), os.fsencode(value)) for name, value in env.items()]
    if any(b"=" in name for name, _ in names):
        raise ValueError("illegal environment variable name")
    sys.audit("subprocess.Popen", executable, argv, cwd, env)
    ends: tuple[int, ...] = new_pipe()
    heard, said = ends  # the child says what went wrong, or nothing: ``exec`` closes its end
    try:
        if said <= _STDERR:
            return None  # where it would be taken for one of the three streams
        # fmt: off
        pid = _FORK_EXEC(
            tuple(argv), (os.fsencode(executable),), True, (said,), cwd, [name + b"=" + value for name, value in names],
            streams[0], -1, -1, streams[1], -1, streams[2], heard, said,
            True, True, -1, None, None, None, -1, *last,  # a group or user to change to would keep it from using vfork
        )
        # fmt: on
        os.close(said)
        ends = (heard,)
        if os.read(heard, 1):
            os.waitpid(pid, 0)
            return None
        return Started(pid)
    finally:
        _close(ends)


def _close(ends: Sequence[int]) -> None:
    for end in ends:
        os.close(end)


def _invalid(why: str, path: bytes | str) -> OSError:
    return OSError(errno.EINVAL, why, os.fsdecode(path))


def _ignored_signals() -> list[int]:
    """Return the signals that this process ignores (``nohup`` has it ignore SIGHUP) and its children should not.

    ``exec`` keeps ignored signals ignored and resets handled ones: while a process is started they have a handler that
    does nothing.  Python changes handlers on its main thread only, so elsewhere nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        return []
    handlers = list(map(_signal.getsignal, _SIGNALS))
    if _IGNORED not in handlers:
        return []
    return [number for number, handler in zip(_SIGNALS, handlers, strict=True) if handler == _IGNORED]


def _do_nothing(number: int, frame: object) -> None:
    pass


def start_worker(argv: Sequence[str], env: Mapping[str, str], pass_fds: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start a worker process that holds only the descriptors `pass_fds`.

    Its stdout and stderr go nowhere: all that it has to say comes over its socket.  An interrupt may come as soon as
    this returns; a caller that must not lose the process holds an `InterruptGate` around the call.
    """
    with InterruptGate():
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


def run_tool(
    argv: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    timeout: float = 120.0,
    long: tuple[float, Callable[[], None]] | None = None,
) -> ToolResult:
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
    long : tuple of float and callable, or None
        Seconds, and what to call once when it runs for longer than that.

    Raises
    ------
    subprocess.TimeoutExpired
        After `timeout` seconds.
    KeyboardInterrupt
        When the person interrupts; the group is gone by then.
    """
    with InterruptGate() as gate:
        watch = NOTHING if long is None else Watch(long=long[1], long_after=long[0])
        return _run_tool(argv, cwd, env, timeout, gate, watch)


def _run_tool(
    argv: Sequence[str], cwd: str, env: Mapping[str, str], timeout: float, gate: InterruptGate, watch: Watch
) -> ToolResult:
    started = time.monotonic()
    collectors = {"stdout": Collector(_TOOL_OUTPUT), "stderr": Collector(_TOOL_OUTPUT)}
    child = _start(argv, executable=argv[0], env=env, cwd=cwd, has_input=False)
    try:
        in_time = pump(child, b"", collectors, started + timeout, gate, watch)
    finally:
        end_group(child.process)
        child.close()
    if not in_time:
        raise subprocess.TimeoutExpired(list(argv), timeout)
    stdout, stderr = (collectors[name].finish().bytes() for name in ("stdout", "stderr"))
    status = child.process.returncode
    assert status is not None  # it ended by itself
    return ToolResult(status, stdout, stderr, time.monotonic() - started)


def start_tool(argv: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> Child:
    """Start a tool of ours that stays to be asked again; called inside an `InterruptGate`.

    It must end when its stdin does: then it ends with this process, however that ends.

    Parameters
    ----------
    argv : sequence of str
        ``argv[0]`` is an absolute path.
    cwd : str
        Working folder.
    env : mapping
        The whole environment.

    Raises
    ------
    OSError
        When it cannot be started.
    """
    child = _start(argv, executable=argv[0], env=env, cwd=cwd, has_input=True)
    child.release()
    return child


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill the whole group of `process`, reap its leader, and close our ends of its pipes.

    The leader is reaped last: while it is a zombie its number cannot be given to another process.
    """
    end_group(process)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
