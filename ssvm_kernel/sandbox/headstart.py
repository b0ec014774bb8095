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
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from ssvm_kernel.errors import WorkerDied
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.exchange import Streams, read_once
from ssvm_kernel.sandbox.job import Job, Output
from ssvm_kernel.sandbox.pipes import OutputPipes
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.workerprocess import Worker

__all__ = ["Begun", "First", "HeadStarts"]

_KEPT: Final = 8
_LARGEST: Final = 8 << 20
"""Bytes of a module; a larger one takes long enough to run."""
_MOMENT: Final = 1
"""Milliseconds; whoever prints nothing for longer is no slower for it, since the guest runs meanwhile."""


@dataclass
class First:
    """How what a guest prints at first is shown before all else is done for its run.

    Parameters
    ----------
    output : Output
        Takes it; used for one run.
    still : callable
        Tells whether the cell cannot come to anything but this run.
    """

    output: Output
    still: Callable[[], bool]


@dataclass
class _Known:
    """What a cell came to: its job for the next time, the request for it, and how it is shown first."""

    job: Job
    run: protocol.Run
    named: bool
    first: First | None


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
    first : First or None
        What can show what it prints at first.
    output : Output or None
        Who has taken what it printed so far.
    """

    typed: Hashable
    job: Job
    worker: Worker
    pipes: OutputPipes
    first: First | None
    output: Output | None = None

    def look(self) -> None:
        """Show what it prints at first, if it can be."""
        first, self.first = self.first, None
        if first is None or not first.still():
            return
        self.output = first.output
        streams: Streams = {self.pipes.out_read: self.output.stdout, self.pipes.err_read: self.output.stderr}
        if not read_once(self.pipes.out_read, streams):
            self._wait(streams)
        self.output.poll()

    def _wait(self, streams: Streams) -> None:
        """Wait a moment for what is printed first, unless the guest wants more or ends."""
        ready = select.poll()
        for fd in (*streams, self.worker.fileno()):
            ready.register(fd, select.POLLIN)
        for fd, _ in ready.poll(_MOMENT):
            if fd in streams:
                read_once(fd, streams)

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
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()
        self._begun: dict[int, Begun] = {}

    def learn(self, typed: Hashable, job: Job | None, name: str = "", first: First | None = None) -> None:
        """Keep what a cell came to, for when it runs again.

        Parameters
        ----------
        typed : hashable
            The cell.
        job : Job or None
            What it came to; None when that cannot begin by itself.
        name : str
            What its guest will be called in the next cell; empty when it has a name of its own.
        first : First or None
            How what it prints at first may be shown the next time.
        """
        self._known.pop(typed, None)
        if job is None or not _is_plain(job):
            return
        following = job.called(name) if name else job
        run = _request(following)
        self._known[typed] = _Known(following, run, not name, first)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        if following.can_wait:
            self._expect(following, run)

    def _expect(self, job: Job, run: protocol.Run) -> None:
        """Let the worker that has the module get ready for a run."""
        worker = self._pool.take_last(job.domain, job.machine_code_key)
        if worker is None:
            return
        try:
            worker.expect(run)
        except WorkerDied:
            return
        except OSError:
            pass  # no descriptors are left; what comes next will say so
        except BaseException:
            worker.kill()
            raise
        self._pool.give_back(worker)

    def begin(self, typed: Hashable, name: str) -> None:
        """Begin what a cell came to the last time, if its worker is there and has the module.

        Parameters
        ----------
        typed : hashable
            The cell.
        name : str
            The guest's name, where the cell gives it none.
        """
        known = self._known.get(typed)
        if known is None or threading.get_ident() in self._begun:
            return
        job, run = known.job, known.run
        if not known.named and job.argv[0] != name:  # other cells ran since
            job = job.called(name)
            run = _request(job)
        worker = self._pool.take_last(job.domain, job.machine_code_key)
        if worker is None:
            return
        first, known.first = known.first, None
        try:
            pipes = worker.start(run)
        except WorkerDied:
            return
        except OSError:  # no descriptors are left; the run itself will say so
            self._pool.give_back(worker)
            return
        except BaseException:
            worker.kill()
            raise
        self._begun[threading.get_ident()] = Begun(typed, job, worker, pipes, first)

    @property
    def begun(self) -> Begun | None:
        """What has begun on this thread."""
        return self._begun.get(threading.get_ident())

    def take(self, job: Job | None) -> Begun | None:
        """Return what has begun, when it is this very job; anything else that has begun is ended."""
        begun = self._begun.pop(threading.get_ident(), None)
        if begun is None or begun.job == job:
            return begun
        self._known.pop(begun.typed, None)
        begun.drop()
        return None

    def close(self) -> None:
        """End all that has begun."""
        while self._begun:
            self._begun.popitem()[1].drop()


def _request(job: Job) -> protocol.Run:
    """Return the request for a job without stdin whose module the worker has."""
    return job.request(machine_code=False, stdin=False, ask=False, call=None, measured=False)


def _is_plain(job: Job) -> bool:
    """Tell whether a job is a run of a command without anything granted to it."""
    asks = job.preopens or job.env or job.extras or job.network or job.stdin is not None
    return not (asks or job.call or job.measured or job.profiled or job.is_component) and len(job.wasm) <= _LARGEST
