"""From a question to a decision: what the person may answer, and what becomes of the answer beyond this request."""

from __future__ import annotations

import time
from dataclasses import replace

from ssvm_kernel.capabilities.ceiling import Ceiling
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.model import AnyArguments, CommandGrant, Decision, Effect, NetworkGrant, Origin, Scope
from ssvm_kernel.capabilities.network import ConnectionRequest, Request, answer_for
from ssvm_kernel.capabilities.policy import deny_grant_for, grant_for
from ssvm_kernel.capabilities.remembered import can_be_remembered
from ssvm_kernel.deciders.base import Answer, Decider, Offer, Question, Wait
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.deciders.offers import connection_offers, offers_for
from ssvm_kernel.display.surface import Surface
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.grantfile import GrantFile

__all__ = ["Answers", "dry_run", "lifting_line"]

_WORDS = {
    Scope.RUN: "by you for this run",
    Scope.SESSION: "by you for this session",
    Scope.ALWAYS: "by you, always for this guest and this program",
}


class Answers:
    """Asks, and keeps what was answered for as long as it was answered for.

    Parameters
    ----------
    book : GrantBook
        Where answers for a run and for the session go.
    remembered : GrantFile
        Where answers for always go.
    decider : Decider
        Who is asked.
    ceiling : Ceiling or None
        What an administrator leaves to be granted; no more is offered.
    """

    def __init__(
        self, book: GrantBook, remembered: GrantFile, decider: Decider, ceiling: Ceiling | None = None
    ) -> None:
        self._book = book
        self._remembered = remembered
        self._decider = decider
        self._ceiling = ceiling or Ceiling()

    def ask(
        self,
        request: Request,
        line: str,
        note: str,
        wait: Wait,
        *,
        run: str,
        repeated: bool = False,
        surface: Surface | None = None,
    ) -> Decision:
        """Put a request to the person and return the decision.

        Parameters
        ----------
        request : CommandRequest or ConnectionRequest
            What is asked.
        line : str
            The options that would grant it.
        note : str
            Why the person is asked although something was granted, or empty.
        wait : Wait
            How the decider waits.
        run : str
            The run in the book of grants.
        repeated : bool
            Whether the cell runs the guest many times: "once" then holds for all of them.
        surface : Surface or None
            Where trouble with the file of answers is told.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts.
        """
        offers = self._offers(request)
        answer = self._decider.decide(Question(request, offers, line, note), wait)
        if answer is None:
            return Decision(request.id, Effect.DENY, Origin.POLICY, reason="there is nobody to ask")
        if answer.via == NobodyDecider.name:
            return Decision(request.id, Effect.DENY, Origin.POLICY, answer.offer.scope, answer.reason)
        return self._decided(request, answer, run, repeated, surface)

    def _offers(self, request: Request) -> tuple[Offer, ...]:
        if isinstance(request, ConnectionRequest):
            return connection_offers(request, always=self._ceiling.always and bool(request.asker.module_sha256))
        always = self._ceiling.always and can_be_remembered(request)
        return tuple(filter(self._may_offer, offers_for(request, lasting_denials=True, always=always)))

    def _may_offer(self, offer: Offer) -> bool:
        return self._ceiling.any_arguments or not (offer.allow and isinstance(offer.rule, AnyArguments))

    def _decided(self, request: Request, answer: Answer, run: str, repeated: bool, surface: Surface | None) -> Decision:
        offer = answer.offer
        effect, verb = (Effect.ALLOW, "allowed") if offer.allow else (Effect.DENY, "denied")
        scope = Scope.RUN if repeated and offer.scope is Scope.ONCE else offer.scope
        if scope is Scope.ONCE:
            reason = "allowed once by you" if offer.allow else answer.reason or "you denied it"
            return Decision(request.id, effect, Origin.PERSON, scope, reason)
        grant = self._keep(request, replace(offer, scope=scope), run, surface)
        return Decision(request.id, effect, Origin.PERSON, grant.scope, f"{verb} {_WORDS[grant.scope]}", grant)

    def _keep(self, request: Request, offer: Offer, run: str, surface: Surface | None) -> CommandGrant | NetworkGrant:
        """Keep an answer; one for always that cannot be written holds for the session."""
        grant = _grant_of(request, offer)
        if offer.scope is Scope.ALWAYS:
            try:
                if isinstance(grant, NetworkGrant):
                    return self._remembered.add(grant)
                assert grant.program is not None
                return self._remembered.add(replace(grant, program=self._remembered.hashed(grant.program)))
            except (GrantError, OSError) as error:
                if surface is not None:
                    surface.write("stderr", f"[ssvm] the answer holds for this session only: {error}\n")
            grant = replace(grant, scope=Scope.SESSION)
        for_run = run if grant.scope is Scope.RUN else ""
        return self._book.add(grant, for_run)


def dry_run(request_id: str, decision: Decision | None) -> Decision:
    """Return the denial that all get in a dry run, with the decision that would have been in its place."""
    why = "this is a dry run (--deny-all)" + (f"; it would be {decision.reason}" if decision else "")
    return Decision(request_id, Effect.DENY, Origin.OPTION, Scope.RUN, why)


def lifting_line(decision: Decision) -> str:
    """Return what takes back the lasting denial that a decision comes from; empty where there is none."""
    kept = decision.grant
    if decision.effect is Effect.DENY and kept is not None and kept.scope in (Scope.SESSION, Scope.ALWAYS):
        return f"take the denial back with %ssvm revoke {kept.id}"
    return ""


def _grant_of(request: Request, offer: Offer) -> CommandGrant | NetworkGrant:
    """Return the standing grant, or denial, that an answer means."""
    if isinstance(request, ConnectionRequest):
        return answer_for(request, offer.scope, allow=offer.allow, created=time.time())
    make = grant_for if offer.allow else deny_grant_for
    return make(request, offer.rule, offer.scope, created=time.time())
