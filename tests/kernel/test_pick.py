"""Folders that a person picks: before a run, by themselves, for one guest, and until they are taken back."""

from __future__ import annotations

import re
import stat

import pytest

from .guests import HELLO

NAME_OF_FIRST_FOLDER = """
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 512) "made")
  (func (export "_start")
    (if (call $prestat (i32.const 3) (i32.const 0)) (then (call $exit (i32.const 8))))
    (i32.store (i32.const 16) (i32.const 1024))
    (i32.store (i32.const 20) (i32.load (i32.const 4)))
    (drop (call $dir_name (i32.const 3) (i32.const 1024) (i32.load (i32.const 4))))
    (i32.store8 (i32.add (i32.const 1024) (i32.load (i32.const 20))) (i32.const 10))
    (i32.store (i32.const 20) (i32.add (i32.load (i32.const 20)) (i32.const 1)))
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
    (drop (call $make (i32.const 3) (i32.const 512) (i32.const 4)))))
"""
OTHER = NAME_OF_FIRST_FOLDER.replace('"made"', '"done"')


@pytest.fixture
def folder(cells, tmp_path):
    (tmp_path / "data").mkdir()
    cells.run(f"import os; os.chdir({str(tmp_path)!r})")
    return tmp_path / "data"


def guest(options: str, source: str = NAME_OF_FIRST_FOLDER) -> str:
    return f"%%ssvm wat {options}\n{source}"


def send(cells, **content) -> None:
    prompt = cells.prompts[-1]
    cells.send_comm({"id": prompt["id"], "nonce": prompt["nonce"], **content})


def pick(cells, code: str, name: str = "data", access: str = "read") -> str:
    running = cells.start(code)
    listing = cells.wait_prompt()["listing"]
    (key,) = [line["id"] for line in listing["folders"] if line["name"] == name]
    send(cells, pick=key, access=access, name="in")
    return cells.finish(running)


def no_folder(text: str) -> bool:
    return "<error GuestExit" in text and "exit" in text and "\nin\n" not in text


def test_picked_before_the_run_and_used_by_later_ones(cells, folder) -> None:
    text = pick(cells, guest("--pick --name reader"))
    assert "Folder granted for this session, to read, as in" in text
    assert "in\n" in text
    assert not (folder / "made").exists()
    assert cells.run("%ssvm run reader --no-raise").startswith("in\n")
    assert not cells.prompts
    assert cells.run(guest("--pick --no-raise")).startswith("in\n")  # the same code, and it has a folder
    assert not cells.prompts
    table = cells.run("%ssvm grants")
    assert f"--dir in:{folder}:ro" in table


def test_what_was_picked_is_for_that_guest_alone(cells, folder) -> None:
    pick(cells, guest("--pick"))
    assert no_folder(cells.run(guest("", OTHER)))


def test_by_itself_to_write_and_taken_back(cells, folder) -> None:
    assert no_folder(cells.run(guest("--name writer")))
    text = pick(cells, "%ssvm pick writer", access="read and write")
    assert "read and write" in text
    assert cells.run("%ssvm run writer").startswith("in\n")
    assert stat.S_ISDIR((folder / "made").stat().st_mode)
    number = re.search(r"\bg\d+\b", cells.run("%ssvm grants"))[0]
    cells.run(f"%ssvm revoke {number}")
    assert no_folder(cells.run("%ssvm run writer"))


def test_picked_again_it_takes_the_place_of_the_first(cells, folder) -> None:
    pick(cells, guest("--pick --name again"))
    pick(cells, "%ssvm pick again", access="read and write")
    assert cells.run("%ssvm run again").startswith("in\n")
    assert (folder / "made").exists()


def test_no_folder_is_an_answer(cells, folder) -> None:
    running = cells.start(guest("--pick"))
    cells.wait_prompt()
    send(cells, cancel=True)
    text = cells.finish(running)
    assert no_folder(text)
    assert "No folder granted" in text


def test_an_interrupt_in_the_picker_ends_the_cell(cells, folder) -> None:
    running = cells.start(guest("--pick"))
    cells.wait_prompt()
    cells.interrupt()
    assert "Interrupt" in cells.finish(running)
    assert no_folder(cells.run(guest("")))


def test_it_is_not_asked_where_it_makes_no_sense(cells, folder) -> None:
    assert cells.run(f"%%ssvm wat --pick\n{HELLO}").startswith("hello\n")  # it cannot use a folder
    assert cells.run(guest(f"--pick --dir here:{folder}:ro --no-raise")).startswith("here\n")
    assert "dry run" in cells.run(guest("--pick --deny-all"))
    assert not cells.prompts


def test_without_it_the_cell_says_that_there_is_it(cells, folder) -> None:
    assert "--pick" in cells.run(guest(""))


def test_u25_nobody_there_is_denied_with_the_option_that_names_a_folder(cells, folder) -> None:
    cells.answers_ping = cells.has_widgets = False
    for code in (guest("--pick --name alone"), "%ssvm pick alone"):
        text = cells.run(code, allow_stdin=False)
        assert "<error DeniedError" in text
        assert "--dir data:PATH:ro" in text


def test_by_typing_in_a_console(cells, folder) -> None:
    cells.answers_ping = cells.has_widgets = cells.renders = False
    cells.run("Screen.ping_seconds = 1.5")  # nobody will answer
    running = cells.start(guest("--pick"))
    for asked, typed in (("Path", str(folder)), ("[r]ead", ""), ("Name", "typed")):
        assert asked in cells.wait_input_request()
        cells.type_line(typed)
    assert "typed\n" in cells.finish(running)


def test_p02_a_later_command_inside_a_writable_picked_folder_is_refused(cells, folder) -> None:
    tool = folder / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    pick(cells, guest("--pick --name both"), access="read and write")
    text = cells.run(f"%ssvm run both --allow-command {tool}")
    assert "<error GrantError" in text
    assert cells.run("%ssvm run both").startswith("in\n")
