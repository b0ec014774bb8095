"""Beginning a guest before all of its cell has been looked at: what the same cell came to the last time.

From the request to a guest's first instruction Python parses the cell, keeps it in the history, and looks up options,
compiler, module and grants, which takes longer than a small guest.  A worker can be on its way meanwhile.

That a guest begins is all that is decided early.  Only one that is granted nothing begins so: it cannot do anything
that outlives it, and what it asks for waits until it is known.  The run takes it over when its job turns out to be the
very same, and otherwise ends its process, with all that it printed unseen (X24).
"""

from __future__ import annotations

import select
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from ssvm_kernel.errors import WorkerDied
from ssvm_kernel.sandbox.exchange import Streams, read_once
from ssvm_kernel.sandbox.job import Job, Output
from ssvm_kernel.sandbox.pipes import OutputPipes
from ssvm_kernel.sandbox.pool import Worker, WorkerPool

__all__ = ["Begun", "HeadStarts", "send_plain"]

_KEPT: Final = 8
_LARGEST: Final = 8 << 20
"""Bytes of a module; a larger one takes long enough to run."""
_MOMENT: Final = 1
"""Milliseconds; whoever prints nothing for longer is no slower for it, since the guest runs meanwhile."""


@dataclass
class Begun:
    """A job that its worker has.

    Parameters
    ----------
    typed : hashable
        The cell.
    job : Job
        What it came to the last time.
    worker : Worker
        Where it runs.
    pipes : OutputPipes
        What it prints to; the ends that are written to are closed.
    output : Output or None
        Who has taken what it printed so far.
    """

    typed: Hashable
    job: Job
    worker: Worker
    pipes: OutputPipes
    output: Output | None = None

    def look(self, output: Output) -> None:
        """Give `output` what it prints at first; wait a moment for that, unless it wants something else or ends."""
        self.output = output
        streams: Streams = {self.pipes.out_read: output.stdout, self.pipes.err_read: output.stderr}
        ready = select.poll()
        for fd in (*streams, self.worker.fileno()):
            ready.register(fd, select.POLLIN)
        for fd, _ in ready.poll(_MOMENT):
            if fd in streams:
                read_once(fd, streams)
        output.poll()

    def drop(self) -> None:
        """End it, unseen."""
        self.worker.kill()
        self.pipes.close_reading()


class HeadStarts:
    """Jobs by what was typed, and those that have begun; each thread has its own, since subshells run cells too.

    Parameters
    ----------
    pool : WorkerPool
        Whose last worker may go ahead.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._jobs: OrderedDict[Hashable, tuple[Job, bool]] = OrderedDict()
        self._begun: dict[int, Begun] = {}

    def learn(self, typed: Hashable, job: Job | None, *, named: bool) -> None:
        """Keep what a cell came to, for when it runs again.

        Parameters
        ----------
        typed : hashable
            The cell.
        job : Job or None
            What it came to; None when that cannot begin by itself.
        named : bool
            Whether its guest has a name of its own, and not that of the running cell.
        """
        self._jobs.pop(typed, None)
        if job is None or not _is_plain(job):
            return
        self._jobs[typed] = job, named
        if len(self._jobs) > _KEPT:
            self._jobs.popitem(last=False)

    def begin(self, typed: Hashable, name: str) -> None:
        """Begin what a cell came to the last time, if its worker is there and has the module.

        Parameters
        ----------
        typed : hashable
            The cell.
        name : str
            The guest's name, where the cell gives it none.
        """
        known = self._jobs.get(typed)
        if known is None or threading.get_ident() in self._begun:
            return
        job, named = known
        if not named:
            job = job.called(name)
        worker = self._pool.take_last(job.domain, job.machine_code_key)
        if worker is None:
            return
        try:
            pipes = worker.pipes.take()
        except OSError:  # no descriptors are left; the run itself will say so
            self._pool.give_back(worker)
            return
        begun = Begun(typed, job, worker, pipes)
        try:
            send_plain(worker, job, pipes)
        except WorkerDied:
            pipes.close_reading()
            return
        except BaseException:
            begun.drop()
            raise
        self._begun[threading.get_ident()] = begun

    @property
    def begun(self) -> Begun | None:
        """What has begun on this thread."""
        return self._begun.get(threading.get_ident())

    def take(self, job: Job | None) -> Begun | None:
        """Return what has begun, when it is this very job; anything else that has begun is ended."""
        begun = self._begun.pop(threading.get_ident(), None)
        if begun is None or begun.job == job:
            return begun
        self._jobs.pop(begun.typed, None)
        begun.drop()
        return None

    def close(self) -> None:
        """End all that has begun."""
        while self._begun:
            self._begun.popitem()[1].drop()


def send_plain(worker: Worker, job: Job, pipes: OutputPipes) -> None:
    """Send a job without stdin whose module the worker has; our copies of the pipes' write ends are closed.

    Raises
    ------
    WorkerDied
        When the worker has ended.
    """
    run = job.request(machine_code=False, stdin=False, ask=False, call=None, measured=False)
    try:
        worker.send(run, fds=[pipes.out_write, pipes.err_write])
    finally:
        pipes.close_writing()


def _is_plain(job: Job) -> bool:
    """Tell whether a job is a run of a command without anything granted to it."""
    asks = job.preopens or job.env or job.extras or job.stdin is not None
    return not (asks or job.call or job.measured or job.profiled or job.is_component) and len(job.wasm) <= _LARGEST
