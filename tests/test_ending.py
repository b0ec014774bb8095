"""What the end of a run means for its cell, as text; whole cells are in ``tests/kernel``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ssvm_kernel.context import Denial
from ssvm_kernel.ending import ended_text, raise_for, run_again, show_missed, trap_text
from ssvm_kernel.errors import DeniedError, GuestExit, LimitReached
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import CompileTraits, RunTraits, parse, split_line
from ssvm_kernel.result import RunResult
from ssvm_kernel.sandbox.protocol import StackFrame, TrapInfo
from ssvm_kernel.sandbox.runner import Outcome
from tests.display.recording import Recording

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


def test_without_an_error_a_notice_says_what_was_denied_and_what_would_grant_it() -> None:
    guest, run = (
        Guest("x", b""),
        RunResult(OUTCOME, (), (Denial("echo <b>", "you denied it", "--allow-command echo"),) * 2),
    )
    surface = Recording()
    show_missed(run, RunTraits(), guest, surface)
    assert not surface.shown  # the cell's error says it
    show_missed(run, RunTraits(no_raise=True), guest, surface)
    [[shown]] = surface.shown
    assert shown["text/plain"].split("\n") == [
        "ssvm · x was denied this:",
        "  echo <b>: you denied it",
        "    to grant it: --allow-command echo",
        "  to grant all of it and run again: %ssvm run x --no-raise --allow-command echo",
    ]
    assert "echo &lt;b&gt;: you denied it" in shown["text/html"]
    assert "to grant it:</span> <code>--allow-command echo</code>" in shown["text/html"]
    assert "<code>%ssvm run x --no-raise --allow-command echo</code>" in shown["text/html"]


def test_what_no_option_grants_is_a_sentence_and_no_option() -> None:
    denied = Denial("nothing", "there is no program of that name", "no option grants what is not there")
    surface = Recording()
    show_missed(RunResult(OUTCOME, (), (denied,)), RunTraits(no_raise=True), Guest("x", b""), surface)
    [[shown]] = surface.shown
    assert shown["text/plain"].endswith("is no program of that name\n    no option grants what is not there")
    assert "<code>" not in shown["text/html"]
    with pytest.raises(DeniedError, match="of that name\n  no option grants what is not there\n"):
        raise_for(RunResult(OUTCOME, (), (denied,)), RunTraits(), Guest("x", b""))


def test_a_dry_run_names_what_no_guest_may_do() -> None:
    denied = Denial("", "guests can open connections by TCP, and nothing else", "", "open a UDP socket")
    surface = Recording()
    show_missed(RunResult(OUTCOME, (), (denied,)), RunTraits(deny_all=True), Guest("x", b""), surface)
    assert surface.shown[0][0]["text/plain"].endswith(
        "\n  open a UDP socket: guests can open connections by TCP, and nothing else"
    )


def test_a_function_that_calls_itself_is_named_once() -> None:
    names = ("f",) * 40 + ("g", "g", "main")
    frames = tuple(StackFrame(name) for name in names)
    lines = trap_text(TrapInfo("call stack exhausted", frames), Guest("g", b"")).split("\n")
    assert lines[1:] == ["  in f, again and again", "  in g, 2 times", "  in main"]


def test_a_negative_status_is_told_as_it_was_written() -> None:
    assert ended_text(replace(OUTCOME, exit_code=(1 << 32) - 1)) == "exit 4294967295 (-1)"
    assert str(GuestExit(3)).startswith("the guest exited with status 3 (use")


def test_a_limit_that_no_option_sets_names_none() -> None:
    assert str(LimitReached("connections", "", "too many")) == "too many"
    assert str(LimitReached("commands", "--max-commands", "too many")) == "too many (--max-commands sets this limit)"


NOTE = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
FRAMES = (
    "rust_panic",
    "__rustc[1]::rust_panic",
    "core::panicking::panic_fmt::h0123456789abcdef",
    "cell::deep::he7e85dd4fd50ecd0",
    "cell::main::h5500bf20a884b78d",
    "__original_main",
    "_start",
)


@pytest.mark.parametrize(
    ("stderr", "said"),
    [
        (f"thread 'main' panicked at 'it's 'odd', x', cell.rs:3:5\n{NOTE}", " in line 3 of the cell: it's 'odd', x"),
        (f"\nthread 'main' (7) panicked at cell.rs:3:5:\ntwo\nlines\n{NOTE}", r" in line 3 of the cell: two\x0alines"),
        (f"thread 'main' panicked at /a/cell.rs:30:5:\n\x1b[2J\n{NOTE}", r" in line 30 of the cell: \x1b[2J"),
        (f"panicked at cell.rs:1:1:\nfirst\nthread 'main' panicked at cell.rs:2:1:\n{NOTE}", " in line 2 of the cell"),
        (f"thread 'main' panicked at library/core/src/x.rs:3:5:\nno\n{NOTE}", None),
        ("panicked at nothing", None),
        ("x" * 10_000, None),
        ("", None),
    ],
)
def test_a_panic_tells_its_line_and_the_stack_is_the_guest_s_own(stderr: str, said: str | None) -> None:
    trap = TrapInfo("wasm `unreachable` instruction executed", tuple(map(StackFrame, FRAMES)))
    lines = trap_text(trap, Guest("g", b"", source_name="cell.rs"), stderr).split("\n")
    assert lines[0] == "g trapped: wasm `unreachable` instruction executed"
    assert lines[1:-2] == ([] if said is None else [f"  panicked{said}"])
    assert lines[-2:] == ["  in cell::deep", "  in cell::main"]


def test_a_guest_that_wants_a_process_of_its_own_is_told_of_the_host_s() -> None:
    """What Rust's standard library says where there is none helps nobody on."""
    said = 'called `Result::unwrap()`: Error { kind: Unsupported, message: "operation not supported on this platform" }'
    stderr = f"thread 'main' panicked at '{said}', cell.rs:3:5\n{NOTE}"
    text = trap_text(TrapInfo("unreachable", ()), Guest("g", b"", source_name="cell.rs"), stderr)
    assert text.endswith("A command of the host is asked for with `use rust_process_interface_library::Command;`")
