"""X02 and W02 for guests that are called: a process that lies about calls, and what a guest leaves for a variable."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
import wasmtime

from ssvm_kernel.errors import GuestTrap, LimitReached, SsvmError, UsageError, WorkerDied
from ssvm_kernel.guest import Guest
from ssvm_kernel.library.component import ComponentFunction, component_functions
from ssvm_kernel.library.face import Library
from ssvm_kernel.library.wit import type_from
from ssvm_kernel.sandbox import workerprocess
from ssvm_kernel.sandbox.callmessages import MOST_ITEMS, MOST_VALUES, most_bytes
from ssvm_kernel.session import Session
from ssvm_kernel.variables import Variables, _Passed
from tests.host.approving import descriptor_count
from tests.library import components

from .hostile import NOISE
from .lying import LIES

BOOT = "import sys; sys.path[:] = {{path!r}}; from tests.attacks.lying import main; main({{fd}}, {{parent}}, {lie!r})"
WAT = r"""(module
  (memory (export "memory") 1)
  (func (export "ssvm_alloc") (param i32) (result i32) (i32.const 64))
  (func (export "same") (param i32) (result i32) (local.get 0))
  (func (export "bytes() -> bytes") (result i64) (i64.const 0)))"""
REFUSED = {"noise": GuestTrap, "noise in a refusal": UsageError}


@pytest.fixture(scope="module")
def session():
    session = Session()
    yield session
    session.close()


@pytest.mark.parametrize("lie", LIES)
def test_x02_a_process_that_lies_is_ended_and_nothing_else(session, monkeypatch, lie):
    guest = Library(session, Guest("lied-to", bytes(wasmtime.wat2wasm(WAT))))
    ask = partial(guest.same, 1)
    if lie == "a length without end":
        ask = guest.exports["bytes"]
    elif "description" in lie:
        ask = partial(component_functions, guest._opened)
    elif "value" in lie:
        ask = ComponentFunction(guest._opened, ("f",), (), type_from("string"))
    with monkeypatch.context() as patch:
        patch.setattr(workerprocess, "_BOOT", BOOT.format(lie=lie))
        session._pool.close()
        with pytest.raises(REFUSED.get(lie, WorkerDied)) as refused:
            ask()
        assert not {letter for letter in NOISE if not letter.isprintable()} & set(str(refused.value))
        session._pool.close()
    guest.close()
    assert guest.same(5) == 5


def test_descriptors_and_processes_end_with_the_guest(session):
    guest = Library(session, Guest("held", bytes(wasmtime.wat2wasm(WAT))))
    guest.same(1)
    pid = guest._opened._held.caller._worker.pid
    before = descriptor_count()
    for _ in range(3):
        guest.close()
        guest.same(1)
    assert descriptor_count() <= before
    last = guest._opened._held.caller
    del guest
    assert not last.alive
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_guest_without_end_is_ended(session):
    loop = Guest("loop", bytes(wasmtime.wat2wasm('(module (func (export "f") (loop (br 0))))')))
    with pytest.raises(LimitReached, match="--time-limit"):
        Library(session, loop).open(time_limit=0.2).f()


@pytest.mark.parametrize("make", ["link", "fifo", "folder", "nothing"])
def test_w02_what_is_left_for_a_variable_is_a_file_or_nothing(tmp_path, make):
    variables = Variables((), (_Passed("result", "out"),))
    try:
        (preopen,) = variables.preopens()
        place = Path(preopen.host, "out")
        secret = tmp_path / "secret"
        secret.write_text("secret")
        if make == "link":
            place.symlink_to(secret)
        elif make == "fifo":
            os.mkfifo(place)
        elif make == "folder":
            place.mkdir()
        with pytest.raises(SsvmError, match="the guest left"):
            variables.values()
    finally:
        variables.close()
    assert not Path(preopen.host).exists()


@pytest.mark.parametrize(
    ("type_", "most"),
    [
        ("string", MOST_VALUES),
        (["list", "string"], MOST_VALUES),
        (["option", ["list", ["list", "f64"]]], MOST_VALUES),
        (["result", [["ok", ["tuple", [["list", "u8"], "u64"]]], ["err", None]]], MOST_VALUES),
        (["list", ["flags", ["a"]]], MOST_ITEMS),
        (["list", ["list", ["list", "u8"]]], MOST_ITEMS),
        (["record", [["a", "u8"], ["b", ["variant", [["c", None], ["d", ["list", ["record", []]]]]]]]], MOST_ITEMS),
    ],
)
def test_x05_many_items_of_a_component_are_not_taken(type_, most):
    assert most_bytes(type_) == most


def test_x05_a_component_cannot_make_the_kernel_hold_much_more_than_it_sends(session):
    guest = Library(session, Guest("echo", bytes(wasmtime.wat2wasm(components.ECHO))))
    point = {"name": "x" * 100_000, "at": [], "set": True}
    assert guest.of_point([point] * 40) == [point] * 40
    with pytest.raises(UsageError, match="its results are more than 4 MiB: ask for fewer at once"):
        guest.of_point([point] * 45)
    assert guest.of_point([point]) == [point]
    guest.close()
