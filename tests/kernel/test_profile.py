"""Profiles in a real kernel, from a guest's process that is locked as ever."""

from __future__ import annotations

import json
import re

import pytest

from .guests import command_cell

GUEST = """
(module
  (memory (export "memory") 1)
  (func $spin (param $n i32)
    (loop $l (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br_if $l (local.get $n))))
  (func $much (call $spin (i32.const 120000000)))
  (func $little (call $spin (i32.const 30000000)))
  (func (export "_start") (call $much) (call $little) END)
  (func $other (export "other") (param i32) (call $little)))
"""


def guest(options: str, end: str = "") -> str:
    return f"%%ssvm wat --name spinner {options}\n{GUEST.replace('END', end)}"


def shares(text: str) -> dict[str, float]:
    rows = re.findall(r"^ +[\d.]+ % +([\d.]+) % +█* *(\S.*?) *$", text, re.MULTILINE)
    return {name.rstrip(">"): float(total) for total, name in rows}


def test_the_table_tells_where_it_was_and_the_file_is_for_the_firefox_profiler(cells, tmp_path) -> None:
    file = tmp_path / "profile.json"
    text = cells.run(guest(f"--profile-out {file}"))
    assert re.search(r"profile of spinner: \d+ samples in .*, jit.*; saved to .*profile.json", text)
    total = shares(text)
    assert total["spin"] > 90
    assert total["much"] > total["little"]
    assert total["_start"] > 90, "it has no name but that of its export"
    profile = json.loads(file.read_text())
    assert {"meta", "threads", "libs"} <= profile.keys()
    assert "much" in profile["threads"][0]["stringArray"]
    assert file.stat().st_mode & 0o077 == 0
    assert cells.run("_.profile.functions[0].name") == "<execute_result: 'spin'>\n"
    assert "saved to" in cells.run(f"%ssvm run spinner --profile-out {file}"), "one of a guest is replaced"


def test_a_function_in_the_interpreter(cells) -> None:
    cells.run(guest("--name spinner"))
    text = cells.run("%ssvm run spinner --profile --engine interpreter --call other -- 1")
    assert "interpreter" in text
    assert {"other", "little", "spin"} <= shares(text).keys()


def test_a_guest_that_traps_is_profiled_until_then(cells) -> None:
    text = cells.run(guest("--profile", end="unreachable"))
    assert shares(text)["spin"] > 80
    assert "<error GuestTrap" in text


def test_a_command_runs_as_ever(cells) -> None:
    text = cells.run(command_cell("--profile --allow-command 'echo hi'", "echo", "hi"))
    assert "hi" in text
    assert "profile of" in text
    assert "<error" not in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--profile --engine both", "a profile is of one engine"),
        (
            "--profile-out /no/such/folder/p.json",
            "the profile cannot be written to /no/such/folder/p.json: there is no",
        ),
        ("--profile-out /tmp/p.txt", "its name has to end in .json"),
    ],
)
def test_what_cannot_be_is_told(cells, options: str, said: str) -> None:
    assert said in cells.run(guest(options))
