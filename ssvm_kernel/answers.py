"""From a question to a decision: what the person may answer, and what becomes of the answer beyond this request."""

from __future__ import annotations

import time
from dataclasses import replace

from ssvm_kernel.capabilities.ceiling import Ceiling
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.model import AnyArguments, CommandGrant, CommandRequest, Decision, Effect, Origin, Scope
from ssvm_kernel.capabilities.policy import deny_grant_for, grant_for
from ssvm_kernel.capabilities.remembered import can_be_remembered
from ssvm_kernel.deciders.base import Answer, Decider, Offer, Question, Wait
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.deciders.offers import offers_for
from ssvm_kernel.display.surface import Surface
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.grantfile import GrantFile

__all__ = ["Answers"]

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
        request: CommandRequest,
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
        request : CommandRequest
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
        always = self._ceiling.always and can_be_remembered(request)
        offers = tuple(filter(self._may_offer, offers_for(request, lasting_denials=True, always=always)))
        answer = self._decider.decide(Question(request, offers, line, note), wait)
        if answer is None:
            return Decision(request.id, Effect.DENY, Origin.POLICY, reason="there is nobody to ask")
        if answer.via == NobodyDecider.name:
            return Decision(request.id, Effect.DENY, Origin.POLICY, answer.offer.scope, answer.reason)
        return self._decided(request, answer, run, repeated, surface)

    def _may_offer(self, offer: Offer) -> bool:
        return self._ceiling.any_arguments or not (offer.allow and isinstance(offer.rule, AnyArguments))

    def _decided(
        self, request: CommandRequest, answer: Answer, run: str, repeated: bool, surface: Surface | None
    ) -> Decision:
        offer = answer.offer
        effect, verb = (Effect.ALLOW, "allowed") if offer.allow else (Effect.DENY, "denied")
        scope = Scope.RUN if repeated and offer.scope is Scope.ONCE else offer.scope
        if scope is Scope.ONCE:
            reason = "allowed once by you" if offer.allow else answer.reason or "you denied it"
            return Decision(request.id, effect, Origin.PERSON, scope, reason)
        grant = self._keep(request, replace(offer, scope=scope), run, surface)
        return Decision(request.id, effect, Origin.PERSON, grant.scope, f"{verb} {_WORDS[grant.scope]}", grant)

    def _keep(self, request: CommandRequest, offer: Offer, run: str, surface: Surface | None) -> CommandGrant:
        """Keep an answer; one for always that cannot be written holds for the session."""
        make = grant_for if offer.allow else deny_grant_for
        grant = make(request, offer.rule, offer.scope, created=time.time())
        if offer.scope is Scope.ALWAYS:
            try:
                program = self._remembered.hashed(request.command.program)
                return self._remembered.add(replace(grant, program=program))
            except (GrantError, OSError) as error:
                if surface is not None:
                    surface.write("stderr", f"[ssvm] the answer holds for this session only: {error}\n")
            grant = replace(grant, scope=Scope.SESSION)
        return self._book.add(grant, run if grant.scope is Scope.RUN else "")
