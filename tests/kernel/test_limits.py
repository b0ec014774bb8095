"""Each limit ends a run with an error that names it and the option that sets it, in both engines."""

from __future__ import annotations

import pytest

from .guests import HELLO, cell, command_cell


@pytest.fixture(params=["jit", "interpreter"])
def engine(request) -> str:
    return f"--engine {request.param}"


def test_time(cells, engine) -> None:
    text = cells.run(cell(f"{engine} --time-limit 0.5", "(loop $l (br $l))"))
    assert "<error LimitReached:" in text
    assert "0.5 s" in text
    assert "--time-limit" in text
    assert cells.run(f"%%ssvm wat\n{HELLO}").startswith("hello\n")


def test_time_holds_inside_a_command(cells) -> None:
    text = cells.run(command_cell("--allow-command sleep --time-limit 1", "sleep", "1000"))  # longer than `run` waits
    assert "<error LimitReached:" in text


def test_time_stands_still_while_a_person_is_asked(cells) -> None:
    running = cells.start(command_cell("--time-limit 5", "echo", "in the end"))
    cells.wait_prompt()
    cells.expect_running(running, 5.5)
    cells.choose("once")
    text = cells.finish(running)
    assert "│ in the end" in text
    assert "<error" not in text


def test_fuel(cells, engine) -> None:
    step = "(local.tee $n (i32.add (local.get $n) (i32.const 1)))"
    loop = f"(local $n i32) (loop $l (br_if $l (i32.lt_u {step} (i32.const 1000))))"
    text = cells.run(cell(f"{engine} --fuel 100", loop))
    assert "<error LimitReached:" in text
    assert "--fuel" in text
    assert "<error" not in cells.run(cell(f"{engine} --fuel 100000", loop))
    assert "<error" not in cells.run(cell(engine, loop))


def test_stack(cells, engine) -> None:
    def deep(options: str, depth: int) -> str:
        return cells.run(f"""%%ssvm wat {engine} {options}
(module (func $f (param $n i32) (if (local.get $n) (then (call $f (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "_start") (call $f (i32.const {depth}))))""")

    assert "<error" not in deep("", 1000)
    text = deep("--stack-limit 16", 3000)
    assert "<error LimitReached:" in text
    assert "--stack-limit" in text
    assert "<error LimitReached:" in deep("", 1_000_000)
    assert "<error" not in deep("--stack-limit 2048", 60_000)


def test_memory_that_cannot_grow_is_named_with_the_trap_that_follows(cells, engine) -> None:
    grow = "(if (i32.eq (memory.grow (i32.const 32)) (i32.const -1)) (then unreachable))"  # 64 pages are there: 4 MiB
    text = cells.run(cell(f"{engine} --memory-limit 6", grow + grow))
    assert "<error GuestTrap:" in text
    assert "--memory-limit" in text
    assert "<error" not in cells.run(cell(f"{engine} --memory-limit 8", grow + grow))
    assert "--memory-limit" not in cells.run(cell(engine, "unreachable"))


def test_a_module_that_starts_beyond_a_limit(cells, engine) -> None:
    text = cells.run(f'%%ssvm wat {engine} --memory-limit 1\n(module (memory 100) (func (export "_start")))')
    assert "<error LimitReached:" in text
    assert "--memory-limit" in text
    text = cells.run(f'%%ssvm wat {engine} --table-limit 10\n(module (table 100 funcref) (func (export "_start")))')
    assert "<error LimitReached:" in text
    assert "--table-limit" in text


def test_output(cells) -> None:
    body = "(call $print (i32.const 1) (i32.const 64) (i32.const 60000))"
    text = cells.run(cell("--output-limit 100", body, data='(data (i32.const 64) "x\\n")'))
    assert "are not shown (--output-limit" in text
    assert len(text) < 1000


def test_commands(cells) -> None:
    once = command_cell("--allow-command true --max-commands 3", "true")
    again = "(loop $again (call $set_name (i32.const 4096) (i32.const 4)) (drop (call $run)) (br $again))"
    text = cells.run(once.replace("(local.set $code (call $run))", again))
    assert "<error LimitReached:" in text
    assert "more than 3 commands" in text
    assert "--max-commands" in text


def test_a_commands_output_is_kept_up_to_its_limit(cells) -> None:
    options = "--allow-command head --command-output-limit 1 --no-raise"
    text = cells.run(command_cell(options, "head", "-c", "1100000", "/dev/zero"))
    assert "output cut for the guest" in text
