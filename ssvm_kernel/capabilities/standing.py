"""What grants decided, kept for the same request again: a guest that runs one program a thousand times is judged once.

Nothing is kept beyond what it depends on.  A decision is a function of request and grants, both immutable; it is given
again only for the very same grants and a request that is equal in all that a rule can look at.
"""

from __future__ import annotations

from dataclasses import replace

from ssvm_kernel.capabilities.model import CommandGrant, CommandRequest, Decision, Effect, Grants
from ssvm_kernel.capabilities.policy import Policy

__all__ = ["Standing"]


class Standing:
    """The last grants in force and the last decision that they made; for one run.

    Parameters
    ----------
    policy : Policy
        Who decides.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._parts: tuple[Grants, tuple[CommandGrant, ...]] | None = None
        self._grants = Grants()
        self._asked: object = None
        self._decision: Decision | None = None

    def grants(self, kept: Grants, always: tuple[CommandGrant, ...]) -> Grants:
        """Return the grants of a run and session together with those for always.

        The same object as before when both are the same objects as before.
        """
        parts = self._parts
        if parts is None or parts[0] is not kept or parts[1] is not always:
            ceiling = self._policy.ceiling
            held = always if ceiling is None else ceiling.remembered(always)
            self._grants = replace(kept, commands=(*kept.commands, *held)) if held else kept
            self._parts = kept, always
            self._asked = None
        return self._grants

    def decide(self, request: CommandRequest, grants: Grants) -> Decision | None:
        """Decide as `Policy.decide` does."""
        command = request.command
        # Names alone do not do: who may write the places that a program was found through matters too (P02).
        asked = request.asker, command.program, command.program.via, command.argv, command.env
        kept = self._decision
        if kept is not None and grants is self._grants and asked == self._asked:
            return Decision(request.id, kept.effect, kept.origin, kept.scope, kept.reason, kept.grant)
        decision = self._policy.decide(request, grants)
        if decision is not None and decision.effect is Effect.ALLOW and grants is self._grants:
            self._asked, self._decision = asked, decision
        return decision
