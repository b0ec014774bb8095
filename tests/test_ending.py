"""What the end of a run means for its cell, as text; whole cells are in ``tests/kernel``."""

from __future__ import annotations

from ssvm_kernel.context import Denial
from ssvm_kernel.ending import run_again
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import CompileTraits, RunTraits, parse, split_line
from ssvm_kernel.result import RunResult
from ssvm_kernel.sandbox.runner import Outcome

OUTCOME = Outcome(0, None, 0.0, 0.0, 0.0, 0.0, 0.0, 0, "jit")


def test_the_line_to_run_again_has_only_options_that_run_takes() -> None:
    options = parse(split_line("c --opt 2 --cflags '-DX -DY' --engine interpreter --deny-all --name x"), CompileTraits)
    denied = Denial("echo", "you denied it", "--allow-command '=echo'")
    line = run_again(RunResult(OUTCOME, (), (denied,), args=("a b",)), options.options, Guest("x", b""))
    assert line == "%ssvm run x --engine interpreter --allow-command '=echo' -- 'a b'"
    again = parse(split_line(line.removeprefix("%ssvm run")), RunTraits)
    assert (again.words, again.options.engine, again.options.allow_command) == (("x",), "interpreter", ["=echo"])


def test_there_is_no_line_where_no_option_grants_it() -> None:
    denied = Denial("nothing", "there is no such program", "")
    assert run_again(RunResult(OUTCOME, (), (denied,)), RunTraits(), Guest("x", b"")) == ""
