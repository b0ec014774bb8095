"""What a guest reads as its stdin."""

from __future__ import annotations

import json

import pytest

from .guests import HELLO

# Reads its stdin to the end, and prints it in pieces of at most 100 bytes, each after a "<".
ECHO = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "<")
  (func (export "_start")
    (loop $again
      (i32.store (i32.const 0) (i32.const 101)) (i32.store (i32.const 4) (i32.const 100))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (if (i32.load (i32.const 8)) (then
        (i32.store (i32.const 0) (i32.const 100))
        (i32.store (i32.const 4) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
        (br $again))))))
"""


def echo(options: str = "") -> str:
    return f"%%ssvm wat --name echo {options}\n{ECHO}"


def report_of(text: str) -> str:
    return text.partition("ssvm · echo")[2]


def test_without_an_option_there_is_nothing_to_read(cells) -> None:
    text = cells.run(echo())
    assert text.startswith("<display_data: ssvm · echo")
    assert "was lent: nothing" in text


def test_text_of_the_line(cells) -> None:
    text = cells.run(echo("--stdin 'one two'"))
    assert text.startswith("<one two<display_data")
    assert "was lent: the line's text as its stdin (7 B) (by option)" in text
    assert cells.run("%ssvm run echo --stdin ''").startswith("<display_data")


@pytest.mark.parametrize(
    "value", ["'h\\u00e9llo\\n'", "'h\\u00e9llo\\n'.encode()", "bytearray('h\\u00e9llo\\n'.encode())"]
)
def test_a_python_variable(cells, value) -> None:
    cells.run(f"said = {value}")
    text = cells.run(echo("--stdin-var said -o it"))
    assert text.startswith("<héllo\n")
    assert "the Python variable said as its stdin (7 B)" in text


def test_a_file_is_a_grant_and_the_report_says_so(cells, tmp_path) -> None:
    (tmp_path / "in.txt").write_bytes(bytes(range(32, 127)) * 3000)
    cells.run(echo(f"--stdin-file {tmp_path}/in.txt -o it --result-limit 1000000 --output-limit 10"))
    assert f"the file {tmp_path}/in.txt as its stdin (285.0 kB)" in report_of(cells.run("it"))
    got = json.loads(cells.run("import json; print(json.dumps(it.stdout.replace('<', '')))"))
    assert got == (bytes(range(32, 127)) * 3000).decode().replace("<", "")


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ("--stdin a --interactive", "UsageError", "--stdin or --interactive"),
        ("--stdin-file nowhere.txt", "UsageError", "No such file"),
        ("--stdin-file .", "UsageError", "takes a file"),
        ("--stdin-file /proc/self/environ", "GrantError", "/proc"),
        ("--stdin-file /dev/zero", "UsageError", "takes a file"),
        ("--stdin-var never_set", "UsageError", "no Python variable"),
        ("--stdin-var json.dumps", "UsageError", "no name of a Python variable"),
        ("--stdin-var kept", "UsageError", "is int, and stdin takes str or bytes"),
    ],
)
def test_what_cannot_be_given_is_said_before_the_run(cells, options, error, says) -> None:
    text = cells.run(echo(options))
    assert f"<error {error}:" in text
    assert says in text
    assert "ssvm · echo" not in text


def test_a_link_is_followed_before_it_is_judged(cells, tmp_path) -> None:
    (tmp_path / "innocent.txt").symlink_to("/proc/self/environ")
    assert "<error GrantError:" in cells.run(echo(f"--stdin-file {tmp_path}/innocent.txt"))


def test_the_person_types_what_the_guest_reads_when_it_reads(cells) -> None:
    running = cells.start(echo("--interactive -o it"))
    for line in ("first", "second"):
        assert cells.wait_input_request() == "input for echo (^D ends it): "
        cells.type_line(line)
    cells.wait_input_request()
    cells.type_line("^D")
    text = cells.finish(running)
    assert text.startswith("<first\n<second\n")
    assert "was lent: what was typed (13 B) (by person)" in text


def test_where_nobody_can_type_its_input_is_empty_and_that_is_said(cells) -> None:
    text = cells.finish(cells.start(echo("--interactive"), allow_stdin=False))
    assert "there is nobody to type it: --stdin TEXT gives it some" in text
    assert "exit 0" in text


def test_a_guest_that_reads_nothing_asks_nothing(cells) -> None:
    assert cells.run(f"%%ssvm wat --interactive\n{HELLO}").startswith("hello\n")


def test_an_interrupt_ends_a_guest_that_waits_for_input(cells) -> None:
    running = cells.start(echo("--interactive"))
    cells.wait_input_request()
    cells.interrupt()
    assert "Interrupted" in cells.finish(running) or "KeyboardInterrupt" in cells.text(running)
    assert cells.run(f"%%ssvm wat\n{HELLO}").startswith("hello\n")


def test_what_was_typed_once_is_read_by_every_run_of_a_measurement(cells) -> None:
    running = cells.start(echo("--interactive --engine both"))
    cells.wait_input_request()
    cells.type_line("said once")
    cells.wait_input_request()
    cells.type_line("^D")
    text = cells.finish(running)
    assert text.count("<said once\n") == 1
    assert "95 % interval" in text
    assert "No ratio" not in text
