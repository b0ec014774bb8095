"""The kernel's side of the network: what a guest wants to connect to is decided, looked up, and written down.

What is decided is what is connected to: one request is made of host and port, and grants, prompt, ledger and the module
that connects all see that object.  A name is looked up only after its connection was allowed, and stands for the same
address until the run is over.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssvm_kernel.answers import Answers, dry_run, lifting_line
from ssvm_kernel.capabilities.ceiling import Ceiling
from ssvm_kernel.capabilities.grants import Grant, GrantBook
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import Decision, Effect, Grants, Origin, Scope
from ssvm_kernel.capabilities.network import (
    ApprovedConnection,
    ConnectionRequest,
    Destination,
    connection_line,
    decide_connection,
)
from ssvm_kernel.capabilities.places import unreachable_by_name
from ssvm_kernel.capabilities.records import ConnectionOutcome
from ssvm_kernel.context import Denial, RunContext
from ssvm_kernel.errors import GrantRevoked, LimitReached
from ssvm_kernel.host.bell import Bell
from ssvm_kernel.host.grantfile import GrantFile
from ssvm_kernel.host.lookup import look_up
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.sandbox.job import Outcome

if TYPE_CHECKING:
    from ssvm_kernel.capabilities.places import Address

__all__ = ["ConnectionBroker", "Connections", "unanswered"]

_MOST: Final = 10_000
"""Connections of one run, denied ones included."""
_MOST_ADDRESSES: Final = 8
"""Addresses of one name that are tried; whoever owns the name decides how many it has."""
_VERB: Final = "connect to"


def unanswered(request_id: str) -> Decision:
    """Return the decision on a request that was asked about, and whose run ended before there was an answer."""
    return Decision(request_id, Effect.DENY, Origin.POLICY, reason="the run ended before there was an answer")


class ConnectionBroker:
    """Decides on the connections that guests ask for.

    Parameters
    ----------
    book : GrantBook
        Grants of this kernel session.
    remembered : GrantFile
        Grants for always.
    answers : Answers
        Asks when no grant decides.
    ledger : Ledger
        Where every request and its outcome is written.
    ceiling : Ceiling or None
        What an administrator leaves to be granted.
    """

    def __init__(
        self, book: GrantBook, remembered: GrantFile, answers: Answers, ledger: Ledger, ceiling: Ceiling | None
    ) -> None:
        self.book = book
        self.remembered = remembered
        self.answers = answers
        self.ledger = ledger
        self.ceiling = ceiling

    @contextmanager
    def serving(self, context: RunContext, *, wanted: bool) -> Iterator[Connections | None]:
        """Give the body what decides on the connections of one run; None for a guest that can ask for none."""
        if not wanted:
            yield None
            return
        connections = Connections(self, context)
        try:
            yield connections
        finally:
            connections.close()


class Connections:
    """The connections of one run; a `ssvm_kernel.host.netguard.NetworkHandler`.

    Parameters
    ----------
    broker : ConnectionBroker
        What decides.
    context : RunContext
        The run.
    on_revoked : callable
        Called, on the thread that revokes, when a grant was taken back by which a connection is open.
    """

    def __init__(
        self, broker: ConnectionBroker, context: RunContext, on_revoked: Callable[[], None] = lambda: None
    ) -> None:
        self._broker = broker
        self._context = context
        self._tell = on_revoked
        self._bell = Bell()
        self.seconds = 0.0
        """How long the guest waited for decisions, the person's too."""
        self._count = 0
        self._used: set[str] = set()
        self.revoked = False
        """Whether a grant was taken back by which a connection is open."""
        self._pinned: dict[str, tuple[Address, ...]] = {}
        self._told: set[object] = set()
        self._stop: Callable[[], None] = broker.book.watch(self._on_revoked)

    @property
    def fileno(self) -> int:
        """What becomes readable when a grant was taken back by which a connection is open."""
        return self._bell.fileno

    def begin(self) -> None:
        """Begin anew, as `RunContext.begin`: what a call before was denied is asked, written down and told again."""
        self._count = 0
        self._told.clear()

    def close(self) -> None:
        """Stop watching: the run is over."""
        self._stop()
        self._bell.close()

    def waited(self, outcome: Outcome) -> Outcome:
        """Return how a run ended, with what it waited here as time of the host and not its own."""
        return replace(outcome, host=min(outcome.run, outcome.host + self.seconds))

    def check(self) -> None:
        """Raise when a grant was taken back by which a connection is open (rule 16).

        Raises
        ------
        GrantRevoked
            The guest has the connection for as long as its process lives.
        """
        if self.revoked:
            raise GrantRevoked("the grant of a connection was taken back, and the guest was ended")

    def approve(self, destination: Destination, wait: Wait) -> ApprovedConnection | None:
        """Return what was approved, or None for a denial, which is written down.

        Raises
        ------
        LimitReached
            When the guest asks without end.
        KeyboardInterrupt, WorkerDied
            From whoever is asked.
        """
        started = time.perf_counter()
        try:
            return self._approve(destination, wait)
        finally:
            self.seconds += time.perf_counter() - started

    def _approve(self, destination: Destination, wait: Wait) -> ApprovedConnection | None:
        self._count += 1
        if self._count > _MOST:
            raise LimitReached("connections", "", f"the guest was ended: it asked for more than {_MOST:,} connections")
        request = ConnectionRequest(secrets.token_hex(16), self._context.asker, destination)
        decision = unanswered(request.id)
        try:
            decision = self._decide(request, wait)
            if decision.effect is not Effect.ALLOW:
                self._deny(request, decision, lifting_line(decision) or self._line(request.destination))
                return None
            addresses = self._look_up(request, decision, wait)
        except BaseException:  # interrupted, or the guest is gone: it was asked for all the same
            end: ConnectionOutcome = "interrupted" if decision.effect is Effect.ALLOW else "denied"
            self._broker.ledger.record_connection(request, decision, "", end)
            raise
        return self._approved(request, decision, addresses) if addresses else None

    def made(self, approved: ApprovedConnection, error: int) -> None:
        """Write down that a connection was begun, or failed with an errno."""
        outcome: ConnectionOutcome = "unreachable" if error else "connected"
        self._broker.ledger.record_connection(
            approved.request, approved.decision, str(approved.address), outcome, error or None
        )

    def refused(self, what: str) -> None:
        """Tell once that a guest wanted what no guest may do."""
        denial = Denial("", "guests can open connections by TCP, and nothing else", "", what)
        if denial not in self._told:
            self._told.add(denial)
            self._context.denials.append(denial)

    def _grants(self) -> Grants:
        broker = self._broker
        kept = broker.remembered.connections()
        if broker.ceiling is not None and not broker.ceiling.always:
            kept = tuple(grant for grant in kept if grant.effect is not Effect.ALLOW)
        grants = broker.book.snapshot(self._context.run)
        return replace(grants, network=(*grants.network, *kept)) if kept else grants

    def _decide(self, request: ConnectionRequest, wait: Wait) -> Decision:
        broker, context = self._broker, self._context
        decision = decide_connection(request, self._grants(), broker.ceiling)
        if context.deny_all and (decision is None or decision.effect is Effect.ALLOW):
            return dry_run(request.id, decision)
        if decision is not None:
            return decision
        if request.destination in self._told:  # denied in this run, and not granted since: not asked again
            return Decision(request.id, Effect.DENY, Origin.POLICY, Scope.RUN, "it was denied before in this run")
        with context.asking():
            return broker.answers.ask(
                request,
                self._line(request.destination),
                "",
                wait,
                run=context.run,
                repeated=context.repeated,
                surface=context.surface,
            )

    def _line(self, place: Destination) -> str:
        """Return what would grant a connection; empty where a ceiling lets nothing grant it, and the reason says so."""
        ceiling = self._broker.ceiling
        if ceiling is not None and ceiling.forbids_connection(place.host, place.port):
            return ""
        return connection_line(place.host, place.port)

    def _look_up(self, request: ConnectionRequest, decision: Decision, wait: Wait) -> tuple[Address, ...]:
        """Return the addresses that a host stands for in this run, those of IPv4 first; only those that may be used.

        Many a server on this computer listens on 127.0.0.1 alone, and many a computer reaches IPv4 alone.
        """
        host = request.destination.host
        if host in self._pinned:
            return self._pinned[host]
        try:
            found = look_up(host, wait, self._context.deadline.left())
        except OSError as error:
            status = error.errno if error.errno and error.errno > 0 else errno.EHOSTUNREACH
            self._broker.ledger.record_connection(request, decision, "", "unreachable", status)
            self._say(f"{host} cannot be looked up: {error.strerror or os.strerror(status)}")
            return ()
        whys = {address: "" if host == str(address) else unreachable_by_name(host, address) for address in found}
        usable = sorted((address for address, why in whys.items() if not why), key=lambda each: each.version)
        if usable:
            self._pinned[host] = tuple(usable[:_MOST_ADDRESSES])
            return self._pinned[host]
        denied = Decision(request.id, Effect.DENY, Origin.POLICY, reason=whys[found[0]])
        self._deny(request, denied, self._line(replace(request.destination, host=str(found[0]))))
        return ()

    def _approved(
        self, request: ConnectionRequest, decision: Decision, addresses: tuple[Address, ...]
    ) -> ApprovedConnection | None:
        """Return the approved connection, whose grant is watched from now on."""
        grant = decision.grant
        if grant is not None and grant.id:
            self._used.add(grant.id)
            if not self._broker.book.holds(grant.id) and not self._broker.remembered.holds(grant.id):
                self._broker.ledger.record_connection(request, decision, "", "interrupted")
                self.revoked = True  # between the decision and now, while a name was looked up
                self._bell.ring()
                return None
            self._broker.book.used(grant.id)
            self._broker.remembered.uses[grant.id] += 1
        return ApprovedConnection(request, decision, addresses[0], addresses[1:])

    def _on_revoked(self, grant: Grant) -> None:
        if grant.id in self._used:
            self.revoked = True
            self._bell.ring()
            self._tell()

    def _deny(self, request: ConnectionRequest, decision: Decision, line: str) -> None:
        if request.destination in self._told:
            return
        self._told.add(request.destination)
        self._context.denials.append(Denial(request.destination.text, decision.reason, line, _VERB))
        self._broker.ledger.record_connection(request, decision, "", "denied")

    def _say(self, text: str) -> None:
        if self._context.surface is not None and text not in self._told:
            self._told.add(text)
            self._context.surface.write("stderr", f"[ssvm] {text}\n")
