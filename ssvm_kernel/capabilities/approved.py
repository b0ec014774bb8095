"""`ApprovedCommand`: the proof, as a type, that one exact command was allowed."""

from __future__ import annotations

import msgspec

from ssvm_kernel.capabilities.model import Command, CommandRequest, Decision, Effect
from ssvm_kernel.errors import DeniedError

__all__ = ["ApprovedCommand"]


class ApprovedCommand(msgspec.Struct, frozen=True):
    """A request together with the decision that allows it; the only thing that the spawn module accepts.

    Making one checks that the decision allows, and that it was taken for this very request.  What was checked and shown
    is then what runs, because it is the same immutable object (rule 7, attacks P04, P14, P31).

    Raises
    ------
    DeniedError
        When the decision does not allow this request.
    """

    request: CommandRequest
    decision: Decision

    def __post_init__(self) -> None:
        if self.decision.effect is not Effect.ALLOW or self.decision.request_id != self.request.id:
            raise DeniedError("this command was not approved")

    @property
    def command(self) -> Command:
        """The exact command."""
        return self.request.command
