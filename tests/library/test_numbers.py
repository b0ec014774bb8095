"""Functions of numbers: called, mapped, and what they say when they cannot be."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import wasmtime

import ssvm_kernel
from ssvm_kernel import calls
from ssvm_kernel.errors import DeniedError, GuestExit, GuestTrap, LimitReached, LoadError, UsageError
from ssvm_kernel.guest import Guest
from ssvm_kernel.library.face import Library
from ssvm_kernel.sandbox import wire

from . import guests


def test_values(numbers):
    assert numbers.fib(20) == 6765
    assert numbers.add64(-5, 2**62) == 2**62 - 5
    assert numbers.halves(3, 5.5) == (1.5, 2.75)
    assert numbers.same(2**32 - 1) == -1
    assert numbers.hello() is None
    assert numbers.exports["fib"](a0=5) == 5


def test_parameters_can_have_names_that_python_keeps_for_itself(session):
    text = '(module (func (export "minus(in: i32, is: i32) -> i32") (param i32 i32) (result i32) {}))'
    wasm = wasmtime.wat2wasm(text.format("(i32.sub (local.get 0) (local.get 1))"))
    minus = Library(session, Guest("minus", bytes(wasm))).minus
    assert minus(5, 3) == minus(is_=3, in_=5) == 2


def test_numbers_of_numpy(numbers):
    np = pytest.importorskip("numpy")
    assert numbers.fib(np.int64(7)) == 13
    assert numbers.halves(np.float32(1), np.float64(2)) == (0.5, 1.0)
    assert numbers.fib.map(np.arange(5)) == [0, 1, 1, 2, 3]


def test_state_is_kept_or_fresh(numbers):
    numbers.reset()
    assert [numbers.next(), numbers.next(), numbers.next(fresh=True), numbers.next()] == [1, 2, 1, 3]
    assert numbers.next.map([()] * 3) == [4, 5, 6]
    assert numbers.next.map([()] * 3, fresh=True) == [1, 1, 1]
    with numbers.open() as other:
        assert other.next() == 1
    assert numbers.next() == 7


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda guest: guest.fib(1.5), "fib: a0 takes i32, and float 1.5 is none"),
        (lambda guest: guest.fib("1"), "fib: a0 takes i32, and str '1' is none"),
        (lambda guest: guest.fib(2**32), "4294967296 is not in -2147483648 … 4294967295"),
        (lambda guest: guest.add64(0, -(2**63) - 1), "is not in"),
        (lambda guest: guest.halves(1e39, 0), r"takes f32, and 1e\+39 is none"),
        (lambda guest: guest.halves(None, 0), "takes f32, and NoneType None is none"),
        (lambda guest: guest.fib(), r"fib\(a0: i32\) -> i32 takes 1 argument, and here are 0"),
        (lambda guest: guest.fib(b=1), "fib.*unexpected keyword|fib.*missing"),
        (lambda guest: guest.fib.map([1, "x"]), "item 1: fib: a0 takes i32"),
        (lambda guest: guest.div.map([1]), "item 0: .* takes a tuple"),
        (lambda guest: guest.vector(1), "cannot be called: its type .* has v128"),
        (lambda guest: guest.exports["fibb"], "did you mean fib"),
        (lambda guest: guest.open(dir=["."]), "there is no option 'dir' for this; did you mean dirs"),
        (lambda guest: guest.open(time_limit="x"), "time_limit does not take 'x'"),
        (lambda guest: guest.open(engine="both"), "one engine"),
        (
            lambda guest: guest.memory.read(65536, 1),
            r"^the guest's memory has 65536 bytes: there are no 1 bytes at 65536",
        ),
        (lambda guest: guest.map("fib", 5), "items are a list, or another thing to go through, and int is none"),
        (lambda guest: guest.memory.write(65530, b"1234567"), "there are no 7 bytes at 65530"),
        (lambda guest: guest.memory.read(-1, 1), "offset is a number"),
    ],
)
def test_what_is_refused_says_why(numbers, call, text):
    with pytest.raises(UsageError, match=text):
        call(numbers)
    assert numbers.fib(3) == 2


def test_a_name_that_is_none(numbers):
    with pytest.raises(AttributeError, match="has no 'fibb'; did you mean fib"):
        _ = numbers.fibb


def test_help(numbers):
    assert numbers.fib.__doc__.startswith("fib(a0: i32) -> i32, a function of the guest numbers.")
    assert str(numbers.fib.__signature__) == "(a0: i32, *, fresh=False) -> i32"
    assert "halves(a0: f32, a1: f64) -> (f32, f64)" in repr(numbers.exports)
    assert "<code>fib(a0: i32) -&gt; i32</code>" in numbers.exports._repr_html_()
    assert {"fib", "exports", "memory"} <= set(dir(numbers))


def test_a_trap_ends_the_instance_and_the_next_call_begins_one(numbers, capsys):
    numbers.reset()
    numbers.next()
    with pytest.raises(GuestTrap, match="numbers trapped: integer divide by zero") as trapped:
        numbers.div(1, 0)
    assert trapped.value.kind == "integer divide by zero"
    capsys.readouterr()
    assert numbers.next() == 1
    assert "[ssvm] a new instance of numbers begins" in capsys.readouterr().err
    assert numbers.next() == 2
    with pytest.raises(GuestTrap, match="item 2: "):
        numbers.div.map([(4, 2), (4, 4), (1, 0), (1, 1)])
    with pytest.raises(GuestTrap):
        numbers.div(1, 0, fresh=True)


def test_the_time_limit(numbers):
    slow = numbers.open(time_limit=0.3)
    with pytest.raises(LimitReached, match="--time-limit"):
        slow.loop()
    assert slow.fib(10) == 55


def test_what_it_prints_is_shown(numbers, capfd):
    numbers.reset()
    numbers.hello()
    numbers.hello(fresh=True)
    assert capfd.readouterr().out == "hello\nhello\n"


def test_memory(numbers, capfd):
    numbers.reset()
    memory = numbers.memory
    assert (memory.size, len(memory)) == (65536, 65536)
    assert memory.read(16, 6) == b"hello\n"
    memory.write(16, b"HELLO")
    numbers.hello()
    assert capfd.readouterr().out == "HELLO\n"
    np = pytest.importorskip("numpy")
    part = memory.array("u4", 8, 2)
    assert part.tolist() == [16, 6]
    part[:] = 0  # a copy
    assert memory.array(np.uint32, 8, 2).tolist() == [16, 6]
    memory.write(1024, np.arange(3, dtype="<f8"))
    assert memory.array("f8", 1024, 3).tolist() == [0, 1, 2]


def test_what_is_too_much_at_once_ends_nothing(library, monkeypatch):
    guest = library(guests.NUMBERS, "large")
    assert guest.next() == 1
    monkeypatch.setattr(calls, "MAX_BLOB_FROM_WORKER", 1 << 20)
    over = (1 << 20) + 1
    for deed in (lambda: guest.memory.read(0, over), lambda: guest.memory.write(0, bytes(over))):
        with pytest.raises(UsageError, match="at most 1 MiB of a memory at once: read or write it in parts"):
            deed()
    monkeypatch.setattr(wire, "MAX_BLOB", 100)
    with pytest.raises(UsageError, match="too much for the guest's process at once"):
        guest.memory.write(0, bytes(101))
    assert guest.next() == 2


def test_an_instance_that_is_gone_after_any_error_is_told(library, monkeypatch, capfd):
    def broken(self, data):
        raise ZeroDivisionError

    guest = library(guests.NUMBERS, "lost")
    assert guest.next() == 1
    with monkeypatch.context() as patch:
        patch.setattr(calls.GuestStreams, "stdout", broken)
        with pytest.raises(ZeroDivisionError):
            guest.hello()
    assert guest.next() == 1
    assert "without the state of the one whose process is gone" in capfd.readouterr().err


def test_memory_of_a_guest_that_ends_as_it_begins(library):
    """It is asked for before any function is called, and the guest's ``_initialize`` traps or exits then."""
    for what, error in (("unreachable", GuestTrap), ("(call $exit (i32.const 3))", GuestExit)):
        ends = library(guests.ENDS_AS_IT_BEGINS.replace("WHAT", what), "ends")
        for read in (lambda ends=ends: ends.memory.read(0, 1), lambda ends=ends: ends.memory.size):
            with pytest.raises(error, match=r"unreachable|3"):
                read()
        with pytest.raises(error):
            ends.one()


def test_a_command_is_refused_and_then_granted(session, library, capfd):
    guest = library(guests.ASKS, "asks")
    with pytest.raises(DeniedError, match=r'(?s)may not run true.*ssvm\["asks"\]\.open') as denied:
        guest.ask()
    assert "--allow-command" in str(denied.value)
    capfd.readouterr()
    with guest.open(no_raise=True) as quiet:
        assert [quiet.ask(), quiet.ask()] == [-1, -1]
    said = capfd.readouterr().out
    assert (
        "ssvm · asks was denied this:\n  true: nobody can be asked here\n    to grant it: --allow-command =true\n"
        in said
    )
    assert said.count("denied") == said.count('ssvm["asks"].open') == 1  # in the first call only
    assert guest.open(allow_command=["=true"]).ask() == 0
    line = session.ledger.lines()[-1]
    assert (line.request.argv[0], line.decision.effect) == ("true", "allow")


def test_an_instance_that_is_denied_something_and_ends_has_ended(library, capfd):
    guest = library(guests.ASKS_AND_ENDS, "asks-and-ends")
    with pytest.raises(DeniedError, match="may not run true"):
        guest.ask()
    capfd.readouterr()
    assert (guest.one(), guest.one()) == (1, 1)
    assert capfd.readouterr().err.count("without the state of the one that ended") == 1


def test_limits_of_commands_are_of_each_call(library):
    with library(guests.ASKS, "asks").open(allow_command=["=true"], max_commands=1) as guest:
        assert [guest.ask() for _ in range(3)] == [0, 0, 0]


def test_a_function_shows_something_where_that_is_granted(library, capfd):
    guest = library(guests.SHOWS, "shows")
    assert guest.open(no_raise=True).show() == 1
    assert guest.open(display=True).show() == 0
    assert "a table (CSV, 2 columns, 0 rows)" in capfd.readouterr().out


def test_a_guest_outlives_the_thread_that_called_it_first(library):
    guest = library(guests.NUMBERS, "elsewhere")
    for _ in range(3):
        thread = threading.Thread(target=guest.next)
        thread.start()
        thread.join()
        time.sleep(0.1)  # for what ends with the thread
        assert guest._opened._held.caller._worker.alive
    assert guest.next() == 4


def test_threads_that_begin_at_once_have_a_worker_each(library):
    made = [library(guests.NUMBERS, f"at-once-{index}") for index in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda guest: guest.same(7), made)) == [7] * 4
    assert len({guest._opened._held.caller._worker.pid for guest in made}) == 4
    assert [guest.next() for guest in made] == [1] * 4


def test_threads_take_turns(numbers):
    numbers.reset()
    with ThreadPoolExecutor(4) as threads:
        counts = sorted(threads.map(lambda _: numbers.next(), range(40)))
    assert counts == list(range(1, 41))


def test_without_a_notebook(tmp_path):
    import wasmtime

    path = tmp_path / "numbers.wasm"
    path.write_bytes(wasmtime.wat2wasm(guests.NUMBERS))
    with ssvm_kernel.load(path, fuel=10_000) as guest:
        assert guest.name == "numbers"
        assert guest.fib(10) == 55
        assert guest.fib(10) == 55  # each call has all of the fuel
        with pytest.raises(LimitReached, match="fuel"):
            guest.fib(30)
    with pytest.raises(LoadError):
        ssvm_kernel.load(tmp_path / "none.wasm")


def test_a_thousand_fresh_instances_leave_nothing(numbers):
    numbers.next.map([()] * 50, fresh=True)
    pid = numbers._opened._held.caller._worker.pid
    before = _held_by(pid)
    numbers.next.map([()] * 1000, fresh=True)
    deadline = time.monotonic() + 30
    while (after := _held_by(pid))[0] > before[0] and time.monotonic() < deadline:
        time.sleep(0.01)  # what it gives back after its answer it gives back in a moment
    assert after[0] <= before[0]
    assert after[1] - before[1] < 4 << 20


def _held_by(pid: int) -> tuple[int, int]:
    """Return the descriptors and the bytes of memory of a process."""
    home = Path("/proc", str(pid))
    pages = int((home / "statm").read_text().split()[1])
    return len(list((home / "fd").iterdir())), pages * os.sysconf("SC_PAGE_SIZE")
