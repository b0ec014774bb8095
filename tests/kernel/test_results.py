"""What a run leaves to Python."""

from __future__ import annotations

import json

from .guests import HELLO, cell, command_cell

SHOW = "import json; print(json.dumps({}))"


def told(cells, expression: str):
    """Return the value of a Python expression in the kernel."""
    return json.loads(cells.run(SHOW.format(expression)))


def test_the_result_is_in_the_underscore_and_shown_once(cells) -> None:
    text = cells.run(f"%%ssvm wat --name hi\n{HELLO}")
    assert text.count("hello") == 1
    assert text.count("ssvm · hi") == 1
    assert not [m for m in cells.messages if m["msg_type"] == "execute_result"]
    assert told(cells, "[_.stdout, _.stderr, _.exit_code, _.truncated, len(_.commands)]") == [
        "hello\n",
        "",
        0,
        False,
        0,
    ]
    assert told(cells, "[_.timings.run > 0, _.timings.guest <= _.timings.run, _.memory_bytes]") == [True, True, 65536]
    assert cells.run("print(repr(_))") == "<run of hi: exit 0, stdout 6 B, stderr 0 B, commands 0>\n"


def test_a_result_that_is_looked_at_later_shows_its_report(cells) -> None:
    cells.run(f"%%ssvm wat --name hi -o first\n{HELLO}")
    text = cells.run("first")
    assert "ssvm · hi · jit · exit 0" in text
    assert "hello" not in text
    assert cells.run("x = %ssvm run hi\nprint(x.stdout)").count("hello\n") == 2
    assert "hello" in cells.run("%ssvm run hi")


def test_what_it_ran_and_who_allowed_it_is_in_the_result(cells) -> None:
    text = cells.run(command_cell("--allow-command 'echo a' -o it --name runs", "echo", "a"))
    for line in (
        "was lent: nothing",
        'decided by: allow by --allow-command "echo a" (by option, 1 time)',
        "impossible for it: read files;",
        "command: echo a · ",
    ):
        assert line in text
    assert told(cells, "[c.argv + ' ' + c.ended for c in it.commands]") == ["echo a exit 0"]
    assert told(cells, "[[l.decision.effect, l.outcome.kind] for l in it.ledger]") == [["allow", "exited"]]
    assert told(cells, "[[g.origin, g.uses] for g in it.grants]") == [["option", 1]]
    assert told(cells, "it.to_dict()['seconds']['host'] > 0")


def test_the_error_of_a_failed_cell_has_the_result(cells) -> None:
    data = '(data (i32.const 64) "so far\\n")'
    said = "(call $print (i32.const 1) (i32.const 64) (i32.const 7))"
    cells.run(cell("-o ended", f"{said} (call $exit (i32.const 3))", data=data))
    assert told(cells, "[ended.exit_code, ended.stdout, ended.failed]") == [3, "so far\n", True]
    assert told(cells, "__import__('sys').last_value.result is ended")
    cells.run(cell("", f"{said} unreachable", data=data))
    assert "unreachable" in told(cells, "__import__('sys').last_value.result.trap")


def test_only_so_much_is_kept_and_the_result_says_so(cells) -> None:
    data = '(data (i32.const 64) "0123456789")'
    body = "(call $print (i32.const 1) (i32.const 64) (i32.const 10))"
    cells.run(cell("--output-limit 2 --result-limit 4 -o it", body, data=data))
    assert told(cells, "[it.stdout, it.truncated, it.printed[0].total]") == ["0123", True, 10]
    cells.run(cell("--output-limit 10 --result-limit 4 -o it", body, data=data))
    assert told(cells, "[it.stdout, it.truncated]") == ["0123456789", False]  # never less than is shown


def test_a_name_that_is_no_variable_is_refused_before_the_run(cells) -> None:
    for name in ("for", "a-b", "x.y"):
        text = cells.run(f"%%ssvm wat -o {name}\n{HELLO}")
        assert f"<error UsageError: '{name}' is no name of a Python variable" in text
        assert "hello" not in text


OPENS = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "there.txt") (data (i32.const 200) "made.txt") (data (i32.const 300) "\\1b[2Jgone")
  (func $try (param $at i32) (param $size i32) (param $flags i32) (param $rights i64)
    (drop (call $open (i32.const 3) (i32.const 0) (local.get $at) (local.get $size) (local.get $flags)
      (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 16))))
  (func (export "_start")
    (call $try (i32.const 100) (i32.const 9) (i32.const 0) (i64.const 2))
    (call $try (i32.const 200) (i32.const 8) (i32.const 1) (i64.const 64))
    (call $try (i32.const 300) (i32.const 8) (i32.const 0) (i64.const 2))))"""


def test_files_that_were_opened_and_refused_are_told(cells, tmp_path) -> None:
    (tmp_path / "there.txt").write_text("x")
    text = cells.run(f"%%ssvm wat --dir data:{tmp_path} -o it\n{OPENS}")
    for line in (
        "file: data/there.txt: opened to read",
        "file: data/made.txt: opened to write",
        "file: data/\\x1b[2Jgone: there is no such file",
    ):
        assert line in text
    assert told(cells, "[[f.path, f.opened] for f in it.files]")[:2] == [
        ["data/there.txt", True],
        ["data/made.txt", True],
    ]


def test_hostile_output_is_inert_in_every_form(cells) -> None:
    """Ten megabytes without a line end, then markup, controls, right-to-left marks and bytes that are no text."""
    hostile = b"<script>alert(1)</script>\x1b[2J\x1b]0;t\x07\x1b[31mred\x1b[0m\xe2\x80\xae\xff\xfe\x80\n"
    data = f'(data (i32.const 64) "{"".join(f"{chr(92)}{byte:02x}" for byte in hostile)}")'
    long = """(memory.fill (i32.const 65536) (i32.const 120) (i32.const 1048576))
      (loop $l (call $print (i32.const 1) (i32.const 65536) (i32.const 1048576))
        (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10))))"""
    say = f"(call $print (i32.const 2) (i32.const 64) (i32.const {len(hostile)}))"
    text = cells.run(cell("-o it --name loud", f"(local $n i32) {say} {long}", data=data))
    assert "9.5 MB more were printed and are not shown" in text
    assert told(cells, "[len(it.stdout), it.truncated, it.printed[0].total]") == [1_000_000, True, 10 << 20]
    cells.run(cell("-o it --name loud", say, data=data))
    kinds = {m["msg_type"] for m in cells.messages}
    assert kinds <= {"status", "execute_input", "stream", "display_data"}
    shown = "".join(m["content"]["text"] for m in cells.messages if m["msg_type"] == "stream")
    assert shown.startswith("<script>alert(1)</script>\u241b[2J\u241b]0;t\u2407\x1b[31mred\x1b[0m")
    assert shown.endswith("\ufffd\ufffd\ufffd\n")
    forms = str([m["content"]["data"] for m in cells.messages if m["msg_type"] == "display_data"])
    assert "alert(1)" not in forms
    assert told(cells, "it.stderr_bytes.hex()") == hostile.hex()


def test_a_run_that_is_ended_before_its_end_has_a_result_too(cells) -> None:
    data = '(data (i32.const 64) "so far\\n")'
    loops = "(call $print (i32.const 1) (i32.const 64) (i32.const 7)) (loop $l (br $l))"
    assert "<error LimitReached:" in cells.run(cell("--time-limit 1 -o it --name loops", loops, data=data))
    assert told(cells, "[it.stdout, it.exit_code, it.failed]") == ["so far\n", None, True]
    assert "<run of loops: not ended, stdout 7 B" in cells.run("print(it)")
    running = cells.start(cell("-o it", loops, data=data))
    cells.until(lambda m: m["msg_type"] == "stream" and "so far" in m["content"]["text"])
    cells.interrupt()
    assert "nterrupt" in cells.finish(running)
    assert told(cells, "[it.stdout, __import__('sys').last_value.result is it]") == ["so far\n", True]
