"""A guest that is open for calls: what was granted to it, the worker that has it, and what the end of a call means."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from ssvm_kernel.capabilities.folders import effective_folders
from ssvm_kernel.capabilities.grants import Grant, GrantBook
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.connections import Connections
from ssvm_kernel.display.notice import Item, notice
from ssvm_kernel.display.streams import GuestStreams
from ssvm_kernel.ending import raise_for
from ssvm_kernel.errors import BAD_ANSWER, DeniedError, GuestExit, GuestInterrupted, SsvmError, UsageError, WorkerDied
from ssvm_kernel.exhibits import Exhibits
from ssvm_kernel.guest import Guest
from ssvm_kernel.lent import Lent
from ssvm_kernel.opens import missed_paths
from ssvm_kernel.options import RunTraits
from ssvm_kernel.result import RunResult
from ssvm_kernel.runtime import Prepared, Runtime
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.caller import Caller, checked
from ssvm_kernel.sandbox.job import Outcome
from ssvm_kernel.sandbox.wire import MAX_BLOB_FROM_WORKER, Blob

__all__ = ["Answered", "OpenGuest"]

_LISTED: Final = 20
_RELEASED: Final = 100_000
"""Resources that are let go of with one call."""
_TOLD: Final = 1000
"""Things that a guest did not get and that were told: it may try others without end (attack X05)."""
Answer = TypeVar("Answer", bound=protocol.FromWorker)


@dataclass(frozen=True)
class Answered:
    """What came of calls.

    Parameters
    ----------
    count : int
        Calls that returned.
    blob : bytes
        Their results, as rows; from the guest's process, so it is not trusted.
    error : SsvmError or None
        What ended the call after them.
    """

    count: int
    blob: bytes
    error: SsvmError | None = None


class OpenGuest:
    """A guest whose functions can be called; opened by the first call.

    Parameters
    ----------
    runtime : Runtime
        What runs guests.
    book : GrantBook
        The session's grants.
    guest : Guest
        What is called.
    options : RunTraits
        What is granted to it, and its limits.
    cell : str
        The cell that opened it, for prompts and the ledger.
    """

    def __init__(self, runtime: Runtime, book: GrantBook, guest: Guest, options: RunTraits, cell: str = "") -> None:
        self.guest = guest
        self.options = options
        self._runtime = runtime
        self._book = book
        self._cell = cell
        self._held = _Held()
        self._ended = ""
        self._told: set[str] = set()
        self.released: list[int] = []
        """Resources of a component that nobody has any more; its process is told with the next call."""
        self._lock = threading.Lock()
        self._caller_thread = 0
        weakref.finalize(self, self._held.close).atexit = False

    def call(
        self, function: str, shape: protocol.Shape, rows: Blob, count: int = 1, *, fresh: bool = False
    ) -> Answered:
        """Call an exported function, once for each row.

        Parameters
        ----------
        function : str
            Its name.
        shape : Shape
            How values are passed.
        rows : bytes, or parts of them
            The arguments; see `ssvm_kernel.sandbox.callmessages.CallExport`.
        count : int
            Rows.
        fresh : bool
            Whether each call gets an instance of its own, instead of the one that is kept.

        Raises
        ------
        GuestInterrupted
            When the person interrupted; the kept instance is gone.
        UsageError, LoadError, LimitReached, WorkerDied
            When it cannot be called.
        """
        message = protocol.CallExport(function, shape, count, fresh)
        return self._answered(self._ask(message, rows, protocol.Returned, fresh=fresh), count)

    def _answered(self, answer: tuple[protocol.Returned, bytes], count: int) -> Answered:
        returned, blob = answer
        try:
            checked(returned, count)
        except WorkerDied:
            self._held.close()
            raise
        return Answered(returned.count, blob, self._error_of(returned))

    def describe(self) -> bytes:
        """Return what functions a component exports; from the guest's process, so it is not trusted."""
        return self._ask(protocol.Describe(), b"", protocol.Described, fresh=True)[1]

    def call_component(self, path: tuple[str, ...], rows: bytes, count: int, *, fresh: bool = False) -> Answered:
        """Call a component's function, once for each list of arguments; see `call`."""
        if not self._held.alive:
            self.released.clear()  # they were of a process that is gone
        released = tuple(self.released[:_RELEASED])
        del self.released[: len(released)]
        message = protocol.CallComponent(path, fresh, released)
        return self._answered(self._ask(message, rows, protocol.Returned, fresh=fresh), count)

    def memory(self, offset: int, length: int, data: bytes | None = None) -> tuple[int, bytes]:
        """Read a part of the kept instance's memory, or write one; return the memory's size and what was read.

        Raises
        ------
        UsageError
            When there is no such part, or it is too large to be handed over at once.
        GuestExit, GuestTrap, LimitReached
            When the guest ended its instance as that began.
        WorkerDied
            When the guest's process answered something else; it is ended.
        """
        if length > MAX_BLOB_FROM_WORKER:
            most = MAX_BLOB_FROM_WORKER >> 20
            raise UsageError(f"at most {most} MiB of a memory at once: read or write it in parts")
        message = protocol.Memory(offset, length, data is not None)
        part, blob = self._ask(message, data or b"", protocol.MemoryPart)
        if part.trap is not None or part.exit_code is not None:
            ended = self._error_of(protocol.Returned(0, part.exit_code, part.trap))
            raise ended or UsageError(f"{visible(self.guest.name)} ended as it began, so it has no memory")
        if len(blob) != (length if data is None else 0):
            self._held.close()
            raise WorkerDied(BAD_ANSWER)
        return part.size, blob

    def renew(self) -> None:
        """Let go of the kept instance; the next call makes a new one."""
        if self._held.caller is not None and self._held.caller.alive:
            self._ask(protocol.Renew(), b"", protocol.Renewed)

    def close(self) -> None:
        """End the worker; the next call starts another one."""
        self._held.close()

    def _ask(
        self, message: protocol.ToWorker, blob: Blob, kind: type[Answer], *, fresh: bool = False
    ) -> tuple[Answer, bytes]:
        """Ask the guest's process; one question at a time, whichever thread asks."""
        with self._turn():
            return self._ask_now(message, blob, kind, fresh=fresh)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for other threads; what runs inside a call of this guest cannot call it: it waits itself."""
        me = threading.get_ident()
        if self._caller_thread == me:
            raise UsageError(f"{visible(self.guest.name)} is being called, and its answer has not come yet")
        with self._lock:
            self._caller_thread = me
            self._held.is_called = True
            try:
                yield
            finally:
                self._caller_thread = 0
                self._held.is_called = False
                self._held.on_revoked()

    def _ask_now(
        self, message: protocol.ToWorker, blob: Blob, kind: type[Answer], *, fresh: bool
    ) -> tuple[Answer, bytes]:
        prepared = self._prepared()
        is_new = not self._held.alive
        if self._ended and not fresh:
            prepared.notice(f"a new instance of {visible(self.guest.name)} begins, without the state of {self._ended}")
            self._ended = ""
        exhibits = Exhibits(prepared, self._runtime.ledger)
        streams = GuestStreams(prepared.surface, self.options.output_limit, show=exhibits.show)
        self._held.output.streams = streams
        prepared.context.begin()
        if self._held.connections is not None:
            self._held.connections.begin()
        try:
            answer = self._caller(prepared).ask(message, blob, kind, prepared.deadline())
        except KeyboardInterrupt:
            self._ended = "the one that was interrupted"
            name = visible(self.guest.name)
            raise GuestInterrupted(f"the call of {name} was interrupted, and its instance is gone") from None
        except Exception as error:
            if not self._held.alive:
                self._ended = "the one whose process is gone"
            if self._held.lent is not None and isinstance(error, WorkerDied):
                self._held.lent.check()
            raise
        finally:
            streams.close()
        if is_new:
            self._runtime.pool.warm()  # the next guest finds one ready
        returned = answer[0]
        if isinstance(returned, protocol.Returned) and not fresh and _has_ended(returned):
            self._ended = "the one that ended"  # also where it was denied something, which is told in its place
        self._check_denials(prepared)
        return answer

    def _prepared(self) -> Prepared:
        lost = self._taken_back()
        if lost:
            self._held.close()
            self._ended = f"the one that had a {lost} which was taken back"
        if self._held.prepared is None:
            taken = self._held.taken
            self._held.prepared = Prepared(self._book, self.guest, self.options, (), self._cell, taken)
            self._held.lent = self._held.prepared.lent()
        return self._held.prepared

    def _taken_back(self) -> str:
        """Return what an instance holds open, for as long as it lives, and is not granted any more (rule 16)."""
        connections = self._held.connections
        if connections is not None and connections.revoked:
            return "connection"
        return self._held.lent.lost if self._held.lent is not None else ""

    def _caller(self, prepared: Prepared) -> Caller:
        if self._held.caller is None or not self._held.caller.alive:
            handler = self._runtime.broker.handler(prepared.context)
            job = prepared.job(self.options.engine)
            if job.network:
                decides = self._runtime.broker.connections
                self._held.connect(Connections(decides, prepared.context, self._held.on_revoked))
            self._held.caller = Caller(self._runtime.pool, job, self._held.output, handler, self._held.connections)
            if self._held.lent is not None:
                self._held.lent.begin(self._held.caller.stop)
        return self._held.caller

    def _check_denials(self, prepared: Prepared) -> None:
        """Raise for what was refused during a call: the guest was told so, and its answer may be wrong for it."""
        denials = prepared.context.denials
        if not denials:
            return
        name, distinct = visible(self.guest.name), dict.fromkeys(denials[:_LISTED])
        how = f'Grants of a guest that is called are given when it is opened: ssvm["{name}"].open(…)'
        if self.options.no_raise or self.options.deny_all:
            items = [Item(f"{denial.what or denial.verb}: {denial.reason}", denial.grant_line) for denial in distinct]
            self._tell(prepared, f"{name} was denied this", items, how)
            return
        lines = [line for denial in distinct for line in denial.lines(name)]
        if len(denials) > _LISTED:
            lines.append(f"… and {len(denials) - _LISTED:,} more; the ledger has them")
        raise DeniedError("\n".join([*lines, how]))

    def _tell(self, prepared: Prepared, title: str, items: Iterable[Item], last: str = "") -> None:
        """Show a list of what was refused, each item in the first call that it comes up in."""
        new = [item for item in items if item.text not in self._told]
        if new and len(self._told) < _TOLD:
            self._told.update(item.text for item in new)
            prepared.surface.show(notice(title, [*new, Item(last)] if last else new))

    def _error_of(self, returned: protocol.Returned) -> SsvmError | None:
        """Return what the end of an instance means, after showing which files it did not get."""
        prepared = self._prepared()
        attempts = returned.attempts[: protocol.MOST_ATTEMPTS]
        missed = missed_paths(attempts, effective_folders(prepared.grants.folders)) if attempts else ()
        items = [Item(f"{path.path}: {path.why}", path.grant_line) for path in missed if path.refused]
        self._tell(prepared, f"{visible(self.guest.name)} did not get these files", items)
        if not _has_ended(returned):
            return None
        if returned.exit_code is not None:
            return GuestExit(returned.exit_code)
        outcome = Outcome(None, returned.trap, 0.0, 0.0, 0.0, 0.0, 0.0, returned.memory_bytes, self.options.engine)
        try:
            raise_for(RunResult(outcome, (), ()), self.options, self.guest)
        except SsvmError as error:
            return error
        return None


def _has_ended(returned: protocol.Returned) -> bool:
    """Whether a call ended its instance."""
    return returned.trap is not None or returned.exit_code is not None


class _Output:
    """Where the guest's output goes now: each call belongs to the cell that makes it."""

    streams: GuestStreams

    def stdout(self, data: bytes) -> None:
        self.streams.stdout(data)

    def stderr(self, data: bytes) -> None:
        self.streams.stderr(data)

    def display(self, mime: bytes, data: bytes) -> int:
        return self.streams.display(mime, data)

    def poll(self) -> float | None:
        return self.streams.poll()

    def flush(self) -> None:
        self.streams.flush()


class _Held:
    """What an open guest holds, apart from it, so that it is let go when nobody has the guest any more."""

    def __init__(self) -> None:
        self.prepared: Prepared | None = None
        self.caller: Caller | None = None
        self.connections: Connections | None = None
        self.lent: Lent | None = None
        self.taken: tuple[Grant, ...] = ()
        """Grants of the options that were taken back: no later instance gets them, until the guest is opened anew."""
        self.is_called = False
        self.output = _Output()

    @property
    def alive(self) -> bool:
        return self.caller is not None and self.caller.alive

    def on_revoked(self) -> None:
        """End the worker, from any thread, when a connection of it was taken back; during a call that learns of it."""
        caller, connections = self.caller, self.connections
        if caller is not None and connections is not None and connections.revoked and not self.is_called:
            caller.stop()

    def connect(self, connections: Connections) -> None:
        """Hold what decides for a new worker, in the place of that for the last one."""
        if self.connections is not None:
            self.connections.close()
        self.connections = connections

    def close(self) -> None:
        caller, self.caller = self.caller, None
        prepared, self.prepared = self.prepared, None
        connections, self.connections = self.connections, None
        lent, self.lent = self.lent, None
        if lent is not None:
            lent.close()
        if caller is not None:
            caller.close()
        if connections is not None:
            connections.close()
        if prepared is not None:
            self.taken = (*self.taken, *prepared.taken_back())
            prepared.__exit__()
