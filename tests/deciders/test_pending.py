"""The judge of what a view sends, without a kernel: every order of messages, and messages no front end would send."""

from __future__ import annotations

import select
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.deciders.pending import Answered, Closed, Mailbox, Pending, Ready

from .kernel_side import question


@pytest.fixture
def mailbox():
    with Mailbox() as box:
        yield box


def send(pending, **content):
    pending.receive("comm_msg", {"method": "custom", "content": {"id": "request-1", "nonce": pending.nonce, **content}})


def test_a_right_answer_is_taken_once(mailbox):
    pending = Pending(question(), mailbox, human_seconds=0)
    send(pending, choice="session")
    send(pending, choice="deny")
    event = mailbox.take()
    assert isinstance(event, Answered)
    assert event.offer.id == "session"
    assert mailbox.take() is None
    assert pending.ignored == 1


def test_ready_is_told_once_for_many_views(mailbox):
    pending = Pending(question(), mailbox)
    for _ in range(3):
        send(pending, ready=True)
    assert (mailbox.take(), mailbox.take(), pending.ignored) == (Ready(), None, 0)


def test_nothing_counts_after_the_end(mailbox):
    for end in (lambda p: p.close(), lambda p: p.receive("comm_close", {}), lambda p: send(p, choice="deny")):
        pending = Pending(question(), mailbox, human_seconds=0)
        end(pending)
        mailbox.take()
        send(pending, choice="once")
        pending.receive("comm_close", {})
        assert mailbox.take() is None
        assert pending.ignored == 2


def test_u05_allowing_takes_a_moment_and_denying_none(mailbox):
    pending = Pending(question(), mailbox, human_seconds=3600)
    send(pending, choice="once")
    assert mailbox.take() is None
    send(pending, choice="deny")
    assert mailbox.take().offer.id == "deny"


def test_nonces_differ_and_are_long():
    with Mailbox() as box:
        nonces = {Pending(question(), box).nonce for _ in range(50)}
    assert len(nonces) == 50
    assert min(map(len, nonces)) >= 32


@pytest.mark.parametrize("nonce", ["", "\ud800", "é", None, 1, b"x", [], {"a": 1}, True])
def test_u12_odd_nonces(mailbox, nonce):
    pending = Pending(question(), mailbox, human_seconds=0)
    send(pending, nonce=nonce, choice="once")
    assert mailbox.take() is None
    assert pending.ignored == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(["id", "nonce", "choice", "ready", "allow", "content", "method"])
VALUES = JSON | st.sampled_from(["request-1", "once", "session", "custom", "NONCE", True])


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=5) | JSON, max_size=5), st.booleans())
def test_u12_no_message_but_the_exact_one_is_believed(contents, wrapped):
    with Mailbox() as box:
        pending = Pending(question(), box, human_seconds=0)
        for content in contents:
            pending.receive("comm_msg", {"method": "custom", "content": content} if wrapped else content)
            assert box.take() is None  # the nonce was never guessed
        assert pending.ignored == len(contents)


def test_the_mailbox_wakes_a_waiting_thread(mailbox):
    assert not select.select([mailbox.fileno()], [], [], 0)[0]
    thread = threading.Thread(target=lambda: mailbox.post(Closed()))
    thread.start()
    assert select.select([mailbox.fileno()], [], [], 30)[0]
    thread.join()
    assert mailbox.take() == Closed()
    assert not select.select([mailbox.fileno()], [], [], 0)[0]


def test_a_flood_neither_blocks_nor_fills(mailbox):
    for _ in range(100_000):
        mailbox.post(Closed())
    taken = 0
    while mailbox.take():
        taken += 1
    assert 1 <= taken <= 8


def test_posting_after_the_end_does_nothing():
    with Mailbox() as box:
        pass
    box.post(Closed())
