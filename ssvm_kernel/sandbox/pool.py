"""Warm worker processes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.starter import lasting
from ssvm_kernel.sandbox.workerprocess import Worker

__all__ = ["WorkerPool"]


class WorkerPool:
    """Keeps one worker warm, and the last one used for as long as the same guest comes again."""

    def __init__(self) -> None:
        self._spare: Worker | None = None
        self._last: Worker | None = None
        self._sparing = threading.RLock()

    def warm(self) -> None:
        """Start the spare worker if there is none; returns at once, the worker warms up by itself."""
        with self._sparing:
            if self._spare is not None and not self._spare.alive:
                self._spare.kill()  # gives its socket back
                self._spare = None
            if self._spare is None:
                self._spare = lasting(Worker)

    def begin(self) -> None:
        """Start the first worker if there never was one; `take` sees to those that ended since."""
        if self._spare is None:
            self.warm()

    def take(self, domain: str, lock: protocol.Lock) -> Worker:
        """Return a worker for one trust domain, locked to it; the caller gives it back or kills it."""
        last, self._last = self._last, None
        if last is not None:
            if last.domain == domain and last.alive:
                return last
            last.kill()
        return self.take_new(domain, lock)

    def take_last(self, domain: str, key: str) -> Worker | None:
        """Return the worker that was used last, if that was for this trust domain and it has the module `key`.

        It may have ended since; sending to it tells.
        """
        last = self._last
        if last is None or last.domain != domain or key not in last.loaded:
            return None
        self._last = None
        return last

    def holds(self, domain: str) -> bool:
        """Whether the next worker for a trust domain is one that has been used for it."""
        return self._last is not None and self._last.domain == domain and self._last.alive

    def take_new(self, domain: str, lock: protocol.Lock) -> Worker:
        """Return a worker as `take`, which nobody else has or gets: the caller ends it."""
        with self._sparing:
            self.warm()
            assert self._spare is not None
            worker, self._spare = self._spare, None
        worker.domain, worker.held = domain, lock
        try:
            worker.send(lock)
        except BaseException:
            worker.kill()
            raise
        return worker

    def give_back(self, worker: Worker) -> None:
        """Keep a worker whose run ended in order, instead of one that came back before (from a subshell)."""
        worker.pipes.prepare()
        last, self._last = self._last, worker
        if last is not None and last is not worker:
            last.kill()

    def end_idle(self, holds: Callable[[protocol.Lock], bool]) -> None:
        """End the worker that waits for its guest to come again if it holds something; from any thread.

        A guest that has taken its process over goes on in it after its run (X33).
        """
        last = self._last
        if last is not None and last.held is not None and holds(last.held):
            last.stop()

    def probe(self) -> protocol.Locked:
        """Lock a new worker that has no folder, end it, and return what held it.

        Raises
        ------
        WorkerDied
            When it could not be locked.
        """
        worker = Worker()
        try:
            return worker.lock(protocol.Lock((), 2 << 30))
        finally:
            worker.kill()

    def close(self) -> None:
        """End all workers."""
        for worker in (self._spare, self._last):
            if worker is not None:
                worker.kill()
        self._spare = self._last = None
