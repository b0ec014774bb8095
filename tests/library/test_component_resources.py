"""Resources of a component: they stay in the guest's process, and Python has handles of them."""

from __future__ import annotations

import copy
import pickle

import pytest

from ssvm_kernel.errors import GuestTrap, UsageError
from ssvm_kernel.library.handles import Handle, Home
from ssvm_kernel.library.wit import type_from

from . import components


@pytest.fixture(scope="module")
def guest(library):
    return library(components.COUNTERS, "counters")


@pytest.fixture(autouse=True)
def _begin(guest):
    guest.reset()


def test_a_resource_has_methods(guest):
    assert repr(guest.exports).splitlines() == [
        "[constructor]counter(start: u32) -> counter  # of demo:test/counters",
        "[method]counter.next-one(self: borrow<counter>) -> u32  # of demo:test/counters",
        "[static]counter.eat(it: counter) -> u32  # of demo:test/counters",
        "pass(it: counter) -> list<counter>  # of demo:test/counters",
        "ended() -> u32",
    ]
    first, second = guest.counter(5), guest.counter(50)
    assert [first.next_one(), second.next_one(), first.next_one()] == [6, 51, 7]
    assert guest.counter_next_one(first) == 8
    assert guest.counter_next_one.map([first, second]) == [9, 52]
    assert repr(first) == "<counter, a resource of a guest>"
    assert "next_one" in dir(first)
    with pytest.raises(AttributeError, match="has no method 'next_two'"):
        _ = first.next_two


def test_who_takes_it_has_it(guest):
    counter = guest.counter(5)
    (passed,) = guest.exports["pass"](counter)
    with pytest.raises(UsageError, match=r"self takes counter, and this one was closed or given away"):
        counter.next_one()
    assert passed.next_one() == 6
    assert guest.ended() == 0
    assert guest.counter_eat(passed) == 6
    assert guest.ended() == 1


def test_it_is_given_with_the_call_and_once(guest):
    counter = guest.counter(5)
    with pytest.raises(UsageError, match="it takes counter, and str 'x' is none"):
        guest.counter_eat.map([counter, "x"])
    assert counter.next_one() == 6
    with pytest.raises(UsageError, match="can be given away once"):
        guest.counter_eat.map([counter, counter])
    assert guest.counter(1).next_one() == 2


def test_it_ends_when_nobody_has_it(guest):
    with guest.counter(1) as counter:
        assert counter.next_one() == 2
    assert guest.ended() == 1
    with pytest.raises(UsageError, match="closed or given away"):
        counter.next_one()
    counter.close()
    counter = guest.counter(2)
    del counter
    assert guest.ended() == 2
    kept = guest.counter.map([1, 2, 3])
    assert guest.ended() == 2
    del kept
    assert guest.ended() == 5


def test_an_end_that_fails_ends_the_instance(guest):
    other = guest.counter(1)
    guest.counter(13).close()
    with pytest.raises(GuestTrap, match="unreachable"):
        guest.ended()
    with pytest.raises(UsageError, match="its resource is gone, with the instance that it was of"):
        other.next_one()
    assert guest.ended() == 0
    assert guest.counter(1).next_one() == 2


def test_it_ends_with_its_instance_and_is_no_other_s(guest):
    counter = guest.counter(5)
    assert guest.counter(7, fresh=True)._number > 0
    with pytest.raises(UsageError, match="its resource is gone"):
        guest.counter(7, fresh=True).next_one()
    with pytest.raises(UsageError, match="its resource is gone"):
        counter.next_one(fresh=True)
    assert counter.next_one() == 6
    guest.reset()
    again = guest.counter(50)
    with pytest.raises(UsageError, match="its resource is gone"):
        counter.next_one()
    assert again.next_one() == 51
    guest.close()  # the next process has other numbers
    assert guest.counter(60).next_one() == 61
    with pytest.raises(UsageError, match="its resource is gone"):
        again.next_one()
    with guest.open() as other, pytest.raises(UsageError, match="this is <counter, a resource of a guest> of another"):
        other.counter_next_one(again)


@pytest.mark.parametrize("wrong", [5, None, "counter", object()])
def test_what_is_no_resource_is_refused(guest, wrong):
    with pytest.raises(UsageError, match=r"self takes borrow<counter>, and .* is none"):
        guest.counter_next_one(wrong)


def test_it_stays_with_its_guest(guest):
    counter = guest.counter(5)
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be copied or sent"):
            leave(counter)
    assert counter.next_one() == 6


def test_the_guest_ends_when_nobody_has_it(library):
    guest = library(components.COUNTERS, "held")
    counter = guest.counter(5)
    last = guest._opened._held.caller
    guest._session.guests.clear()
    del guest
    assert not last.alive
    with pytest.raises(AttributeError, match="or its guest is gone"):
        counter.next_one()


def test_x02_what_a_process_that_lies_calls_a_resource():
    home = Home([])
    own, borrow = type_from(["own", "a#b"], home), type_from(["borrow", "a#b"], home)
    assert (own.text, borrow.text) == ("b", "borrow<b>")
    for raw in (0, -1, True, 1.0, "1", None, 1 << 63, [1]):
        with pytest.raises(ValueError, match="b"):
            own.lift(raw)
    with pytest.raises(ValueError, match="b"):
        borrow.lift(1)
    for tree in (["own", ""], ["own", 5], ["borrow", None]):
        with pytest.raises(UsageError, match="has no values in Python"):
            type_from(tree, home)
    with pytest.raises(UsageError, match="has no values in Python"):
        type_from(["own", "a#b"])
    noisy = type_from(["own", "a#b\x1b[2J\u202e"], home)
    assert noisy.text.isprintable()
    assert repr(Handle(home, "a#b\x1b[2J\u202e", 1)).isprintable()


def test_ten_thousand_resources_come_and_go(guest):
    for _ in range(10):
        assert len(guest.counter.map(range(100, 1100))) == 1000
    assert guest.ended() == 10_000
