"""What a view of the picker may send, message by message."""

from __future__ import annotations

import pytest

from ssvm_kernel.capabilities.model import Access
from ssvm_kernel.deciders.pending import Closed, Mailbox, Ready
from ssvm_kernel.deciders.picking import Cancelled, Opened, Picked, Picking


@pytest.fixture
def mailbox():
    with Mailbox() as box:
        yield box


@pytest.fixture
def picking(mailbox):
    picking = Picking(mailbox, human_seconds=0.0)
    over, listed = picking.show(["/", "/a"], ["/a/b", "/a/b/c"])
    assert (over, listed) == (["f1", "f2"], ["f3", "f4"])
    return picking


def send(picking, **content):
    data = {"method": "custom", "content": {"id": picking.id, "nonce": picking.nonce, **content}}
    picking.receive("comm_msg", data)


def pick(picking, key="f4", access="read", name="c", **more):
    send(picking, pick=key, access=access, name=name, **more)


def test_a_folder_is_opened_and_picked_once(picking, mailbox):
    send(picking, ready=True)
    send(picking, ready=True)
    send(picking, open="f1")
    send(picking, open="f1")  # a double click: the listing is under way
    pick(picking)
    assert [mailbox.take() for _ in range(3)] == [Ready(), Opened("/"), None]
    picking.show([], ["/", "/x"])
    pick(picking, "f6", "read and write", "x")
    pick(picking, "f6")
    assert [mailbox.take() for _ in range(2)] == [Picked("/x", Access.READ_WRITE, "x"), None]
    assert picking.ignored == 3


def test_u12_only_what_is_on_the_screen_can_be_picked(picking, mailbox):
    pick(picking, "f1")  # a folder above is there to be opened
    pick(picking, "f9")
    pick(picking, "/a/b/c")
    send(picking, open="/etc")
    send(picking, open="f4")
    assert mailbox.take() == Opened("/a/b/c")
    picking.show(["/"], ["/a/b/c"])
    for key in ("f1", "f2", "f3", "f4"):  # of the listing before
        pick(picking, key)
        send(picking, open=key)
    assert mailbox.take() is None
    assert picking.ignored == 12


FORGED = {
    "wrong nonce": {"nonce": "x"},
    "nonce that is no text": {"nonce": None},
    "wrong id": {"id": "other"},
    "access not offered": {"access": "all"},
    "access that is a list": {"access": ["read"]},
    "name that is no text": {"name": None},
    "more than the answer": {"path": "/etc"},
    "key that is a list": {"pick": ["f4"]},
    "ready as well": {"ready": True},
}


@pytest.mark.parametrize("name", sorted(FORGED))
def test_u12_what_is_not_exactly_an_answer_is_ignored(picking, mailbox, name):
    send(picking, **{"pick": "f4", "access": "read", "name": "c", **FORGED[name]})
    assert mailbox.take() is None
    assert picking.ignored == 1
    pick(picking)
    assert mailbox.take() == Picked("/a/b/c", Access.READ, "c")


@pytest.mark.parametrize("data", [None, "f4", [], {"method": "update"}, {"method": "custom", "content": None}])
def test_u12_other_data_is_ignored(picking, mailbox, data):
    picking.receive("comm_msg", data)
    assert mailbox.take() is None


def test_u05_nobody_picks_before_they_can_have_read(mailbox):
    picking = Picking(mailbox, human_seconds=3600)
    picking.show([], ["/a"])
    pick(picking, "f1")
    assert mailbox.take() is None
    send(picking, cancel=True)  # to grant nothing is never too early
    assert mailbox.take() == Cancelled()


def test_nothing_counts_after_the_end(picking, mailbox):
    send(picking, cancel=True)
    pick(picking)
    picking.receive("comm_close", {})
    assert [mailbox.take(), mailbox.take()] == [Cancelled(), None]


def test_a_closed_comm_is_told_also_while_a_folder_is_listed(picking, mailbox):
    send(picking, open="f3")
    picking.receive("comm_close", {})
    assert [mailbox.take(), mailbox.take()] == [Opened("/a/b"), Closed()]
