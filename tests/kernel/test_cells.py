"""Cells without commands: output, errors, interrupts, files of modules."""

from __future__ import annotations

import os
import signal

import pytest
import wasmtime

from .guests import HELLO, LOOP, cell
from .spinning import spinning


def test_hello_and_its_report(cells) -> None:
    text = cells.run(f"%%ssvm wat --name hi\n{HELLO}")
    assert text.startswith("hello\n")
    for word in ("hi", "jit", "exit 0", "compile", "instantiate", "run", "host"):
        assert word in text


def test_a_guest_without_a_name_has_its_cells_number(cells) -> None:
    running = cells.start(f"%%ssvm wat\n{HELLO}")
    number = cells.until(lambda m: m["msg_type"] == "execute_input")["content"]["execution_count"]
    assert f"cell-{number} ·" in cells.finish(running)


def test_the_report_has_all_its_forms(cells) -> None:
    cells.run(f"%%ssvm wat\n{HELLO}")
    (report,) = [m["content"]["data"] for m in cells.messages if m["msg_type"] == "display_data"]
    assert set(report) == {"text/plain", "text/html", "application/vnd.ssvm.run+json"}
    for forbidden in ("<script", "javascript:", " on", "<form"):
        assert forbidden not in report["text/html"].replace(" online", "")


@pytest.mark.parametrize(
    ("options", "source", "error", "says"),
    [
        ("wat", '(module (func (export "_start") (nonsense)))', "CompileError", "line 2"),
        ("wat", '(module (import "nobody" "offers" (func)) (func (export "_start")))', "LoadError", "nobody"),
        ("wat", '(module (func (export "_start") unreachable))', "GuestTrap", "unreachable"),
        ("wat", '(module (func (export "_start") (drop (i32.div_u (i32.const 1) (i32.const 0)))))', "GuestTrap", "div"),
        ("wat --engine interpreter", '(module (func $f (export "_start") (call $f)))', "LimitReached", "stack"),
        ("wot", HELLO, "UsageError", "did you mean 'wat'"),
        ("wat --alow-command x", HELLO, "UsageError", "did you mean --allow-command"),
        ("wat --dir /", HELLO, "GrantError", "/proc"),
        ("", HELLO, "UsageError", "there are assemblyscript, c, "),
        (
            "wat --allow-command git status",
            HELLO,
            "UsageError",
            "'status' is one word too many: a value with blanks is",
        ),
        ("wat 5", HELLO, "UsageError", "words for the guest follow --: %%ssvm LANGUAGE"),
        ("run x", HELLO, "UsageError", "run is a command and no language; with one %, in a cell of its own: %ssvm run"),
        ("doctor", "", "UsageError", "in a cell of its own: %ssvm doctor"),
        ("'a b.wasm'", HELLO, "UsageError", "run what was loaded: %ssvm load 'a b.wasm'"),
    ],
)
def test_what_goes_wrong_fails_the_cell_and_nothing_else(cells, options, source, error, says) -> None:
    text = cells.run(f"%%ssvm {options}\n{source}")
    assert f"<error {error}:" in text
    assert says in text
    assert cells.run(f"%%ssvm wat\n{HELLO}").startswith("hello\n")


def test_an_exit_status_fails_the_cell_unless_told_otherwise(cells) -> None:
    body = "(call $exit (i32.const 200))"
    text = cells.run(cell("", body))
    assert "<error GuestExit:" in text
    assert "200" in text
    assert "exit 200" in cells.run(cell("--no-raise", body))
    assert "<error" not in cells.run(cell("--no-raise", body))


def test_help_names_every_option(cells) -> None:
    text = cells.run("%%ssvm --help")
    assert "--allow-command" in text
    assert "--engine" in text
    assert "%ssvm run" in cells.run("%ssvm --help")


def test_the_line_means_what_it_says_whatever_variables_there_are(cells) -> None:
    """IPython would put ``date`` in the place of ``$program``: nobody who reads the cell would see what it grants."""
    cells.run("program = 'date'")
    for text in ("$program", "{program}"):
        assert f"--allow-command {text}: " in cells.run(f"%%ssvm wat --allow-command '{text}'\n{HELLO}")
        assert f"called '{text}'" in cells.run(f"%ssvm run {text}")


def test_a_cell_without_a_body_is_told_what_is_missing(cells) -> None:
    for line in ("%%ssvm wat", "%%ssvm wat --name x\n"):
        assert "the smallest program is" in cells.run(line)
    assert "which language?" in cells.run("%%ssvm")
    assert "cell body is empty" in cells.run("%%time")  # other magics are left alone
    cells.run("%reload_ext ssvm_kernel")
    assert cells.run("print(str(get_ipython().input_transformers_cleanup).count('with_body'))") == "1\n"


def test_a_module_is_loaded_and_run_by_name(cells, tmp_path) -> None:
    (tmp_path / "greet.wasm").write_bytes(bytes(wasmtime.wat2wasm(HELLO)))
    assert "greet" in cells.run(f"%ssvm load {tmp_path}/greet.wasm")
    assert cells.run("%ssvm run greet").startswith("hello\n")
    text = cells.run("%ssvm run great")
    assert "there are: greet" in text
    assert "%ssvm load FILE.wasm loads one" in text
    (tmp_path / "dobrý den.wasm").write_bytes(bytes(wasmtime.wat2wasm(HELLO)))
    line = cells.run(f"%ssvm load '{tmp_path}/dobrý den.wasm'").partition("run it with: ")[2]
    assert cells.run(line.strip()).startswith("hello\n")
    (tmp_path / "no.wasm").write_bytes(b"#!/bin/sh")
    assert "<error LoadError:" in cells.run(f"%ssvm load {tmp_path}/no.wasm")
    assert "<error LoadError:" in cells.run(f"%ssvm load {tmp_path}/absent.wasm")
    (tmp_path / "no.wasm").write_bytes(b"")
    assert "is not a WebAssembly module: it is empty" in cells.run(f"%ssvm load {tmp_path}/no.wasm")
    (tmp_path / "text.wat").write_text("(module)")
    assert "looks like its text form, which is compiled first, by a cell with %%ssvm wat" in cells.run(
        f"%ssvm load {tmp_path}/text.wat"
    )


def test_stderr_is_apart(cells) -> None:
    data = '(data (i32.const 64) "to out\\nto err\\n")'
    body = "".join(f"(call $print (i32.const {fd}) (i32.const {at}) (i32.const 7))" for fd, at in ((1, 64), (2, 71)))
    cells.run(cell("", body, data=data))
    streams = {m["content"]["name"]: m["content"]["text"] for m in cells.messages if m["msg_type"] == "stream"}
    assert streams == {"stdout": "to out\n", "stderr": "to err\n"}


def looping(cells) -> str:
    """Start a guest that prints a line and loops, and wait for that line: a busy machine takes its time."""
    data = '(data (i32.const 64) "before the loop\\n")'
    body = "(call $print (i32.const 1) (i32.const 64) (i32.const 16)) (loop $l (br $l))"
    running = cells.start(cell("", body, data=data))
    cells.until(lambda m: m["msg_type"] == "stream" and "before the loop" in m["content"]["text"])
    return running


def test_output_appears_while_the_guest_runs_and_stays_after_an_interrupt(cells) -> None:
    running = looping(cells)
    cells.expect_running(running)
    cells.interrupt()
    text = cells.finish(running)
    assert "KeyboardInterrupt" in text or "GuestInterrupted" in text
    assert cells.run(f"%%ssvm wat\n{HELLO}").startswith("hello\n")


def test_interrupts_one_after_the_other(cells) -> None:
    for _ in range(3):
        running = looping(cells)
        cells.interrupt()
        assert "Interrupted" in cells.finish(running)


def test_a_guest_that_prints_without_end_is_cut_and_can_be_interrupted(cells) -> None:
    body = "(loop $l (call $print (i32.const 1) (i32.const 64) (i32.const 60000)) (br $l))"
    running = cells.start(cell("", body, data='(data (i32.const 64) "x\\n")'))
    shown = 0

    def enough(message) -> bool:
        nonlocal shown
        shown += len(message["content"]["text"]) if message["msg_type"] == "stream" else 0
        return shown >= 1_000_000

    cells.until(enough)
    cells.expect_running(running)  # meanwhile it prints more
    cells.interrupt()
    text = cells.finish(running)
    assert len(text) < 1_100_000
    assert "are not shown" in text


def test_a_killed_worker_is_a_clear_error(cells) -> None:
    running = cells.start(f"%%ssvm wat\n{LOOP}")
    os.kill(spinning(cells), signal.SIGKILL)
    text = cells.finish(running)
    assert "<error WorkerDied:" in text
    assert "signal 9" in text
    assert cells.run(f"%%ssvm wat\n{HELLO}").startswith("hello\n")


def test_both_engines_are_compared(cells) -> None:
    text = cells.run(
        cell(
            "--engine both",
            "(local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))"
            " (br_if $l (i32.lt_u (local.get $i) (i32.const 3000000))))",
        )
    )
    assert "JIT is" in text
    assert "95 % interval" in text
    assert "Compiling cost" in text
    assert "samples" in text
    assert "interpreter" in text
