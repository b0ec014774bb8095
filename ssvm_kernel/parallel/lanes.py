"""The locked workers that a process keeps for maps, each with what decides for its guest."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from ssvm_kernel.broker import CommandBroker
from ssvm_kernel.capabilities.dangers import check_grants
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.host.ceilingfile import load_ceiling
from ssvm_kernel.host.display import NOT_GRANTED
from ssvm_kernel.host.process import CommandReply
from ssvm_kernel.host.resolve import special_folders
from ssvm_kernel.host.shelf import GuestEnd
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.parallel.policy import FrozenBook, FrozenFile
from ssvm_kernel.parallel.tasks import Setting, encoder
from ssvm_kernel.sandbox.caller import Caller
from ssvm_kernel.sandbox.job import Job, preopens_of
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.protocol import CommandCall, Lock
from ssvm_kernel.sandbox.starter import lasting
from ssvm_kernel.sandbox.workerprocess import Worker

__all__ = ["Lane", "LanePool", "Talk"]

_MOST_IDLE: Final = 8


class _Workers(WorkerPool):
    """Starts a worker for each who takes one; none is kept."""

    def take_new(self, domain: str, lock: Lock) -> Worker:
        worker = lasting(Worker)
        worker.domain = domain
        try:
            worker.lock(lock)  # what keeps it from being locked keeps all items from being run
        except BaseException:
            worker.kill()
            raise
        return worker


class Talk(Protocol):
    """What a guest whose functions are called prints and wants."""

    def printed(self, stream: int, data: bytes) -> None:
        """Take what it printed to its first stream, or its second."""

    def command(
        self, call: CommandCall, stdin: bytes, wait: Wait, guest: GuestEnd, answer: Callable[[CommandReply], None]
    ) -> None:
        """See `ssvm_kernel.sandbox.job.CommandHandler`."""

    def poll(self) -> float | None:
        """Look whether the calls are still wanted."""


class _Switch:
    """An open guest's output and commands, which go to another batch each time."""

    now: Talk

    def stdout(self, data: bytes) -> None:
        self.now.printed(0, data)

    def stderr(self, data: bytes) -> None:
        self.now.printed(1, data)

    def display(self, mime: bytes, data: bytes) -> int:
        del mime, data
        return NOT_GRANTED

    def poll(self) -> float | None:
        return self.now.poll()

    def flush(self) -> None:
        """Do nothing: all is kept."""

    def command(
        self, call: CommandCall, stdin: bytes, wait: Wait, guest: GuestEnd, answer: Callable[[CommandReply], None]
    ) -> None:
        self.now.command(call, stdin, wait, guest, answer)


class Lane:
    """One locked worker for one guest with one policy, and the broker that decides for it.

    Parameters
    ----------
    setting : Setting
        Guest, policy and limits.
    wasm : bytes
        The module.

    Raises
    ------
    GrantError
        When something that is granted must not be granted on this machine.
    """

    def __init__(self, setting: Setting, wasm: bytes) -> None:
        grants = setting.policy.grants()
        check_grants(grants, special_folders() if grants.folders else ())
        ceiling = load_ceiling()
        if ceiling is not None:
            ceiling.check(grants)
        limits = setting.limits
        self.grants = grants
        self.ledger = Ledger()
        self.broker = CommandBroker(
            FrozenBook(setting.policy), NobodyDecider(), self.ledger, FrozenFile(setting.policy)
        )
        self.job = Job(
            wasm=wasm,
            sha256=setting.sha256,
            engine=limits.engine,
            argv=(setting.name, *setting.args),
            env=tuple((grant.name, grant.value) for grant in grants.env),
            preopens=preopens_of(grants.folders),
            memory_bytes=limits.memory_bytes,
            table_elements=limits.table_elements,
            stack_bytes=limits.stack_bytes,
            fuel=limits.fuel,
        )
        self._talk = _Switch()
        self._worker: Worker | None = None
        self._caller: Caller | None = None

    def worker(self) -> Worker:
        """Return its worker, a new one where the last has ended."""
        if self._worker is not None and not self._worker.alive:
            self._worker.kill()  # gives its socket back
            self._worker = None
        if self._worker is None:
            self._worker = _Workers().take_new(self.job.domain, self.job.lock)
        return self._worker

    def caller(self, talk: Talk) -> Caller:
        """Return what calls functions, in a worker of its own; a new one where the last has ended.

        Parameters
        ----------
        talk : Talk
            Takes what the guest prints and wants from now on.
        """
        self._talk.now = talk
        if self._caller is None or not self._caller.alive:
            self._caller = Caller(_Workers(), self.job, self._talk, self._talk.command)
        return self._caller

    def stop(self) -> None:
        """End its workers from another thread than that which uses them; that one learns so."""
        for one in (self._worker, self._caller):
            if one is not None:
                one.stop()

    def close(self) -> None:
        """End its workers."""
        if self._worker is not None:
            self._worker.kill()
        if self._caller is not None:
            self._caller.close()
        self._worker = self._caller = None
        self.broker.close()


class LanePool:
    """Lanes that are kept for the next batch of the same guest with the same policy.

    Parameters
    ----------
    most_idle : int
        Lanes that are kept.
    """

    def __init__(self, most_idle: int = _MOST_IDLE) -> None:
        self._most = most_idle
        self._lock = threading.Lock()
        self._idle: list[tuple[str, Lane]] = []
        self._closed = False

    @contextmanager
    def borrow(self, setting: Setting, wasm: bytes) -> Iterator[Lane]:
        """Lend a lane to the body; it is kept when the body ends in order.

        Raises
        ------
        GrantError
            See `Lane`.
        """
        key = hashlib.sha256(encoder.encode(setting)).hexdigest()
        lane = self._take(key) or Lane(setting, wasm)
        try:
            yield lane
        except BaseException:
            lane.close()
            raise
        self._keep(key, lane)

    def close(self) -> None:
        """End the workers of all lanes that nobody has, and of the others when they are given back."""
        self._closed = True
        self.end_idle()

    def end_idle(self) -> None:
        """End the workers of all lanes that nobody has, from any thread."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, lane in idle:
            lane.close()

    def _take(self, key: str) -> Lane | None:
        with self._lock:
            for index in reversed(range(len(self._idle))):
                if self._idle[index][0] == key:
                    return self._idle.pop(index)[1]
        return None

    def _keep(self, key: str, lane: Lane) -> None:
        with self._lock:
            if self._closed:
                lane.close()
                return
            self._idle.append((key, lane))
            over = self._idle[: -self._most]
            self._idle = self._idle[-self._most :]
        for _, old in over:
            old.close()
