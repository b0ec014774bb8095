"""`Standing`: what was decided once is decided again only for the same request under the same grants."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.model import Effect, ExactArguments, Grants
from ssvm_kernel.capabilities.policy import Policy
from ssvm_kernel.capabilities.standing import Standing

from .build import folder, grant, program, request


class Counting(Policy):
    """The real policy, telling how often it was asked."""

    asked = 0

    def decide(self, request, grants):
        Counting.asked += 1
        return super().decide(request, grants)


@pytest.fixture
def standing(monkeypatch):
    monkeypatch.setattr(Counting, "asked", 0)
    return Standing(Counting())


def in_force(standing, book, run="r", always=()):
    return standing.grants(book.snapshot(run), always)


def test_the_same_request_is_judged_once_and_answered_for_itself(standing) -> None:
    book = GrantBook()
    book.add(grant("git"), "r")
    for number in range(5):
        asked = structs.replace(request("git", "status"), id=f"request-{number}")
        decision = standing.decide(asked, in_force(standing, book))
        assert decision == Policy().decide(asked, book.snapshot("r"))
        assert decision.request_id == asked.id
    assert Counting.asked == 1


@pytest.mark.parametrize(
    "other",
    [
        request("git", "push"),
        request("git", "status", env={"A": "b"}),
        request("git", "status", env={"LD_PRELOAD": "x"}),
        request("git", "status", program=program("/usr/bin/git", identity=replace(program().identity, mtime_ns=9))),
        request("git", "status", program=program("/usr/bin/git", sha256="1" * 64)),
        request("git", "status", program=program("/usr/bin/git", via=("/data/bin",))),
        request("sh", "status", program=program("/usr/bin/git")),
        request("git", "status", asker=replace(request("git").asker, module_sha256="cd" * 32)),
    ],
)
def test_another_request_is_judged_by_itself(standing, other) -> None:
    book = GrantBook()
    book.add(grant("git", ExactArguments((b"status",)), module_sha256=request("git").asker.module_sha256), "r")
    book.add(folder("/data"), "r")
    allowed = standing.decide(request("git", "status"), in_force(standing, book))
    assert allowed.effect is Effect.ALLOW
    decision = standing.decide(other, in_force(standing, book))
    assert decision == Policy().decide(other, book.snapshot("r"))
    assert Counting.asked == 2


def test_any_change_of_the_grants_is_judged_anew(standing) -> None:
    book, asked = GrantBook(), request("git", "status")
    kept = book.add(grant("git"), "r")
    assert standing.decide(asked, in_force(standing, book)).grant is kept
    denial = book.add(grant("git", effect=Effect.DENY))
    assert standing.decide(asked, in_force(standing, book)).effect is Effect.DENY
    book.revoke(denial.id)
    assert standing.decide(asked, in_force(standing, book)).effect is Effect.ALLOW
    always = (grant("git", effect=Effect.DENY),)
    assert standing.decide(asked, in_force(standing, book, always=always)).effect is Effect.DENY
    assert standing.decide(asked, in_force(standing, book)).effect is Effect.ALLOW
    book.revoke(kept.id)
    assert standing.decide(asked, in_force(standing, book)) is None


def test_grants_from_elsewhere_are_never_taken_for_those_in_force(standing) -> None:
    book, asked = GrantBook(), request("git", "status")
    book.add(grant("git"), "r")
    assert standing.decide(asked, in_force(standing, book)).effect is Effect.ALLOW
    assert standing.decide(asked, Grants()) is None
    assert standing.decide(asked, in_force(standing, book)).effect is Effect.ALLOW


def test_a_snapshot_stays_the_same_object_until_something_changes() -> None:
    book = GrantBook()
    changes = [
        lambda: book.add(grant("git"), "r"),
        lambda: book.add(folder("/data")),
        lambda: book.revoke("g1"),
        lambda: book.add(grant("ls"), "r"),
        lambda: book.end_run("r"),
        book.clear,
    ]
    for change in changes:
        before = book.snapshot("r")
        assert book.snapshot("r") is before
        change()
        assert book.snapshot("r") != before
