"""A map from its call to its results: batches out, results back in the order of the items."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ssvm_kernel.capabilities.grants import Grant, GrantBook
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.measuring import Button
from ssvm_kernel.display.notice import Item, notice
from ssvm_kernel.display.text import PLAIN_COLOURS, leaves_colours
from ssvm_kernel.errors import GrantRevoked, GuestInterrupted, MapError, SsvmError
from ssvm_kernel.host.grantfile import GrantFile
from ssvm_kernel.parallel.senders import Sender
from ssvm_kernel.parallel.tasks import MapRun, Refused
from ssvm_kernel.parallel.verdict import error_of, raised
from ssvm_kernel.parallel.work import Work
from ssvm_kernel.progress import Progress, Stopped
from ssvm_kernel.runtime import Prepared

__all__ = ["Books", "GuestMap"]

_LOOK: Final = 0.2
"""Seconds between two looks whether the person stopped it."""
_AHEAD: Final = 2
"""Batches for each process that are on their way: one that runs, one that waits."""
_FIRST: Final = 16
_GROWTH: Final = 8
_MOST: Final = 10_000
_LISTED: Final = 20
_STOP: Final = Button("Stop", "End the map, as an interrupt does")


class _Sent(NamedTuple):
    """A batch that is on its way."""

    begin: int
    end: int
    with_module: bool


@dataclass(frozen=True)
class Books:
    """What the session keeps: its grants, its ledger, and the grants for always."""

    grants: GrantBook
    ledger: Ledger
    remembered: GrantFile


class GuestMap:
    """One map.

    Parameters
    ----------
    prepared : Prepared
        The guest, with what was granted to it.
    books : Books
        Where what it did is written.
    work : Work
        The items.
    sender : Sender
        The way to where they run.
    grant_ids : frozenset of str
        The grants that it works with; it ends when one of them is taken back (rule 16).
    batch : int
        Items of each batch; 0 finds it out.
    return_exceptions : bool
        Whether an item's error stands in its place, instead of ending the map.
    """

    def __init__(
        self,
        prepared: Prepared,
        books: Books,
        work: Work,
        sender: Sender,
        grant_ids: frozenset[str],
        *,
        batch: int = 0,
        return_exceptions: bool = False,
    ) -> None:
        self._prepared = prepared
        self._books = books
        self._work = work
        self._sender = sender
        self._grant_ids = grant_ids
        self._return_exceptions = return_exceptions
        self._count = len(work.items)
        self._results: list[Any] = [None] * self._count
        self._pace = _Pace(batch, sender, self._count)
        self._pending: dict[Future[Any], _Sent] = {}
        self._next = 0
        self._done = 0
        self._failed: MapError | None = None
        self._refused: dict[Refused, None] = {}
        self._printed: dict[int, tuple[bytes, bytes]] = {}
        self._revoked = threading.Event()

    def run(self) -> list[Any]:
        """Return the results, in the order of the items.

        Raises
        ------
        MapError
            For the first item that failed, unless errors are returned.
        GuestInterrupted
            When the person interrupted; no batch goes on.
        GrantRevoked
            When a grant that it works with was taken back.
        SsvmError
            When the guest cannot be run at all.
        """
        stop_watching = self._books.grants.watch(self._on_revoked)
        try:
            with Progress(self._prepared.surface, "the map did not come to its end", _STOP) as progress:
                self._loop(progress)
                progress.end(self._summary)
        except (KeyboardInterrupt, Stopped):
            words = f"{self._done:,} of {self._count:,} items were done"
            raise GuestInterrupted(
                f"the map of {visible(self._prepared.guest.name)} was interrupted: {words}"
            ) from None
        finally:
            stop_watching()
            self._give_up()
            self._show_printed()
        if self._failed is not None:
            raise self._failed
        self._show_refused()
        return self._results

    def _loop(self, progress: Progress) -> None:
        self._send_more()
        while self._pending:
            done, _ = wait(self._pending, _LOOK, FIRST_COMPLETED)
            for future in done:
                self._take(future)
            if self._revoked.is_set():
                raise GrantRevoked("a grant was taken back, and the map that it was for was ended")
            progress.check()
            progress.tell(self._summary)
            self._send_more()

    def _send_more(self) -> None:
        """Keep all processes busy; once an item has failed, nothing new is begun."""
        while self._next < self._count and self._failed is None and len(self._pending) < _AHEAD * self._sender.lanes:
            begin = self._next
            self._next = self._send(begin, min(self._count, begin + self._pace.size(self._count - begin)))

    def _send(self, begin: int, end: int, *, with_module: bool = False) -> int:
        batch, end = self._work.batch(begin, end)
        self._pending[self._sender.send(batch, with_module=with_module)] = _Sent(begin, end, with_module)
        return end

    def _take(self, future: Future[Any]) -> None:
        sent = self._pending.pop(future)
        begin, count = sent.begin, sent.end - sent.begin
        try:
            result = self._sender.result(future, count)
            if result.needs_module and sent.with_module:
                raise SsvmError("the executor does not keep the guest's module")
            whole = not result.needs_module and result.problem is None
            values, marred = self._work.results(result, count) if whole else ([], [])
        except SsvmError as error:
            for number in range(begin, sent.end):
                self._settle(number, None, error)
            return
        for line in result.ledger:
            self._adopt(line)
        if result.needs_module:
            self._send(begin, sent.end, with_module=True)
            return
        if result.problem is not None:
            raise raised(result.problem)
        self._pace.learn(count, result.seconds)
        self._printed[begin] = result.printed
        self._settle_all(begin, values, marred)

    def _settle_all(self, begin: int, values: list[Any], marred: list[tuple[int, MapRun]]) -> None:
        self._results[begin : begin + len(values)] = values
        for offset, run in marred:
            self._settle(begin + offset, values[offset], self._judge(run))
        self._done += len(values)

    def _judge(self, run: MapRun) -> SsvmError | None:
        self._refused.update(dict.fromkeys(run.denials))
        error = error_of(run, self._prepared)
        if error is not None:
            error.result = run
        return error

    def _settle(self, number: int, value: Any, error: SsvmError | None) -> None:
        if error is None:
            self._results[number] = value
            return
        self._results[number] = failed = MapError(number, self._work.items[number], error)
        failed.result = error.result
        if not self._return_exceptions and (self._failed is None or number < self._failed.index):
            self._failed = failed
            for future, sent in list(self._pending.items()):
                if sent.begin > number and future.cancel():  # those before it may hold an earlier one
                    del self._pending[future]

    def _adopt(self, line: Any) -> None:
        self._books.ledger.adopt(line)
        if line.decision.grant_id:
            self._books.grants.used(line.decision.grant_id)
            self._books.remembered.uses[line.decision.grant_id] += 1

    def _on_revoked(self, grant: Grant) -> None:
        """Take notice, on the thread that revokes."""
        if grant.id in self._grant_ids:
            self._revoked.set()

    def _give_up(self) -> None:
        """Cancel what has not begun, and end what has."""
        if not self._pending:
            return
        self._sender.stop()
        for future in self._pending:
            future.cancel()
        self._pending.clear()

    def _summary(self) -> str:
        return f"map of {visible(self._prepared.guest.name)}: {self._done:,} of {self._count:,} items"

    def _show_printed(self) -> None:
        """Show what functions printed, in the order of the items."""
        for begin in sorted(self._printed):
            for stream, data in zip(("stdout", "stderr"), self._printed[begin], strict=True):
                if data:
                    text = data.decode("utf-8", "replace")
                    # What an item's colours would reach is the next item's output, or words of ours (X32).
                    self._prepared.surface.write(stream, text + (PLAIN_COLOURS if leaves_colours(text) else ""))

    def _show_refused(self) -> None:
        if self._refused:
            listed = [Item(f"{each.what}: {each.reason}", each.grant_line) for each in self._refused][:_LISTED]
            title = f"{visible(self._prepared.guest.name)} was denied this in a map, where nobody is asked"
            self._prepared.surface.show(notice(title, listed))


class _Pace:
    """How many items go together: so many that a batch takes as long as the sender likes.

    Parameters
    ----------
    fixed : int
        Always so many; 0 finds it out.
    sender : Sender
        Where they go.
    count : int
        All items.
    """

    def __init__(self, fixed: int, sender: Sender, count: int) -> None:
        self._fixed = fixed
        self._lanes = sender.lanes
        self._target = sender.target_seconds
        self._size = max(1, min(_FIRST, count // (_AHEAD * sender.lanes)))
        self._each = 0.0

    def size(self, left: int) -> int:
        """Return how many of the items that are left go next; near the end fewer, so that all end together."""
        if self._fixed:
            return self._fixed
        return max(1, min(self._size, -(-left // (_AHEAD * self._lanes))))

    def learn(self, count: int, seconds: float) -> None:
        """Take notice of how long a batch took; the first one starts a process, so the quickest is believed."""
        if not seconds >= 0:  # nor a number that is none, from another machine
            return
        each = max(seconds / count, 1e-7)
        self._each = min(self._each * 1.5, each) if self._each else each
        self._size = max(1, min(int(self._target / self._each), self._size * _GROWTH, _MOST))
