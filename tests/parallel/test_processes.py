"""A map over locked processes of this machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import wasmtime

from ssvm_kernel.authority import search_path
from ssvm_kernel.capabilities.model import Scope
from ssvm_kernel.capabilities.parse import parse_command
from ssvm_kernel.errors import (
    DeniedError,
    GrantRevoked,
    GuestExit,
    GuestInterrupted,
    GuestTrap,
    LimitReached,
    MapError,
    UsageError,
)
from ssvm_kernel.guest import Guest
from ssvm_kernel.host.resolve import resolve_program
from ssvm_kernel.library.face import Library
from ssvm_kernel.parallel.work import RunWork
from tests.host.approving import descriptor_count

STARTED = """
import concurrent.futures, threading, time

def slowly(self, *args, **more):  # as between two threads that come at once
    time.sleep(0.2)
    made(self, *args, **more)

made = concurrent.futures.ThreadPoolExecutor.__init__
concurrent.futures.ThreadPoolExecutor.__init__ = slowly
from ssvm_kernel.parallel import lanes
from ssvm_kernel.sandbox.job import Job

def started():
    starters.add(threading.get_native_id())
    return worker()

worker, lanes.Worker = lanes.Worker, started
lock, starters = Job(b"", "", "jit").lock, set()
threads = [threading.Thread(target=lambda: lanes._Workers().take_new("", lock)) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(starters), starters <= {thread.native_id for thread in threading.enumerate()})
"""


def test_one_thread_starts_all_workers_and_stays():
    """On Linux a worker ends with the thread that started it."""
    done = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "1 True\n"


def test_results_are_in_the_order_of_the_items(library):
    assert library.map("half", range(0, 2000, 2), workers=2) == list(range(1000))
    assert library.map("half", range(0, 20, 2), workers=2, batch=1) == list(range(10))
    assert library.map("add", [(1, 0.5), (2, 0.25)], workers=2) == [1.5, 2.25]
    assert library.map(library.half, [4]) == [2]
    assert library.map("half", []) == []


def test_each_item_has_an_instance_of_its_own(library):
    assert library.map("next", range(50), workers=2) == [1] * 50


def test_runs_take_arguments_and_stdin(program):
    runs = program.map([], ["aone", ["ignored", "atwo"]], workers=2)
    assert [(run.stdout, run.stderr, run.exit_code) for run in runs] == [
        ("one", "to stderr", 0),
        ("two", "to stderr", 0),
    ]
    assert [run.stdout for run in program.map(["x", "y"], ["n", ["z", "n"]])] == ["4", "5"]
    data = os.urandom(300_000)  # with zeros, and with whatever a mark may be
    runs = program.map(["e"], [b"", data, {"args": ["e"], "stdin": "text"}], workers=2)
    assert [run.stdout_bytes for run in runs] == [b"", data, b"text"]
    assert program.map(["e"], [[]], stdin="for all")[0].stdout == "for all"


def test_a_thousand_small_runs_keep_their_output_apart(program):
    runs = program.map([], [f"a{number}" for number in range(1000)], workers=2)
    assert [run.stdout for run in runs] == [str(number) for number in range(1000)]
    assert {run.stderr for run in runs} == {"to stderr"}


def test_no_more_is_kept_than_was_said(program):
    (run,) = program.map([], ["p"], result_limit=1000)
    assert (len(run.stdout_bytes), run.more_stdout, run.truncated) == (1000, 3 * 2**20 - 1000, True)


def test_an_error_carries_its_item(program, library):
    with pytest.raises(MapError) as caught:
        library.map("half", [2, 4, 7, 8], workers=2)
    assert (caught.value.index, caught.value.item) == (2, 7)
    assert isinstance(caught.value.error, GuestTrap)
    with pytest.raises(MapError, match="item 1, 'x'") as caught:
        program.map([], ["a", "x", "t"], workers=2, batch=1)
    assert isinstance(caught.value.error, GuestExit)
    assert caught.value.result.exit_code == 3


def test_errors_stand_in_their_places_when_they_are_wanted(program, library):
    found = library.map("half", range(6), workers=2, return_exceptions=True)
    assert [found[0], found[2], found[4]] == [0, 1, 2]
    assert [error.item for error in found if isinstance(error, MapError)] == [1, 3, 5]
    runs = program.map([], ["a1", "t", "x", "a2"], workers=1, return_exceptions=True)
    assert [runs[0].stdout, runs[3].stdout] == ["1", "2"]
    assert isinstance(runs[1].error, GuestTrap)
    assert "unreachable" in runs[1].result.trap
    assert [run.exit_code for run in program.map([], ["x", "a"], no_raise=True)] == [3, 0]


def test_runs_whose_module_exits_as_it_is_instantiated(session):
    text = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func $begin (call $exit (i32.const CODE))) (start $begin) (func (export "_start") unreachable))"""
    for code in (0, 3):
        guest = Guest("exits", bytes(wasmtime.wat2wasm(text.replace("CODE", str(code)))))
        session.guests["exits"] = guest
        runs = Library(session, guest).map([], ["a", "b"], workers=1, no_raise=True)
        assert [(run.exit_code, run.stdout) for run in runs] == [(code, "")] * 2


def test_an_endless_item_ends_alone(program, library):
    runs = program.map([], ["a1", "l", "a2"], workers=1, time_limit=1.5, return_exceptions=True)
    assert [runs[0].stdout, runs[2].stdout] == ["1", "2"]
    assert isinstance(runs[1].error, LimitReached)
    found = library.map("until", [1, 5, 2], workers=1, time_limit=1.5, return_exceptions=True)
    assert (found[0], found[2]) == (1, 2)
    assert (found[1].index, found[1].error.limit) == (1, "time")


def test_commands_are_denied_unasked_and_told(session, program, capsys):
    before = session.ledger.written
    with pytest.raises(MapError) as caught:
        program.map([], ["cuname"], workers=1)
    assert isinstance(caught.value.error, DeniedError)
    assert "--allow-command =uname" in str(caught.value)
    (line,) = session.ledger.since(before)
    assert (line.decision.effect, line.request.cell, line.request.argv) == ("deny", "In [7]", ["uname"])
    program.map([], ["cuname"] * 3, workers=1, no_raise=True)
    assert "nobody is asked" in capsys.readouterr().out


def test_granted_commands_run_and_are_in_the_ledger(session, program):
    before = session.ledger.written
    runs = program.map([], ["cuname", "cuname", "aother"], workers=2, batch=1, allow_command=["uname"])
    assert [run.stdout.strip() for run in runs] == [os.uname().sysname, os.uname().sysname, "other"]
    lines = session.ledger.since(before)
    assert [(line.decision.effect, line.outcome.status) for line in lines] == [("allow", 0)] * 2
    assert [line.seq for line in lines] == [before + 1, before + 2]


def test_grants_of_the_session_travel_and_are_counted(session, program):
    from dataclasses import replace

    resolve = lambda name: resolve_program(name, search_path=search_path())  # noqa: E731
    grant = session.grants.add(replace(parse_command("uname", resolve), scope=Scope.SESSION))
    try:
        program.map([], ["cuname"] * 4, workers=2)
        assert next(row.uses for row in session.grant_rows() if row.id == grant.id) == 4
    finally:
        session.grants.revoke(grant.id)
    with pytest.raises(MapError):
        program.map([], ["cuname"])


def test_a_map_ends_when_its_grant_is_taken_back(session, program):
    from dataclasses import replace

    resolve = lambda name: resolve_program(name, search_path=search_path())  # noqa: E731
    grant = session.grants.add(replace(parse_command("uname", resolve), scope=Scope.SESSION))
    before, over = session.ledger.written, threading.Event()

    def take_back() -> None:
        while session.ledger.written == before and not over.wait(0.05):
            pass  # nothing has come back by this grant
        session.grants.revoke(grant.id)

    taking = threading.Thread(target=take_back)
    taking.start()
    try:
        with pytest.raises(GrantRevoked):
            program.map([], ["cuname", "l"], workers=2, batch=1)
    finally:
        over.set()
        taking.join()


def test_folders_are_what_was_granted(program, tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "note").write_text("read")
    (tmp_path / "secret").write_text("secret")
    (run,) = program.map([], ["fnote"], dirs=[f"/in:{tmp_path / 'in'}:ro"])
    assert run.stdout == "read"
    for name in ("f../secret", f"f{tmp_path / 'secret'}"):
        with pytest.raises(MapError) as caught:
            program.map([], [name], dirs=[f"/in:{tmp_path / 'in'}:ro"])
        assert "may not use" in str(caught.value)


def test_an_interrupt_ends_all_and_the_next_map_works(session, program):
    interrupted = threading.Timer(1.5, os.kill, [os.getpid(), 2])
    interrupted.start()
    started = time.monotonic()
    with pytest.raises(GuestInterrupted, match="0 of 4 items"):
        program.map([], ["l"] * 4, workers=2, batch=1)
    assert time.monotonic() - started < 60
    assert program.map([], ["aagain"], workers=2)[0].stdout == "again"


def commands_of_ours(name: str) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            head, _, rest = place.read_text().rpartition(")")
            if head.endswith(f"({name}") and rest.split()[1] == str(os.getpid()):
                found.append(place.parent.name)
    return found


def test_an_interrupt_ends_commands_too(program):
    def interrupt() -> None:
        end = time.monotonic() + 60
        while len(commands_of_ours("yes")) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt).start()
    with pytest.raises(GuestInterrupted):
        program.map([], ["cyes"] * 2, workers=2, batch=1, allow_command=["=yes"])
    deadline = time.monotonic() + 50
    while commands_of_ours("yes") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert commands_of_ours("yes") == []


def test_what_cannot_be_given_is_said_before_anything_runs(program, library):
    for call, said in (
        (lambda: program.map([], ["a", 3]), "item 1, 3"),
        (lambda: program.map([], ["a\0"]), "item 0"),
        (lambda: program.map([], ["\ud800"]), "item 0"),
        (lambda: program.map([], ["a", {"args": 5}]), "item 1, {'args': 5}"),
        (lambda: library.map("half", [1.5]), "item 0"),
        (lambda: library.map("hlaf", [1]), "half"),
        (lambda: library.map("half", [2], allow_comand=["x"]), "allow_command"),
        (lambda: library.map("half", [2], workers=-1), "workers"),
        (lambda: library.map("half", [2], batch=-1), "batch"),
        (lambda: library.map("half", [2], executor=3), "submit"),
        (lambda: library.map(["a"], ["x"]), "_start"),
    ):
        with pytest.raises(Exception, match=said) as caught:
            call()
        assert not isinstance(caught.value, TypeError)
    with pytest.raises(UsageError):
        RunWork([{"argv": []}])


def test_nothing_is_left_behind(program):
    """Neither descriptors nor folders: maps come by the hundred."""
    program.map([], ["a"] * 4, workers=2, batch=1)
    before = descriptor_count()
    for _ in range(20):
        program.map([], ["a", "t", "cuname"], workers=2, batch=1, return_exceptions=True, dirs=[])
    assert descriptor_count() <= before + 4  # spare pipes


def test_a_component_says_what_it_has_instead(session):
    guest = Guest("component", b"\0asm\x0d\0\x01\0")
    with pytest.raises(UsageError, match="for modules"):
        Library(session, guest).map("f", [1])
