"""The broker between a guest's call and a process, where whole cells (``tests/kernel``) cannot be held still."""

from __future__ import annotations

import socket
from pathlib import Path

from ssvm_kernel.authority import WorkFolder
from ssvm_kernel.broker import CommandBroker
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import Asker, Grants
from ssvm_kernel.capabilities.parse import parse_command_all
from ssvm_kernel.context import RunContext
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.host.grantfile import GrantFile
from ssvm_kernel.host.process import CommandReply
from ssvm_kernel.sandbox.protocol import CommandCall


class HastyBook(GrantBook):
    """Somebody takes every grant back in the instant after it was looked at."""

    def snapshot(self, run: str = "") -> Grants:
        seen = super().snapshot(run)
        for grant in seen.commands:
            self.revoke(grant.id)
        return seen


def run(book: GrantBook, folder: Path) -> tuple[RunContext, list[CommandReply]]:
    book.add(parse_command_all(), "r")
    broker = CommandBroker(book, NobodyDecider(), Ledger(), GrantFile(folder))
    context = RunContext("r", Asker("guest", "0" * 64), WorkFolder(()), 20_000, None)
    replies: list[CommandReply] = []
    call = CommandCall(b"touch", (bytes(folder / "touched"),), (), 20_000)
    guest, worker = socket.socketpair()
    with guest, worker:
        broker.handler(context)(call, b"", lambda *_: False, guest.fileno(), replies.append)
    context.folder.close()
    return context, replies


def test_a_grant_taken_back_between_decision_and_start_starts_nothing(tmp_path: Path) -> None:
    context, replies = run(HastyBook(), tmp_path)
    assert not (tmp_path / "touched").exists()
    assert [reply.code for reply in replies] == [-1]
    assert "taken back" in context.denials[0].reason


def test_a_grant_that_stands_lets_it_run(tmp_path: Path) -> None:
    context, replies = run(GrantBook(), tmp_path)
    assert (tmp_path / "touched").exists()
    assert ([reply.code for reply in replies], context.denials) == ([0], [])
