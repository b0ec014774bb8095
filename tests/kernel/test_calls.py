"""Calls of a guest's functions in a real kernel: prompts, output, interrupts."""

from __future__ import annotations

import pytest

from tests.library.guests import ASKS, NUMBERS

from .spinning import spinning


@pytest.fixture
def guests(cells):
    for name, text in (("numbers", NUMBERS), ("asks", ASKS)):
        assert f'{name} is a library; call its functions with: ssvm["{name}"].' in cells.run(
            f"%%ssvm wat --name {name}\n{text}"
        )
    return cells


def test_calls_and_their_output(guests):
    assert guests.run('ssvm["numbers"].fib(20)').strip() == "<execute_result: 6765>"
    assert guests.run('ssvm["numbers"].hello()').strip() == "hello"
    text = guests.run('print(ssvm["numbers"].fib.__doc__)')
    assert "fib(a0: i32) -> i32, a function of the guest numbers." in text
    text = guests.run('ssvm["numbers"].div(1, 0)')
    assert "GuestTrap: numbers trapped: integer divide by zero" in text
    assert "Traceback" not in text


PAINTS = r"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\10\00\00\00\05\00\00\00") (data (i32.const 16) "\1b[8mx")
  (func (export "paint") (param i32) (result i32)
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (local.get 0)))"""


def test_colours_that_calls_leave_on_end_with_them(cells):
    """Of a call and of a map (X32)."""
    cells.run(f"%%ssvm wat --name paints\n{PAINTS}")
    assert cells.run('ssvm["paints"].paint(1);').endswith("\x1b[8mx\x1b[0m")
    text = cells.run('ssvm["paints"].map("paint", [1, 2], workers=1);')
    assert "\x1b[8mx\x1b[0m" in text
    assert not text.endswith("x")


def test_a_person_is_asked_in_the_cell_that_calls(guests):
    cell = guests.start('guest = ssvm["asks"]; print("code", guest.ask())')
    guests.wait_prompt()
    guests.choose("once")
    text = guests.finish(cell)
    assert "code 0" in text
    assert "exit 0" in text
    cell = guests.start('print("code", guest.ask())')
    guests.wait_prompt()
    guests.choose("deny")
    assert "DeniedError: asks may not run true" in guests.finish(cell)
    assert "code 0" in guests.run('print("code", guest.open(allow_command=["=true"]).ask())')


def test_an_interrupt_ends_the_call_and_its_instance_only(guests):
    guests.run('guest = ssvm["numbers"]; other = guest.open(); print(guest.next(), other.next())')
    cell = guests.start("guest.loop()")
    spinning(guests)  # sooner, and another part of the cell would be interrupted
    guests.interrupt()
    assert "GuestInterrupted: the call of numbers was interrupted" in guests.finish(cell)
    text = guests.run("print(guest.next(), other.next())")
    assert "1 2" in text
    assert "without the state of the one that was interrupted" in text
