"""The kernel's side of the process interface: a guest's call becomes a request, is decided, runs, and is recorded.

The one way from a guest to a process.  What is decided is what runs: one `Command` is made from the call, and policy,
prompt, ledger and spawn all see that object.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable
from typing import Final

from ssvm_kernel.answers import Answers, dry_run, lifting_line
from ssvm_kernel.authority import search_path
from ssvm_kernel.capabilities.approved import ApprovedCommand
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import (
    Command,
    CommandGrant,
    CommandRequest,
    Decision,
    Effect,
    Grants,
    Limits,
    Origin,
    Program,
)
from ssvm_kernel.capabilities.policy import Policy
from ssvm_kernel.capabilities.records import signal_name
from ssvm_kernel.capabilities.resolved import Resolved, Trouble
from ssvm_kernel.capabilities.standing import Standing
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wording import grant_line
from ssvm_kernel.connections import ConnectionBroker, unanswered
from ssvm_kernel.context import Denial, RunContext
from ssvm_kernel.deciders.base import Decider
from ssvm_kernel.display.commands import CommandBlock
from ssvm_kernel.display.report import CommandLine
from ssvm_kernel.errors import GrantRevoked, ProgramChanged
from ssvm_kernel.host.bell import Bell
from ssvm_kernel.host.capture import Captured
from ssvm_kernel.host.ceilingfile import load_ceiling
from ssvm_kernel.host.execute import Completed, CompletionKind, execute, never_ran
from ssvm_kernel.host.grantfile import GrantFile
from ssvm_kernel.host.process import CommandReply, Printed, StoredBytes, denied_reply, exec_failed_reply
from ssvm_kernel.host.pump import Watch
from ssvm_kernel.host.resolve import ProgramFinder
from ssvm_kernel.host.shelf import GuestEnd
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.sandbox.job import CommandHandler
from ssvm_kernel.sandbox.protocol import CommandCall

__all__ = ["CommandBroker"]

_WORDS: Final = 2000
"""Characters of one command that a report keeps; the prompt shows all of it."""
_ERRNO: Final = {Trouble.NOT_FOUND: errno.ENOENT, Trouble.NOT_EXECUTABLE: errno.EACCES}


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
    remembered : GrantFile or None
        Grants for always; by default the person's own file.
    """

    def __init__(self, book: GrantBook, decider: Decider, ledger: Ledger, remembered: GrantFile | None = None) -> None:
        self._book = book
        self._remembered = remembered or GrantFile()
        self._ceiling = load_ceiling()
        self._answers = Answers(book, self._remembered, decider, self._ceiling)
        self._ledger = ledger
        self._policy = Policy(self._ceiling)
        self.connections = ConnectionBroker(book, self._remembered, self._answers, ledger, self._ceiling)
        """Decides on connections to the network."""
        self._programs = ProgramFinder()
        self._bells: list[Bell] = []  # that did not ring, to be used again

    def close(self) -> None:
        """Give back the descriptors that were kept for the next command."""
        while self._bells:
            self._bells.pop().close()

    def handler(self, context: RunContext) -> CommandHandler:
        """Return what answers the command calls of one run."""
        standing = Standing(self._policy)
        remembered = self._remembered.path

        def handle(
            call: CommandCall, stdin: bytes, wait: Wait, guest: GuestEnd, answer: Callable[[CommandReply], None]
        ) -> None:
            context.count()
            resolved = self._programs.find(call.name, search_path())
            if resolved.program is None:
                answer(self._unresolved(context, call, resolved))
                return
            always = self._remembered.grants(remembered)
            program = self._remembered.identified(resolved.program, always) if always else resolved.program
            request = self._request(context, call, stdin, program)
            grants = self._grants(context, standing, always)
            decided = standing.decide(request, grants)
            try:
                decision, line = self._decide(context, request, grants, wait, decided)
            except BaseException:  # interrupted, or the guest is gone: it was asked for all the same
                self._ledger.record(request, unanswered(request.id))
                raise
            if decision.effect is not Effect.ALLOW:
                answer(self._deny(context, request, decision, line))
            else:
                self._execute(context, ApprovedCommand(request, decision), guest, answer)

        return handle

    def _request(self, context: RunContext, call: CommandCall, stdin: bytes, program: Program) -> CommandRequest:
        command = Command(
            program=program,
            argv=(call.name, *call.args),
            env=tuple(sorted(call.env)),
            cwd=context.folder.path(),
            stdin=stdin,
            limits=Limits(timeout_ms=context.timeout(call.timeout_ms), output_bytes=context.output_bytes),
        )
        return CommandRequest(os.urandom(16).hex(), context.asker, command)

    def _grants(self, context: RunContext, standing: Standing, always: tuple[CommandGrant, ...]) -> Grants:
        """Return all that is in force for a run: of its options, of the session, and for always."""
        grants = standing.grants(self._book.snapshot(context.run), always)
        if context.surface is not None:
            for problem in self._remembered.take_problems():
                context.surface.write("stderr", f"[ssvm] {problem}\n")
        return grants

    def _decide(
        self, context: RunContext, request: CommandRequest, grants: Grants, wait: Wait, decision: Decision | None
    ) -> tuple[Decision, str]:
        """Return the decision, that of the grants or else the person's, and for a denial what would lift it."""
        if decision is not None and decision.effect is Effect.ALLOW and not context.deny_all:
            return decision, ""
        line = self._policy.grant_line(request, grants)
        if context.deny_all and (decision is None or decision.effect is Effect.ALLOW):
            return dry_run(request.id, decision), "" if decision is not None else line
        if decision is None:
            note = self._policy.why_ask(request, grants)
            with context.asking():
                decision = self._answers.ask(
                    request,
                    line,
                    note,
                    wait,
                    run=context.run,
                    repeated=context.repeated,
                    surface=context.surface,
                )
        return decision, lifting_line(decision) or line

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
        self._ledger.record(request, decision)
        self._used(decision)
        return _denied(context, request.command, decision.reason, line)

    def _execute(
        self, context: RunContext, approved: ApprovedCommand, guest: GuestEnd, answer: Callable[[CommandReply], None]
    ) -> None:
        """Run a command and answer; what is shown and written down of it comes after, while the guest goes on."""
        block = _block(context, approved.command)
        completed: Completed | None = None
        refused, begun = "", False
        try:
            watch, stop = self._watch(approved.decision, guest)
            begun = True
            try:
                show = block.output if block else None
                completed = execute(approved, show, watch=watch, shelf=guest.shelf, new_pipe=guest.new_pipe)
                answer(_reply(completed, context.signal_codes))
            finally:
                stop()
        except _NothingToWatch as why:
            completed = never_ran(why.error)
            answer(_reply(completed, context.signal_codes))
        except (ProgramChanged, GrantRevoked) as why:
            refused, line = str(why), grant_line(approved.request)
            if begun and isinstance(why, GrantRevoked):  # it ran, by that grant: the ledger must not say otherwise
                self._ledger.note(approved.request, approved.decision)
                self._used(approved.decision)
                answer(_denied(context, approved.command, refused, line))
            else:
                decision = Decision(approved.request.id, Effect.DENY, Origin.POLICY, reason=refused)
                answer(self._deny(context, approved.request, decision, line))
        finally:
            end = _line(approved.command, completed, f"denied: {refused}" if refused else "interrupted")
            if block:
                block.close(end.state)
            if not refused:
                context.commands.append(end)
                self._ledger.note(approved.request, approved.decision, completed)
                self._used(approved.decision)

    def _used(self, decision: Decision) -> None:
        """Count a decision that a grant made, where it is kept."""
        if decision.grant is not None:
            self._book.used(decision.grant.id)
            self._remembered.uses[decision.grant.id] += 1

    def _watch(self, decision: Decision, guest: GuestEnd) -> tuple[Watch, Callable[[], None]]:
        """Let a command be ended by taking back the grant that allowed it (rule 16); return how to stop that, too."""
        grant = decision.grant
        if grant is None or not grant.id:
            return Watch(guest.fileno), _do_nothing
        bell = self._take_bell()
        forget = self._book.watch(lambda revoked: bell.ring() if revoked.id == grant.id else None)

        def stop() -> None:
            forget()
            if not bell.rung:
                self._bells.append(bell)

        if not self._book.holds(grant.id) and not self._remembered.holds(grant.id):
            stop()
            raise GrantRevoked("the grant was taken back, and the command was not started")
        return Watch(guest.fileno, {bell.fileno: _revoked}), stop

    def _take_bell(self) -> Bell:
        try:
            return self._bells.pop() if self._bells else Bell()
        except IndexError:  # another thread took the last one
            return self._take_bell()
        except OSError as error:  # this process has no descriptor left: nor would the command have its pipes
            raise _NothingToWatch(error) from None


class _NothingToWatch(Exception):
    """There is no descriptor to be had for the watch over a command."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def _do_nothing() -> None:
    pass


def _revoked() -> None:
    raise GrantRevoked("the grant was taken back, and the command was ended")


def _denied(context: RunContext, command: Command, reason: str, line: str) -> CommandReply:
    """Tell the cell that a command was denied, and return what tells the guest."""
    words = _words(command.argv)
    context.denials.append(Denial(words, reason, line))
    context.commands.append(CommandLine(words, command.program.path, f"denied: {reason}"))
    return denied_reply(command.name)


def _words(argv: tuple[bytes, ...]) -> str:
    """Return a command as a person may read it, one quoted item after the other; a long one only to where it is long.

    Thousands of them are kept for a report, so none may be megabytes (attack X05).
    """
    words: list[str] = []
    room = _WORDS
    for item in argv:
        if room <= 0:
            return f"{' '.join(words)} …({len(argv) - len(words):,} more)"
        words.append(shlex.quote(visible(item, _WORDS)))
        room -= len(words[-1])
    return " ".join(words)


def _block(context: RunContext, command: Command) -> CommandBlock | None:
    if context.surface is None:
        return None
    return CommandBlock(context.surface, _words(command.argv), visible(command.program.path))


def _line(command: Command, completed: Completed | None, unfinished: str) -> CommandLine:
    """Return a command for the report; `unfinished` says why there is no end of it."""
    words, path, stdin_bytes = _words(command.argv), command.program.path, len(command.stdin)
    if completed is None:
        return CommandLine(words, path, unfinished, stdin_bytes=stdin_bytes)
    return CommandLine(
        words,
        path,
        _ended(completed),
        completed.seconds,
        stdin_bytes,
        completed.stdout.total,
        completed.stderr.total,
    )


def _ended(completed: Completed) -> str:
    """Return the truth about a command's end (attacks P19 and P21), which its code does not always tell the guest."""
    match completed.kind:
        case CompletionKind.EXITED:
            text = f"exit {completed.status}"
        case CompletionKind.SIGNALLED:
            text = f"killed by {signal_name(completed.status)}"
        case _:
            text = completed.detail or completed.kind.value
    if completed.stdout.truncated or completed.stderr.truncated:
        text += ", output cut for the guest"
    return text + (", left processes behind that were ended" if completed.cut else "")


def _reply(completed: Completed, signal_codes: bool) -> CommandReply:
    stdout, stderr = _for_guest(completed.stdout), _for_guest(completed.guest_stderr)
    return CommandReply(completed.guest_code(signal_codes), stdout, stderr, completed.keep_inputs)


def _for_guest(output: Captured) -> Printed:
    """Return an output as the guest's side takes it: one in a file of its own as that file."""
    data = output.data
    return StoredBytes(os.dup(data.fileno), output.size) if isinstance(data, StoredBytes) else data
