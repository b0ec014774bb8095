"""Engines compared in a real kernel: what is measured, when there is no ratio, and how a person ends it."""

from __future__ import annotations

import json
import re

import pytest

from .guests import cell, command_cell

# Works for a random while and prints nothing: its runs are equal, and its interval never becomes narrow.
UNEVEN = """
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $spin (param $n i32)
    (loop $l (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br_if $l (i32.gt_s (local.get $n) (i32.const 0)))))
  (func (export "_start") (drop (call $random (i32.const 0) (i32.const 1)))
    (call $spin (i32.mul (i32.add (i32.load8_u (i32.const 0)) (i32.const 20)) (i32.const SCALE))))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "fac") (param i64) (result i64) (local $f i64) (local.set $f (i64.const 1))
    (loop $l (local.set $f (i64.mul (local.get $f) (local.get 0)))
      (local.set 0 (i64.sub (local.get 0) (i64.const 1))) (br_if $l (i64.gt_s (local.get 0) (i64.const 1))))
    (local.get $f)))
"""
ENDLESS = "--samples 1000 --seconds 300"


def uneven(options: str, scale: int = 100) -> str:
    return f"%%ssvm wat --name uneven {options}\n{UNEVEN.replace('SCALE', str(scale))}"


def counted(text: str) -> list[int]:
    found = re.search(r"(\d+(?: \+ \d+)+) samples", text)
    assert found, text
    return [int(count) for count in found[1].split(" + ")]


def stop(cells) -> None:
    view = cells.prompts[-1]
    cells.send_comm({"id": view["id"], "nonce": view["nonce"], "stop": True})


def told(cells, least: int) -> None:
    """Wait until the view tells of so many samples of each engine."""

    def enough(message) -> bool:
        content = message["content"]
        said = str(content.get("data", {}).get("content", "")) + str(content.get("data", {}).get("text/plain", ""))
        found = re.search(r"(\d+) \+ (\d+) samples so far", said)
        return bool(found) and int(found[1]) >= least

    cells.until(enough)


def test_a_function_with_arguments_is_measured_and_its_value_is_an_object(cells) -> None:
    cells.run(uneven(""))
    text = cells.run("%ssvm timeit uneven --call fac --samples 7 --seconds 20 -- 20")
    assert text.startswith("2432902008176640000\n")
    assert text.count("samples, 4 warm-up runs dropped.") == 1, "shown once, and not as the cell's value again"
    assert "Plot of the samples" in text
    assert "<execute_result" not in text
    assert cells.run("(_.engines, len(_.samples) >= 14, list(_.ratios))") == (
        "<execute_result: (('jit', 'interpreter'), True, ['interpreter'])>\n"
    )


def test_the_object_shows_itself_later_and_has_the_form_of_hyperfine(cells) -> None:
    cells.run(uneven(""))
    cells.run("%ssvm timeit uneven --call add --samples 6 --seconds 20 -o t -- 1 2")
    assert "warm-up runs dropped" in cells.run("t")
    assert "Plot of the samples" in cells.run("t.plot()")
    keys = json.loads(cells.run("import json; print(json.dumps(list(json.loads(t.to_json())['results'][0])))"))
    assert {"command", "times", "median", "parameters"} <= set(keys)


def test_three_engines(cells) -> None:
    cells.run(uneven(""))
    text = cells.run("%ssvm run uneven --engine all --samples 6")
    assert cells.run("_.comparison.engines") == "<execute_result: ('jit', 'jit-o0', 'interpreter')>\n"
    assert counted(text) == [6, 6, 6] or min(counted(text)) >= 5
    assert re.search(r"JIT is .* (than|as) JIT without optimisation", text)
    for engine in ("jit", "jit-o0", "interpreter"):
        assert re.search(rf"^ *{engine} [▓▒░█·]", text, re.MULTILINE)


def test_the_time_is_bounded(cells) -> None:
    text = cells.run(uneven("--engine both --seconds 0.1", scale=1_000_000))
    assert "No ratio" in text
    assert "samples are too few" in text
    assert "The time was over (0.6 s, six times --seconds)." in text


@pytest.mark.parametrize("function", ["nothing", "add"])
def test_a_function_that_cannot_be_called(cells, function: str) -> None:
    cells.run(uneven(""))
    text = cells.run(f"%ssvm timeit uneven --call {function} -- 1")
    assert "<error UsageError: the function cannot be called" in text


def test_a_library_has_no_start_to_measure(cells) -> None:
    cells.run('%%ssvm wat --name lib\n(module (func (export "two") (result i32) (i32.const 2)))')
    assert "<error UsageError: lib is a library; " in cells.run("%ssvm timeit lib")
    assert "%ssvm timeit lib --call two -- ARGUMENTS" in cells.run("%ssvm timeit lib")


def test_one_engine_is_nothing_to_compare(cells) -> None:
    cells.run(uneven(""))
    assert "nothing to compare" in cells.run("%ssvm timeit uneven --engine jit")
    assert "--engine does not take 'jitt,both'" in cells.run("%ssvm timeit uneven --engine jitt,both")


def test_a_host_call_that_answers_differently_in_the_engines_is_red_and_has_no_ratio(cells, tmp_path) -> None:
    tool = tmp_path / "answers"
    # the shown run and two warm-up runs are the JIT's, and the next is the interpreter's
    tool.write_text(
        f'#!/bin/sh\necho x >> {tmp_path}/runs\n[ "$(wc -l < {tmp_path}/runs)" -le 3 ] && echo a || echo b\n'
    )
    tool.chmod(0o755)
    text = cells.run(command_cell(f'--engine both --allow-command "{tool}"', str(tool)))
    assert "No ratio: the runs were not equal. jit and interpreter printed different things to stdout." in text
    assert "faster" not in text
    html = [m["content"]["data"].get("text/html", "") for m in cells.messages if "data" in m["content"]]
    assert any("error-color" in page and "No ratio" in page for page in html)


def test_a_guest_that_does_something_else_each_time_has_no_ratio(cells) -> None:
    date = command_cell('--engine both --allow-command "date +%N"', "date", "+%N")
    text = cells.run(date)
    assert "Two runs in the same engine (jit) printed different things to stdout" in text
    assert not re.search(r"\d+(\.\d+)?x ", text)


def test_a_guest_that_fails_is_not_measured(cells) -> None:
    text = cells.run(cell("--engine both", "unreachable"))
    assert "<error GuestTrap" in text
    assert "samples" not in text


def test_the_button_stops_it_in_mid_cell_and_keeps_what_is_measured(cells) -> None:
    cells.delay = 0
    running = cells.start(uneven(f"--engine both {ENDLESS}"))
    view = cells.wait_prompt()
    told(cells, 5)
    cells.send_comm({"id": view["id"], "nonce": "a guess", "stop": True})
    cells.send_comm({"id": view["id"], "nonce": view["nonce"], "stop": "yes"})
    cells.expect_running(running)
    stop(cells)
    text = cells.finish(running)
    assert "Stopped by you; what was measured until then counts." in text
    assert 5 <= min(counted(text)) < 1000
    assert "95 % interval" in text
    assert "<error" not in text
    assert cells.prompts[-1]["id"] not in cells.run("print('next')")


def test_the_button_stops_a_run_that_takes_long(cells) -> None:
    running = cells.start(uneven(f"--engine both {ENDLESS}", scale=2_000_000))
    cells.wait_prompt()
    stop(cells)
    text = cells.finish(running)
    assert "No ratio" in text
    assert "Stopped by you" in text


def test_an_interrupt_keeps_what_is_measured(cells) -> None:
    running = cells.start(uneven(f"--engine both -o kept_run {ENDLESS}"))
    cells.wait_prompt()
    told(cells, 5)
    cells.interrupt()
    text = cells.finish(running)
    assert "Interrupted; what was measured until then counts." in text
    assert "95 % interval" in text
    assert "<error GuestInterrupted" in text
    assert "True" in cells.run("min(map(len, kept_run.comparison.runs.values())) >= 5")


def test_without_widgets_a_line_tells_how_far_it_is(cells) -> None:
    cells.answers_ping = False
    cells.run("from ssvm_kernel.progress import _screen; _screen.cache_clear()  # as in a new page")
    running = cells.start(uneven(f"--engine both {ENDLESS}"), allow_stdin=False)
    told(cells, 5)
    assert not cells.prompts
    cells.interrupt()
    text = cells.finish(running)
    assert "a run takes" in text
    assert "95 % interval" in text
    cells.run("_screen.cache_clear()  # this page does show widgets, in whichever order tests run")
