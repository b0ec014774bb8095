"""The AssemblyScript compiler as a process that stays: to load it takes five times as long as to compile a cell."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ssvm_kernel.host.child import Child
from ssvm_kernel.host.interrupts import InterruptGate
from ssvm_kernel.host.reap import end_group, has_ended
from ssvm_kernel.host.spawn import start_tool
from ssvm_kernel.toolchains._tools import PATIENCE

__all__ = ["ANSWER", "REQUEST", "ask", "stop"]

REQUEST, ANSWER = "cell.request.json", "cell.answer.json"
"""As no file of the session can be called; ``_asc/driver.mjs`` has them too."""

_SAID = 64 * 1024  # bytes of its words that are kept for the report of a crash
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


class _Server:
    """A running compiler.

    Parameters
    ----------
    argv : sequence of str
        What was started.
    child : Child
        Its process and pipes.
    """

    def __init__(self, argv: Sequence[str], child: Child) -> None:
        self.argv = tuple(argv)
        self.child = child
        self.said = b""

    def send(self, folder: str) -> bool:
        """Name a folder with a request; return whether it still listens."""
        try:
            os.write(self.child.stdin, f"{folder}\n".encode())
        except BrokenPipeError:
            return False
        return True

    def await_answer(self, timeout: float, long: Callable[[], None]) -> bool:
        """Return whether it answered; False when it ended instead.

        Raises
        ------
        subprocess.TimeoutExpired
            When it does neither within `timeout` seconds.
        """
        started = time.monotonic()
        poll = select.poll()
        for stream in (self.child.stdout, self.child.stderr):
            poll.register(stream, select.POLLIN)
        told = False
        while True:
            passed = time.monotonic() - started
            if passed > timeout:
                raise subprocess.TimeoutExpired(list(self.argv), timeout)
            if passed > PATIENCE and not told:
                told = True
                long()
            for stream, _ in poll.poll(1000 * min(timeout - passed, PATIENCE)):
                data = os.read(stream, _SAID)
                if stream == self.child.stdout:
                    return bool(data)
                if not data:
                    poll.unregister(stream)
                self.said = (self.said + data)[-_SAID:]

    def end(self) -> str:
        """End its process group, and return what it said at the end."""
        end_group(self.child.process)
        os.set_blocking(self.child.stderr, False)
        with contextlib.suppress(BlockingIOError):  # something else holds the pipe
            self.said = (self.said + os.read(self.child.stderr, _SAID))[-_SAID:]
        self.child.close()
        return self.said.decode(errors="replace").strip()


_running: _Server | None = None
_lock = threading.Lock()


def ask(argv: Sequence[str], folder: Path, *, timeout: float, notice: Callable[[str], None] | None) -> str:
    """Let the compiler answer the request in `folder`.

    Parameters
    ----------
    argv : sequence of str
        What to start, unless it runs already.
    folder : Path
        Where the request is, and the answer will be.
    timeout : float
        Seconds until it is stopped.
    notice : callable or None
        Told when it takes longer than a second.

    Returns
    -------
    str
        Nothing when there is an answer, else what the compiler said before it ended.

    Raises
    ------
    OSError
        When it cannot be started.
    subprocess.TimeoutExpired
        After `timeout` seconds; it is gone by then.
    KeyboardInterrupt
        When the person interrupts; it is gone by then.
    """

    def long() -> None:
        if notice is not None:
            notice("the AssemblyScript compiler is still at work; interrupt to stop it")

    with _lock, InterruptGate() as gate:
        was_there = _running is not None
        for _ in range(2):
            server = _server(argv)
            try:
                sent = server.send(str(folder))
                gate.open()
                answered = sent and server.await_answer(timeout, long)
            except BaseException:
                gate.close()
                _end()
                raise
            gate.close()
            if answered:
                return ""
            said = _end()
            if sent and (folder / ANSWER).exists():
                return ""  # it answered, and went to sleep before it could say so
            if not was_there:
                return said or "it ended without a word"
            was_there = False  # one that stayed had gone to sleep
        raise AssertionError


def stop() -> None:
    """End the compiler, if it runs."""
    with _lock, InterruptGate():
        _end()


def _server(argv: Sequence[str]) -> _Server:
    global _running
    if _running is not None and (_running.argv != tuple(argv) or has_ended(_running.child.process)):
        _end()
    if _running is None:
        env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        _running = _Server(argv, start_tool(argv, cwd=Path(sys.executable).anchor, env=env))
        atexit.register(stop)
    return _running


def _end() -> str:
    global _running
    server, _running = _running, None
    if server is None:
        return ""
    atexit.unregister(stop)
    return server.end()
