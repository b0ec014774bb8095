"""Runs inside the kernel under test: asks one question through the real deciders and prints what came back."""

import select
import time

from ssvm_kernel.capabilities.model import Asker, Command, CommandRequest, FileIdentity, Grants, Limits, Program
from ssvm_kernel.deciders.base import Question
from ssvm_kernel.deciders.chain import default_chain
from ssvm_kernel.deciders.offers import offers_for
from ssvm_kernel.deciders.pickchain import default_pickers
from ssvm_kernel.deciders.places import PickQuestion

chain = default_chain()
dialog, widget, stdin, nobody = chain.deciders
pickers = default_pickers()
picker = pickers.pickers[0]


def wait(fileno, timeout=None):
    return bool(select.select([fileno], [], [], timeout)[0])


def request(
    argv=(b"git", b"status", b"--short"),
    path="/usr/bin/git",
    env=((b"LC_ALL", b"secret-value"),),
    stdin=b"0123456789ab",
):
    program = Program(path, FileIdentity(1, 2, 3, 4))
    command = Command(program, tuple(argv), tuple(env), "/tmp/work folder", stdin, Limits(timeout_ms=2500))
    return CommandRequest("request-1", Asker("hello", "0123456789abcdef" * 4, "In [3]"), command)


def question(note="", **changes):
    asked = request(**changes)
    return Question(asked, offers_for(asked), '--allow-command "git status --short"', note)


def ask(decider=chain, **changes):
    begun = time.monotonic()
    try:
        answer = decider.decide(question(**changes), wait)
    except KeyboardInterrupt:
        print("INTERRUPTED", flush=True)
        raise
    taken = time.monotonic() - begun
    if answer is None:
        print(f"ANSWER none after {taken:.2f} s", flush=True)
    else:
        offer = answer.offer
        print(f"ANSWER {offer.id} allow={offer.allow} via={answer.via} reason={answer.reason!r} after {taken:.2f} s")
    return answer


def pick(start, granted=None, guest="hello"):
    asker = Asker(guest, "0123456789abcdef" * 4, "In [3]")
    try:
        answer = pickers.pick(PickQuestion(asker, start, granted or Grants()), wait)
    except KeyboardInterrupt:
        print("INTERRUPTED", flush=True)
        raise
    print(f"PICK via={answer.via} reason={answer.reason!r}")
    if answer.grant is not None:
        grant = answer.grant
        print(
            f"GRANT {grant.host!r} {grant.guest!r} {grant.access.name} {grant.scope.name} {grant.origin.name}", end=" "
        )
        print(grant.module_sha256 == asker.module_sha256, time.time() - grant.created < 60)
    return answer


def kernel_comms():
    from comm import get_comm_manager

    return get_comm_manager().comms
