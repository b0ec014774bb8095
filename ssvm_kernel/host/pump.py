"""Feeding a process and reading it until it ends, all at once and under one deadline.

One ``poll`` waits for whichever pipe is ready, so neither side can block the other (attacks P16, P36, P37), and nothing
here waits without an end (P17, P22).
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

from ssvm_kernel.errors import WorkerDied
from ssvm_kernel.host.capture import Collector
from ssvm_kernel.host.child import Child, enlarge_pipe
from ssvm_kernel.host.interrupts import InterruptGate
from ssvm_kernel.host.reap import has_ended

__all__ = ["NOTHING", "Watch", "drain", "pump"]

_LONGEST_WAIT: Final = 1.0  # an interrupt in the instant before a wait is then seen at its end
_TICK: Final = 0.005  # where the system cannot tell of a process's end
_WRITE: Final = 1024 * 1024
_PIPE: Final = 64 * 1024  # what it holds when nobody asks for more
_DRAIN: Final = 0.25
_LONG: Final = 0.03  # most commands end sooner, and need not pay for what only the others need


class Watch(NamedTuple):
    """What else to look at while a process runs.

    Parameters
    ----------
    guest : int or None
        A socket to the guest that wants the command; when its other end is gone, nobody needs the command any more.
    readable : mapping of int to callable
        Other descriptors; each callable runs when its descriptor can be read, and may raise to end the command.
    long : callable or None
        Called once when the process runs for longer than most do.
    long_after : float
        Seconds after which that is.
    """

    guest: int | None = None
    readable: Mapping[int, Callable[[], None]] | None = None
    long: Callable[[], None] | None = None
    long_after: float = _LONG


NOTHING: Final = Watch()
"""Nothing else to look at."""


def pump(
    child: Child,
    stdin: bytes,
    collectors: Mapping[str, Collector],
    deadline: float,
    gate: InterruptGate,
    watch: Watch = NOTHING,
) -> bool:
    """Move all bytes until the process has ended and its pipes are closed.

    Parameters
    ----------
    child : Child
        The process.  What becomes of it afterwards, also after an exception, is the caller's duty (`end_group`).
    stdin : bytes
        What to feed it, where `child` has a pipe for that.
    collectors : mapping
        Takers of ``"stdout"`` and ``"stderr"``.
    deadline : float
        When to give up, on the monotonic clock.
    gate : InterruptGate
        Opened while waiting.
    watch : Watch
        What else ends the wait.

    Returns
    -------
    bool
        False when the deadline came first.

    Raises
    ------
    WorkerDied
        When the guest is gone.
    KeyboardInterrupt
        When the person interrupts.
    """
    return _Pump(child, stdin, collectors, deadline, gate, watch).run()


def drain(child: Child, collectors: Mapping[str, Collector]) -> None:
    """Take what is left in the pipes of a killed process.

    Somebody outside its group may hold them and go on writing, so this ends when they are empty for a moment, and after
    a quarter of a second in any case (attack P17).
    """
    deadline = time.monotonic() + _DRAIN
    for name, collector in collectors.items():
        fileno = getattr(child, name)
        if fileno >= 0:
            os.set_blocking(fileno, False)
            with contextlib.suppress(BlockingIOError):
                while time.monotonic() < deadline and collector.read(fileno):
                    pass


class _Pump:
    """State of one pumping.

    What is done with a descriptor that is ready is in a table; each entry gets the events that ``poll`` saw.
    """

    def __init__(
        self,
        child: Child,
        stdin: bytes,
        collectors: Mapping[str, Collector],
        deadline: float,
        gate: InterruptGate,
        watch: Watch,
    ) -> None:
        self._child = child
        self._stdin = memoryview(stdin)
        self._collectors = collectors
        self._previews = [each.preview for each in collectors.values() if each.preview is not None]
        self._deadline = deadline
        self._gate = gate
        self._poll = select.poll()
        self._actions: dict[int, Callable[[int], None]] = {}
        self._open = {"stdout", "stderr"}
        self._ended = False
        self._long = watch.long
        self._long_at = time.monotonic() + watch.long_after
        self._pidfd = -1
        for name in ("stdout", "stderr"):
            self._watch(getattr(child, name), select.POLLIN, partial(self._read, name))
        if child.stdin >= 0:
            os.set_blocking(child.stdin, False)
            if len(stdin) > _PIPE:
                enlarge_pipe(child.stdin)
            self._watch(child.stdin, select.POLLOUT, self._write)
        if watch.guest is not None:
            self._watch(watch.guest, 0, _guest_died)  # hang-up is told without asking
        for fileno, action in (watch.readable or {}).items():
            self._watch(fileno, select.POLLIN, partial(_call, action))

    def run(self) -> bool:
        try:
            self._watch_for_end()
            while self._open or not self._has_ended():
                if not self._turn():
                    return False
        finally:
            self._actions.clear()  # they refer to us: a cycle would keep the process object until some later collection
            self._close_pidfd()
        return True

    def _watch_for_end(self) -> None:
        """Be told of the process's end, and of that of its pipes only then.

        A process that ends closes its pipes one after the other and is not gone yet: to be woken for each of them took
        a twentieth of a short command's whole time.
        """
        self._pidfd = _open_pidfd(self._child.process.pid)
        if self._pidfd >= 0:
            self._watch(self._pidfd, select.POLLIN, self._end)
        else:
            self._child.release()

    def _end(self, _: int) -> None:
        self._ended = has_ended(self._child.process)
        self._poll.unregister(self._pidfd)  # while a grandchild holds the pipes, it would be ready for ever
        self._close_pidfd()
        self._child.release()

    def _has_ended(self) -> bool:
        return self._ended or (self._pidfd < 0 and has_ended(self._child.process))

    def _close_pidfd(self) -> None:
        if self._pidfd >= 0:
            fileno, self._pidfd = self._pidfd, -1
            os.close(fileno)

    def _turn(self) -> bool:
        """Wait for something to be ready and serve it; return False when the time is over."""
        now = time.monotonic()
        left = self._deadline - now
        if left <= 0:
            return False
        # Rounded up, or the last millisecond before the deadline would be a busy loop.
        milliseconds = int(min(left, self._show(now)) * 1000) + 1
        self._gate.open()
        ready = self._poll.poll(milliseconds)
        self._gate.close()
        for fileno, events in ready:
            action = self._actions.get(fileno)
            if action is not None:
                action(events)
        return True

    def _show(self, now: float) -> float:
        """Do what is due; return how many seconds to wait at most."""
        wait = _LONGEST_WAIT if self._open or self._pidfd >= 0 else _TICK
        if self._long is not None:
            if self._long_at <= now:
                long, self._long = self._long, None
                long()
            else:
                wait = min(wait, self._long_at - now)
        for preview in self._previews:
            due = preview.due
            if due is not None:
                if due <= now:
                    preview.flush(now)
                else:
                    wait = min(wait, due - now)
        return wait

    def _watch(self, fileno: int, events: int, action: Callable[[int], None]) -> None:
        self._poll.register(fileno, events)
        self._actions[fileno] = action

    def _unwatch(self, name: str) -> None:
        """Close one of the child's pipes."""
        fileno = getattr(self._child, name)
        self._poll.unregister(fileno)
        del self._actions[fileno]
        self._child.close_one(name)

    def _read(self, name: str, events: int) -> None:
        # We are its only reader: what poll() saw is still there, and the read does not block.
        if not events & select.POLLIN or not self._collectors[name].read(getattr(self._child, name)):
            self._unwatch(name)
            self._open.discard(name)

    def _write(self, _: int) -> None:
        try:
            written = os.write(self._child.stdin, self._stdin[:_WRITE])
        except BlockingIOError:
            return
        except BrokenPipeError:  # the command does not read (P36); that is its business
            written = len(self._stdin)
        self._stdin = self._stdin[written:]
        if not self._stdin:
            self._unwatch("stdin")


def _open_pidfd(pid: int) -> int:
    """Return a descriptor that is readable once the process has ended, or -1 where the system has none."""
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):  # an old kernel, or a sandbox without it
            return os.pidfd_open(pid)
    return -1


def _guest_died(_: int) -> None:
    raise WorkerDied("the guest's process ended while its command ran; the command was stopped")


def _call(action: Callable[[], None], _: int) -> None:
    action()
