"""The book of grants: what is in force, from where, how old, how often used, and how to take it back (rule 16)."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.grants import GrantBook, describe
from ssvm_kernel.capabilities.model import (
    Access,
    Effect,
    EnvGrant,
    ExactArguments,
    Grants,
    Origin,
    Scope,
)
from ssvm_kernel.capabilities.policy import Policy
from tests.capabilities.build import blanket, folder, grant, quick, request

SESSION = {"scope": Scope.SESSION, "origin": Origin.PERSON}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_rule_1_a_new_book_grants_nothing():
    assert GrantBook().snapshot() == Grants()
    assert GrantBook().rows() == ()


def test_a_grant_is_kept_with_a_name_and_a_time():
    book = GrantBook(Clock())
    kept = book.add(grant("git", **SESSION))
    assert kept == replace(grant("git", **SESSION), id=kept.id, created=1000.0)
    assert kept.id
    assert book.snapshot().commands == (kept,)
    assert book.add(replace(kept, created=5.0, name=b"old")).created == 5.0


def test_the_same_grant_twice_is_kept_once():
    book = GrantBook()
    assert book.add(grant("git", **SESSION)) == book.add(grant("git", **SESSION))
    assert len(book.rows()) == 1
    assert book.add(grant("git", **SESSION), run="r1").id != book.rows()[0].id


def test_an_answer_for_once_is_never_kept():
    with pytest.raises(ValueError, match="once"):
        GrantBook().add(grant("git", scope=Scope.ONCE))


def test_rule_16_a_revoked_grant_decides_nothing_any_more():
    book = GrantBook()
    kept = book.add(grant("git", **SESSION))
    before = book.snapshot()
    assert Policy().decide(request("git"), book.snapshot()).effect is Effect.ALLOW
    assert book.revoke(kept.id)
    assert Policy().decide(request("git"), book.snapshot()) is None
    assert before.commands == (kept,)  # a snapshot never changes
    assert not book.revoke(kept.id)
    assert not book.revoke("no such")


def test_rule_16_whoever_watches_hears_of_it_at_once():
    book = GrantBook()
    heard = []
    stop = book.watch(heard.append)
    first, second, third = (book.add(grant(name, **SESSION)) for name in ("git", "ls", "cat"))
    book.revoke(first.id)
    assert heard == [first]
    book.end_run("r1")
    assert heard == [first]
    book.clear()
    assert heard == [first, second, third]
    stop()
    stop()
    book.revoke(book.add(first).id)
    assert len(heard) == 3


def test_a_watcher_may_use_the_book():
    book = GrantBook()
    seen = []
    book.watch(lambda _: seen.append(book.snapshot()))
    book.revoke(book.add(grant("git", **SESSION)).id)
    assert seen == [Grants()]


def test_a_watcher_that_has_stopped_is_not_being_told_any_more():
    """It closes what it was told through; that number may then be another file's."""
    book = GrantBook()
    told, go_on, over = threading.Event(), threading.Event(), []

    def slow(_):
        told.set()
        go_on.wait(20)
        over.append("told")

    stop = book.watch(slow)
    revoking = threading.Thread(target=book.revoke, args=[book.add(grant("git", **SESSION)).id])
    revoking.start()
    assert told.wait(20)
    threading.Timer(0.2, go_on.set).start()
    stop()
    assert over == ["told"]
    revoking.join()


def test_a_book_holds_a_grant_until_it_is_taken_back():
    book = GrantBook()
    kept = book.add(grant("git", **SESSION))
    assert book.holds(kept.id)
    book.revoke(kept.id)
    assert not book.holds(kept.id)


def test_grants_of_a_run_are_for_that_run_and_end_with_it():
    book = GrantBook()
    session = book.add(grant("git", **SESSION))
    mine = book.add(grant("ls"), run="r1")
    theirs = book.add(grant("cat"), run="r2")
    assert book.snapshot().commands == (session,)
    assert book.snapshot("r1").commands == (session, mine)
    assert {row.id for row in book.rows()} == {session.id, mine.id, theirs.id}
    book.end_run("r1")
    assert book.snapshot("r1").commands == (session,)
    assert book.snapshot("r2").commands == (session, theirs)
    book.end_run("")
    assert book.snapshot().commands == (session,)


def test_rule_16_the_table():
    clock = Clock()
    book = GrantBook(clock)
    command = book.add(grant("git", ExactArguments((b"status",)), module_sha256="ab" * 32, **SESSION))
    book.add(folder("/data", Access.READ_WRITE))
    book.add(folder("/data", Access.READ))
    book.add(EnvGrant("TOKEN", "hunter2"))
    book.add(blanket(Effect.DENY))
    book.used(command.id)
    book.used(command.id)
    book.used("no such")
    clock.now += 60
    rows = book.rows()
    assert [row.kind for row in rows] == ["command", "folder", "folder", "environment", "command"]
    first = rows[0]
    assert (first.what, first.effect, first.uses, first.age) == ('--allow-command "git status"', "allow", 2, 60.0)
    assert (first.scope, first.origin, first.module_sha256) == (Scope.SESSION, Origin.PERSON, "ab" * 32)
    assert [row.effect for row in rows[1:3]] == ["read", "read"]  # what is in force, not what was written (W13)
    assert rows[3].what == "--env TOKEN"
    assert "hunter2" not in repr(rows)
    assert (rows[4].what, rows[4].effect) == ("every command", "deny")


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        (grant("git", ExactArguments((b"\xff",))), "the program /usr/bin/git"),
        (folder("/a\u202eb"), "the folder /a\\u202eb"),
        (EnvGrant("A\nB", "x"), "the variable A\\x0aB"),
    ],
)
def test_what_no_option_can_say_is_described(given_, words):
    assert describe(given_) == words


@quick
@given(st.lists(st.tuples(st.sampled_from(["add", "revoke", "end"]), st.integers(0, 3)), max_size=12))
def test_the_book_holds_what_was_added_and_not_taken_back(steps):
    book, expected = GrantBook(), {}
    for step, number in steps:
        name, run = f"p{number}", f"r{number % 2}"
        if step == "add":
            expected[name] = (book.add(grant(name), run).id, run)
        elif step == "revoke" and name in expected:
            assert book.revoke(expected.pop(name)[0])
        elif step == "end":
            book.end_run(run)
            expected = {key: value for key, value in expected.items() if value[1] != run}
        assert {row.id for row in book.rows()} == {key for key, _ in expected.values()}


def test_threads_may_add_and_revoke_together():
    book = GrantBook()

    def work(number):
        for step in range(200):
            kept = book.add(grant(f"p{number}-{step}"))
            book.used(kept.id)
            book.snapshot()
            book.rows()
            assert book.revoke(kept.id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert book.rows() == ()
