"""The kernel's side of the process interface: a guest's call becomes a request, is decided, runs, and is recorded.

The one way from a guest to a process.  What is decided is what runs: one `Command` is made from the call, and policy,
prompt, ledger and spawn all see that object.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ssvm_kernel.authority import WorkFolder, search_path
from ssvm_kernel.capabilities.approved import ApprovedCommand
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import (
    Asker,
    Command,
    CommandRequest,
    Decision,
    Effect,
    Limits,
    Origin,
    Scope,
)
from ssvm_kernel.capabilities.parse import grant_line
from ssvm_kernel.capabilities.policy import Grants, Policy, grant_for
from ssvm_kernel.capabilities.resolved import Resolved, Trouble
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.base import Answer, Decider, Question
from ssvm_kernel.deciders.offers import offers_for
from ssvm_kernel.display.commands import CommandBlock
from ssvm_kernel.display.report import CommandLine
from ssvm_kernel.display.surface import Surface
from ssvm_kernel.display.text import duration, size
from ssvm_kernel.host.execute import Completed, execute
from ssvm_kernel.host.process import denied_reply
from ssvm_kernel.host.resolve import resolve_program
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.sandbox.protocol import CommandCall
from ssvm_kernel.sandbox.runner import Reply

__all__ = ["CommandBroker", "Denial", "RunContext"]


@dataclass(frozen=True)
class Denial:
    """Something that a guest was refused: what, why, and the line that would grant it."""

    what: str
    reason: str
    grant_line: str


@dataclass
class RunContext:
    """One run, as far as its commands are concerned.

    Parameters
    ----------
    asker : Asker
        Who asks.
    grants : Grants
        What the run's options granted; answers for this run are added.
    folder : WorkFolder
        Where its commands work.
    timeout_ms : int
        Most milliseconds for one command.
    surface : Surface or None
        Where commands are shown; None shows nothing (repeated runs of a measurement).
    repeated : bool
        Whether the cell runs the guest many times: an answer then holds for all of them.
    """

    asker: Asker
    grants: Grants
    folder: WorkFolder
    timeout_ms: int
    surface: Surface | None
    repeated: bool = False
    commands: list[CommandLine] = field(default_factory=list)
    denials: list[Denial] = field(default_factory=list)


class CommandBroker:
    """Decides and runs what guests ask for.

    Parameters
    ----------
    book : GrantBook
        Grants of this kernel session.
    decider : Decider
        Who is asked when no grant decides.
    ledger : Ledger
        Where every request and its outcome is written.
    """

    def __init__(self, book: GrantBook, decider: Decider, ledger: Ledger) -> None:
        self._book = book
        self._decider = decider
        self._ledger = ledger
        self._policy = Policy()

    def handler(self, context: RunContext) -> Callable[[CommandCall, bytes, Wait, int], Reply]:
        """Return what answers the command calls of one run."""

        def handle(call: CommandCall, stdin: bytes, wait: Wait, guest: int) -> Reply:
            resolved = resolve_program(call.name, search_path=search_path())
            if resolved.program is None:
                return self._unresolved(context, call, resolved)
            request = self._request(context, call, stdin, resolved)
            decision = self._policy.decide(request, self._grants(context)) or self._ask(context, request, wait)
            if decision.effect is not Effect.ALLOW:
                return self._deny(context, request, decision)
            return self._execute(context, ApprovedCommand(request, decision), guest)

        return handle

    def _grants(self, context: RunContext) -> Grants:
        session = self._book.snapshot()
        own = context.grants
        return Grants(own.commands + session.commands, own.folders + session.folders, own.env + session.env)

    def _request(self, context: RunContext, call: CommandCall, stdin: bytes, resolved: Resolved) -> CommandRequest:
        assert resolved.program is not None
        command = Command(
            program=resolved.program,
            argv=(call.name, *call.args),
            env=tuple(sorted(call.env)),
            cwd=context.folder.path(),
            stdin=stdin,
            limits=Limits(timeout_ms=min(call.timeout_ms, context.timeout_ms)),
        )
        return CommandRequest(secrets.token_urlsafe(16), context.asker, command)

    def _ask(self, context: RunContext, request: CommandRequest, wait: Wait) -> Decision:
        question = Question(request, offers_for(request), grant_line(request))
        answer = self._decider.decide(question, wait)
        if answer is None:
            return Decision(request.id, Effect.DENY, Origin.POLICY, reason="there is nobody to ask")
        return self._decided(context, request, answer)

    def _decided(self, context: RunContext, request: CommandRequest, answer: Answer) -> Decision:
        """Turn a person's answer into a decision, and keep the grant that it gives beyond this request."""
        offer = answer.offer
        origin = Origin.POLICY if answer.via == "nobody" else Origin.PERSON
        reason = answer.reason or f"answered in the {answer.via}"
        if not offer.allow:
            return Decision(request.id, Effect.DENY, origin, offer.scope, reason)
        scope = Scope.RUN if context.repeated and offer.scope is Scope.ONCE else offer.scope
        if scope is Scope.ONCE:
            return Decision(request.id, Effect.ALLOW, origin, scope, reason)
        grant = grant_for(request, offer.rule, scope, created=time.time())
        if scope is Scope.SESSION:
            self._book.add(grant)
        else:
            context.grants = replace(context.grants, commands=(*context.grants.commands, grant))
        return Decision(request.id, Effect.ALLOW, origin, scope, reason, grant)

    def _deny(self, context: RunContext, request: CommandRequest, decision: Decision) -> Reply:
        words = shown_argv(request.command.argv)
        self._ledger.denied(request, decision)
        context.denials.append(Denial(words, decision.reason, grant_line(request)))
        context.commands.append(CommandLine(words, request.command.program.path, f"denied: {decision.reason}"))
        return _as_reply(denied_reply(request.command.name))

    def _unresolved(self, context: RunContext, call: CommandCall, resolved: Resolved) -> Reply:
        """Answer for a name that is no program; only a guest that was granted it learns that it is not there."""
        raise NotImplementedError

    def _execute(self, context: RunContext, approved: ApprovedCommand, guest: int) -> Reply:
        command = approved.command
        words = shown_argv(command.argv)
        path = visible(os.fsencode(command.program.path))
        block = CommandBlock(context.surface, words, path) if context.surface is not None else None
        completed: Completed | None = None
        try:
            completed = execute(approved, block.output if block is not None else None, guest)
        finally:
            state = _state(completed)
            if block is not None:
                block.close(state)
            self._ledger.ran(approved, completed)
            context.commands.append(_line(words, path, command, completed, state))
        return _as_reply(completed.reply())
