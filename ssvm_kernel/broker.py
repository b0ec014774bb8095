"""The kernel's side of the process interface: a guest's call becomes a request, is decided, runs, and is recorded.

The one way from a guest to a process.  What is decided is what runs: one `Command` is made from the call, and policy,
prompt, ledger and spawn all see that object.
"""

from __future__ import annotations

import errno
import os
import secrets
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

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
    Grants,
    Limits,
    Origin,
    Program,
    Scope,
)
from ssvm_kernel.capabilities.policy import Policy, grant_for
from ssvm_kernel.capabilities.resolved import Resolved, Trouble
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wording import grant_line
from ssvm_kernel.deciders.base import Answer, Decider, Question
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.deciders.offers import offers_for
from ssvm_kernel.display.commands import CommandBlock
from ssvm_kernel.display.report import CommandLine
from ssvm_kernel.display.surface import Surface
from ssvm_kernel.errors import GrantRevoked, ProgramChanged
from ssvm_kernel.host.capture import Captured
from ssvm_kernel.host.execute import Completed, CompletionKind, execute
from ssvm_kernel.host.process import CommandReply, StoredBytes, denied_reply, exec_failed_reply
from ssvm_kernel.host.pump import Watch
from ssvm_kernel.host.resolve import resolve_program
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.sandbox.protocol import CommandCall

__all__ = ["CommandBroker", "Denial", "RunContext"]

_ERRNO: Final = {Trouble.NOT_FOUND: errno.ENOENT, Trouble.NOT_EXECUTABLE: errno.EACCES}


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
    run : str
        Its name in the book of grants, where those of its options are.
    asker : Asker
        Who asks.
    folder : WorkFolder
        Where its commands work.
    timeout_ms : int
        Most milliseconds for one command.
    surface : Surface or None
        Where commands are shown; None shows nothing (repeated runs of a measurement).
    repeated : bool
        Whether the cell runs the guest many times: an answer then holds for all of them.
    """

    run: str
    asker: Asker
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

    def handler(self, context: RunContext) -> Callable[[CommandCall, bytes, Wait, int], CommandReply]:
        """Return what answers the command calls of one run."""

        def handle(call: CommandCall, stdin: bytes, wait: Wait, guest: int) -> CommandReply:
            resolved = resolve_program(call.name, search_path())
            if resolved.program is None:
                return self._unresolved(context, call, resolved)
            request = self._request(context, call, stdin, resolved.program)
            grants = self._book.snapshot(context.run)
            decision = self._policy.decide(request, grants) or self._ask(context, request, grants, wait)
            if decision.effect is not Effect.ALLOW:
                return self._deny(context, request, decision, self._policy.grant_line(request, grants))
            return self._execute(context, ApprovedCommand(request, decision), guest)

        return handle

    def _request(self, context: RunContext, call: CommandCall, stdin: bytes, program: Program) -> CommandRequest:
        command = Command(
            program=program,
            argv=(call.name, *call.args),
            env=tuple(sorted(call.env)),
            cwd=context.folder.path(),
            stdin=stdin,
            limits=Limits(timeout_ms=min(call.timeout_ms, context.timeout_ms)),
        )
        return CommandRequest(secrets.token_urlsafe(16), context.asker, command)

    def _ask(self, context: RunContext, request: CommandRequest, grants: Grants, wait: Wait) -> Decision:
        line = self._policy.grant_line(request, grants)
        answer = self._decider.decide(
            Question(request, offers_for(request), line, self._policy.why_ask(request, grants)), wait
        )
        if answer is None:
            return Decision(request.id, Effect.DENY, Origin.POLICY, reason="there is nobody to ask")
        return self._decided(context, request, answer)

    def _decided(self, context: RunContext, request: CommandRequest, answer: Answer) -> Decision:
        """Turn a person's answer into a decision, and keep the grant that it gives beyond this request."""
        offer = answer.offer
        if answer.via == NobodyDecider.name:
            return Decision(request.id, Effect.DENY, Origin.POLICY, offer.scope, answer.reason)
        if not offer.allow:
            return Decision(request.id, Effect.DENY, Origin.PERSON, offer.scope, answer.reason or "you denied it")
        scope = Scope.RUN if context.repeated and offer.scope is Scope.ONCE else offer.scope
        if scope is Scope.ONCE:
            return Decision(request.id, Effect.ALLOW, Origin.PERSON, scope, "allowed once by you")
        grant = self._book.add(
            grant_for(request, offer.rule, scope, created=time.time()), context.run if scope is Scope.RUN else ""
        )
        return Decision(request.id, Effect.ALLOW, Origin.PERSON, scope, f"allowed for this {scope.value} by you", grant)

    def _unresolved(self, context: RunContext, call: CommandCall, resolved: Resolved) -> CommandReply:
        """Answer for a name that is no program.

        Only a guest that was granted all commands learns that it is not there: the others could otherwise find out
        which programs the host has.
        """
        grants = self._book.snapshot(context.run)
        may_know = any(grant.program is None and grant.effect is Effect.ALLOW for grant in grants.commands)
        argv = (call.name, *call.args)
        words = _words(argv)
        self._ledger.record_unresolved(context.asker, argv, resolved)
        if may_know and resolved.trouble in _ERRNO:
            context.commands.append(CommandLine(words, "", resolved.detail))
            return exec_failed_reply(_ERRNO[resolved.trouble])
        context.denials.append(Denial(words, resolved.detail, "no option grants what is not a program of this host"))
        context.commands.append(CommandLine(words, "", f"denied: {resolved.detail}"))
        return denied_reply(call.name)

    def _deny(self, context: RunContext, request: CommandRequest, decision: Decision, line: str) -> CommandReply:
        words = _words(request.command.argv)
        context.denials.append(Denial(words, decision.reason, line))
        context.commands.append(CommandLine(words, request.command.program.path, f"denied: {decision.reason}"))
        self._ledger.record(request, decision)
        return denied_reply(request.command.name)

    def _execute(self, context: RunContext, approved: ApprovedCommand, guest: int) -> CommandReply:
        command, decision = approved.command, approved.decision
        words = _words(command.argv)
        block = CommandBlock(context.surface, words, visible(command.program.path)) if context.surface else None
        line = CommandLine(words, command.program.path, "interrupted", stdin_bytes=len(command.stdin))
        completed = None
        try:
            with self._revocable(decision) as watch:
                completed = execute(approved, block.output if block else None, watch=watch(guest))
            line = _finished(line, completed)
        except (ProgramChanged, GrantRevoked) as why:
            line = replace(line, ended=f"denied: {why}")
            refused = Decision(approved.request.id, Effect.DENY, Origin.POLICY, reason=str(why))
            return self._deny(context, approved.request, refused, grant_line(approved.request))
        finally:
            if block:
                block.close(line.state)
            if not line.ended.startswith("denied"):
                context.commands.append(line)
                self._ledger.record(approved.request, decision, completed)
        if decision.grant is not None:
            self._book.used(decision.grant.id)
        stdout, stderr = _for_guest(completed.stdout), _for_guest(completed.guest_stderr)
        return CommandReply(completed.guest_code(), stdout, stderr, completed.keep_inputs)

    @contextmanager
    def _revocable(self, decision: Decision) -> Iterator[Callable[[int], Watch]]:
        """Let a running command be ended by taking back the grant that allowed it (rule 16)."""
        grant = decision.grant
        if grant is None or not grant.id:
            yield Watch
            return
        read, write = os.pipe()
        stop = self._book.watch(lambda revoked: _ring(write) if revoked.id == grant.id else None)
        try:
            yield lambda guest: Watch(guest, {read: _revoked})
        finally:
            stop()
            os.close(read)
            os.close(write)


def _ring(write: int) -> None:
    with suppress(OSError):
        os.write(write, b"!")


def _revoked() -> None:
    raise GrantRevoked("the grant was taken back while it ran, and it was ended")


def _words(argv: tuple[bytes, ...]) -> str:
    """Return a command as a person may read it, one quoted item after the other."""
    return " ".join(shlex.quote(visible(item)) for item in argv)


def _finished(line: CommandLine, completed: Completed) -> CommandLine:
    return replace(
        line,
        ended=_ended(completed),
        seconds=completed.seconds,
        stdout_bytes=completed.stdout.total,
        stderr_bytes=completed.stderr.total,
    )


def _ended(completed: Completed) -> str:
    """Return the truth about a command's end (attacks P19 and P21), which its code does not always tell the guest."""
    match completed.kind:
        case CompletionKind.EXITED:
            text = f"exit {completed.status}"
        case CompletionKind.SIGNALLED:
            text = f"killed by {signal.Signals(completed.status).name}"
        case _:
            text = completed.detail or completed.kind.value
    if completed.stdout.truncated or completed.stderr.truncated:
        text += ", output cut for the guest"
    return text + (", left processes behind that were ended" if completed.cut else "")


def _for_guest(output: Captured) -> bytes | StoredBytes:
    """Return an output as the guest's side takes it: small ones as bytes, large ones as a file of their own."""
    fileno = output.fileno()
    return output.bytes() if fileno is None else StoredBytes(os.dup(fileno), output.size)
