"""The broker between a guest's call and a process, where whole cells (``tests/kernel``) cannot be held still."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ssvm_kernel.authority import WorkFolder
from ssvm_kernel.broker import CommandBroker
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import AnyArguments, Asker, CommandGrant, Effect, Grants, Origin, Program, Scope
from ssvm_kernel.capabilities.parse import parse_command_all
from ssvm_kernel.context import RunContext
from ssvm_kernel.deciders.base import Answer, Question, Wait
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.host.grantfile import GrantFile
from ssvm_kernel.host.process import CommandReply
from ssvm_kernel.host.resolve import resolve_program
from ssvm_kernel.host.shelf import GuestEnd
from ssvm_kernel.sandbox.protocol import CommandCall
from tests.host.approving import descriptor_count


class HastyBook(GrantBook):
    """Somebody takes every grant back in the instant after it was looked at."""

    def snapshot(self, run: str = "") -> Grants:
        seen = super().snapshot(run)
        for grant in seen.commands:
            self.revoke(grant.id)
        return seen


class HastyFile(GrantFile):
    """Somebody takes back every answer for always in the instant after the decision looked at it."""

    def identified(self, program: Program, grants: Sequence[CommandGrant]) -> Program:
        found = super().identified(program, grants)  # the request is decided by what was read here
        self.path.unlink()
        return found


def run(book: GrantBook, folder: Path, remembered: GrantFile | None = None) -> tuple[RunContext, list[CommandReply]]:
    if remembered is None:
        book.add(parse_command_all(), "r")
    broker = CommandBroker(book, NobodyDecider(), Ledger(), remembered or GrantFile(folder))
    context = RunContext("r", Asker("guest", "0" * 64), WorkFolder(()), 20_000, None)
    replies: list[CommandReply] = []
    call = CommandCall(b"touch", (bytes(folder / "touched"),), (), 20_000)
    guest, worker = socket.socketpair()
    with guest, worker:
        broker.handler(context)(call, b"", lambda *_: False, GuestEnd(guest.fileno()), replies.append)
    context.folder.close()
    return context, replies


def test_a_grant_taken_back_between_decision_and_start_starts_nothing(tmp_path: Path) -> None:
    context, replies = run(HastyBook(), tmp_path)
    assert not (tmp_path / "touched").exists()
    assert [reply.code for reply in replies] == [-1]
    assert context.denials[0].reason == "the grant was taken back, and the command was not started"


def test_a_command_that_was_ended_with_its_grant_is_written_down_as_one_that_ran(tmp_path: Path) -> None:
    class Counting(GrantBook):
        def used(self, grant_id: str) -> None:
            used.append(grant_id)

    def take_back() -> None:
        deadline = time.monotonic() + 60
        while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        book.revoke(grant.id)

    book, ledger = Counting(), Ledger()
    used: list[str] = []
    replies: list[CommandReply] = []
    grant = book.add(parse_command_all(), "r")
    broker = CommandBroker(book, NobodyDecider(), ledger, GrantFile(tmp_path / "config"))
    context = RunContext("r", Asker("guest", "0" * 64), WorkFolder(()), 100_000, None)
    call = CommandCall(b"sh", (b"-c", bytes(f"touch '{tmp_path}/begun'; exec sleep 90", "utf-8")), (), 100_000)
    thread = threading.Thread(target=take_back)
    guest, worker = socket.socketpair()
    with guest, worker:
        thread.start()
        broker.handler(context)(call, b"", lambda *_: False, GuestEnd(guest.fileno()), replies.append)
    thread.join()
    context.folder.close()
    broker.close()
    assert [reply.code for reply in replies] == [-1]
    assert [denial.reason for denial in context.denials] == ["the grant was taken back, and the command was ended"]
    assert [line.state for line in context.commands] == ["denied: the grant was taken back, and the command was ended"]
    (written,) = ledger.lines()
    assert (written.decision.effect, written.outcome.kind) == ("allow", "interrupted")
    assert written.decision.grant == "--allow-command-all"
    assert used == [grant.id]


def test_a_question_without_an_answer_is_written_down(tmp_path: Path) -> None:
    class Interrupting(NobodyDecider):
        def decide(self, question: Question, wait: Wait) -> Answer:
            raise KeyboardInterrupt

    ledger = Ledger()
    broker = CommandBroker(GrantBook(), Interrupting(), ledger, GrantFile(tmp_path))
    context = RunContext("r", Asker("guest", "0" * 64), WorkFolder(()), 20_000, None)
    call = CommandCall(b"touch", (bytes(tmp_path / "touched"),), (), 20_000)
    with pytest.raises(KeyboardInterrupt):
        broker.handler(context)(call, b"", lambda *_: False, GuestEnd(-1), lambda _: None)
    context.folder.close()
    (line,) = ledger.lines()
    assert (line.decision.effect, line.outcome.kind) == ("deny", "denied")
    assert line.decision.reason == "the run ended before there was an answer"
    assert not (tmp_path / "touched").exists()


def test_a_grant_that_stands_lets_it_run(tmp_path: Path) -> None:
    context, replies = run(GrantBook(), tmp_path)
    assert (tmp_path / "touched").exists()
    assert ([reply.code for reply in replies], context.denials) == ([0], [])


@pytest.mark.parametrize(("file", "starts"), [(GrantFile, True), (HastyFile, False)])
def test_an_answer_for_always_that_was_taken_back_starts_nothing(
    tmp_path: Path, file: type[GrantFile], starts: bool
) -> None:
    config = tmp_path / "config"
    program = resolve_program(b"touch", os.environ["PATH"]).program
    assert program is not None
    kept = GrantFile(config)
    kept.add(
        CommandGrant(
            Effect.ALLOW,
            b"touch",
            kept.hashed(program),
            AnyArguments(),
            scope=Scope.ALWAYS,
            origin=Origin.FILE,
            module_sha256="0" * 64,
        )
    )
    context, replies = run(GrantBook(), tmp_path, file(config))
    assert (tmp_path / "touched").exists() is starts
    assert [reply.code for reply in replies] == [0 if starts else -1]
    assert ["taken back" in denial.reason for denial in context.denials] == [True] * (not starts)


def test_what_watches_over_grants_is_used_again_and_given_back(tmp_path: Path) -> None:
    book = GrantBook()
    book.add(parse_command_all(), "r")
    broker = CommandBroker(book, NobodyDecider(), Ledger(), GrantFile(tmp_path))
    context = RunContext("r", Asker("guest", "0" * 64), WorkFolder(()), 20_000, None)
    handle = broker.handler(context)
    guest, worker = socket.socketpair()
    replies: list[CommandReply] = []

    with guest, worker:
        before = descriptor_count()
        counts = []
        for _ in range(3):
            handle(
                CommandCall(b"true", (), (), 20_000), b"", lambda *_: False, GuestEnd(guest.fileno()), replies.append
            )
            counts.append(descriptor_count() - before)
        broker.close()
        assert [reply.code for reply in replies] == [0, 0, 0]
        assert counts[0] == counts[1] == counts[2] <= 1
        assert descriptor_count() <= before
    context.folder.close()
