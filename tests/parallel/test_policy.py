"""Grants that travel are the same when they arrive, and nothing else travels."""

from __future__ import annotations

import msgspec
import pytest

from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    CommandGrant,
    Effect,
    EnvGrant,
    ExactArguments,
    FileIdentity,
    FolderGrant,
    Grants,
    Origin,
    PrefixArguments,
    Program,
    Scope,
)
from ssvm_kernel.parallel.policy import FrozenBook, FrozenFile, Policy, freeze

PROGRAM = Program("/usr/bin/git", FileIdentity(1, 2, 3, 4), "ab" * 32, ("/usr/bin",))
MINE, OTHER = "1" * 64, "2" * 64


def grant(rule, **more) -> CommandGrant:
    return CommandGrant(Effect.ALLOW, b"g\xffit", PROGRAM, rule, frozenset({b"A", b"B"}), id="g1", **more)


@pytest.mark.parametrize("rule", [ExactArguments((b"\xff", b"")), PrefixArguments((b"log",)), AnyArguments()])
def test_grants_arrive_as_they_were(rule) -> None:
    grants = Grants(
        (grant(rule, module_sha256=MINE), CommandGrant(Effect.DENY, b"", None, AnyArguments(), id="g2")),
        (FolderGrant("/host", "/guest", Access.READ_WRITE, id="g3"),),
        (EnvGrant("NAME", "value", id="g4"),),
    )
    always = (grant(rule, scope=Scope.ALWAYS, origin=Origin.FILE, module_sha256=MINE),)
    sent = freeze(grants, always, MINE)
    policy = msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Policy)
    assert FrozenBook(policy).snapshot("run") == grants
    assert FrozenFile(policy).grants() == always
    assert policy.ids == {"g1", "g2", "g3", "g4"}


def test_grants_of_other_guests_stay() -> None:
    other = grant(AnyArguments(), module_sha256=OTHER)
    policy = freeze(Grants((other,)), (other,), MINE)
    assert (policy.commands, policy.always) == ((), ())
