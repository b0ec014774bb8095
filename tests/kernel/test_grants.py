"""Grants that last: kept, shown, taken back, written down as options; and the dry run."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from .guests import HELLO, cell, command_cell


@pytest.fixture
def config(cells) -> Path:
    folder = Path(cells.run("import os; print(os.environ['SSVM_CONFIG_DIR'])").strip())
    for file in folder.glob("always.json*"):
        file.unlink()
    return folder


def answer(cells, source: str, choice: str) -> str:
    running = cells.start(source)
    cells.wait_prompt()
    cells.choose(choice)
    return cells.finish(running)


def test_always_holds_in_the_next_session_for_this_guest_and_this_command(cells, config) -> None:
    assert "│ kept" in answer(cells, command_cell("", "echo", "kept"), "always")
    file = config / "always.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (grant,) = json.loads(file.read_text())["grants"]
    assert (grant["effect"], grant["arguments"], grant["items"]) == ("allow", "exact", ["kept"])
    cells.run("%reload_ext ssvm_kernel")
    assert "│ kept" in cells.run(command_cell("", "echo", "kept"))
    assert not cells.prompts
    text = answer(cells, command_cell("", "echo", "kept", "not"), "deny")  # another module, though the program is known
    assert "<error DeniedError:" in text
    text = cells.run("%ssvm grants")
    assert "always" in text
    assert "--allow-command" in text
    assert "echo kept" in text
    assert "your file" in text
    cells.run("%ssvm grants --forget all")
    assert "DeniedError" in answer(cells, command_cell("", "echo", "kept"), "deny")


def test_a_changed_program_asks_again(cells, config, tmp_path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho one\n")
    tool.chmod(0o755)
    assert "│ one" in answer(cells, command_cell("", str(tool)), "always:any")
    assert "│ one" in cells.run(command_cell("", str(tool)))
    tool.write_text("#!/bin/sh\necho two\n")
    text = answer(cells, command_cell("", str(tool)), "deny")
    assert "<error DeniedError:" in text
    assert "│ two" not in text


def test_a_strange_file_is_told_in_the_cell_and_kept(cells, config) -> None:
    answer(cells, command_cell("", "echo", "kept"), "always")
    (config / "always.json").write_text("{")
    running = cells.start(command_cell("", "echo", "kept"))
    cells.wait_prompt()
    cells.choose("deny")
    text = cells.finish(running)
    assert "always.json" in text
    assert "renamed" in text
    assert len(list(config.glob("always.json.kept-*"))) == 1


def test_a_denial_lasts_too_and_is_taken_back_by_name(cells, config) -> None:
    source = command_cell("", "echo", "no")
    assert "<error DeniedError:" in answer(cells, source, "deny:session:exact")
    text = cells.run(source)
    assert not cells.prompts
    assert "denied by you for this session" in text
    grant = text.partition("%ssvm revoke ")[2].split()[0].strip("<>")
    assert "deny" in cells.run("%ssvm grants")
    assert "taken back" in cells.run(f"%ssvm revoke {grant}")
    assert "│ no" in answer(cells, source, "once")


def test_the_table_its_uses_and_its_export_as_options(cells, config) -> None:
    answer(cells, command_cell("--name asker", "echo", "two words"), "session")
    cells.run(command_cell("--name asker", "echo", "two words"))
    text = cells.run("%ssvm grants")
    assert "session" in text
    assert "you, in a prompt" in text
    html = next(m["content"]["data"]["text/html"] for m in cells.messages if m["msg_type"] == "execute_result")
    assert "<script" not in html
    exported = cells.run("%ssvm grants --export").strip()
    assert exported.startswith("--allow-command ")
    cells.run("%ssvm grants --revoke all")
    assert "no grants" in cells.run("%ssvm grants")
    assert "│ two words" in cells.run(command_cell(exported, "echo", "two words"))
    assert not cells.prompts
    assert "<error UsageError:" in cells.run("%ssvm revoke g99")


def test_the_dry_run_lists_what_was_tried_and_the_line_that_grants_it(cells, config, tmp_path) -> None:
    text = cells.run(command_cell("--deny-all --allow-command true --name dry", "echo", "a b"))
    assert not cells.prompts
    assert "<error" not in text
    assert "dry run: dry tried this" in text
    assert "echo 'a b'" in text
    line = next(part for part in text.splitlines() if "%ssvm run dry" in part)
    line = line[line.index("%ssvm run dry") :].rstrip(">")
    assert "--deny-all" not in line
    assert "--allow-command true" in line
    assert "│ a b" in cells.run(line)
    assert not cells.prompts
    assert "asked for nothing" in cells.run(f"%%ssvm wat --deny-all\n{HELLO}")


def test_a_denial_names_the_line_that_grants_all_and_runs_again(cells, config) -> None:
    cells.answers_ping = cells.has_widgets = False
    text = cells.run(command_cell("--name again", "echo", "later"), allow_stdin=False)
    line = text.partition("run again: ")[2].splitlines()[0].rstrip(">")
    assert line.startswith("%ssvm run again --allow-command")
    assert "│ later" in cells.run(line)


def test_the_line_to_run_again_names_the_guest_whatever_its_name(cells, config) -> None:
    cells.answers_ping = cells.has_widgets = False
    name = "a b --allow-command-all"
    text = cells.run(command_cell(f"--name '{name}'", "echo", "later"), allow_stdin=False)
    line = text.partition("run again: ")[2].splitlines()[0].rstrip(">")
    assert line == f"%ssvm run '{name}' --allow-command \"echo later\""
    assert "│ later" in cells.run(line)


def test_the_manifest_comes_before_the_first_prompt_and_not_for_guests_that_print(cells, config) -> None:
    text = answer(cells, command_cell("", "echo", "x"), "once")
    assert "can run host commands that you allow" in text
    assert "it cannot, whatever it does:" in text
    assert "use the network" in text
    assert text.index("whatever it does") < text.index("│ x")
    assert "whatever it does" not in cells.run(f"%%ssvm wat\n{HELLO}")


def test_the_ledger(cells, config, tmp_path) -> None:
    cells.run(command_cell("--allow-command echo", "echo", "noted"))
    text = cells.run(f"seen = %ssvm ledger --jsonl {tmp_path}/l.jsonl\nseen")
    assert "echo noted" in text
    assert "exited 0" in text
    (line,) = [json.loads(line) for line in (tmp_path / "l.jsonl").read_text().splitlines()]
    assert line["request"]["argv"] == ["echo", "noted"]
    assert cells.run("print(seen.rows()[0]['outcome'], len(seen))") == "exited 1\n"
    cells.run("%reload_ext ssvm_kernel")
    cells.run(command_cell("--allow-command echo", "echo", "of another session"))
    for _ in range(2):
        assert "wrote 1 line to " in cells.run(f"%ssvm ledger --jsonl {tmp_path}/l.jsonl")
    both = [json.loads(line)["request"]["argv"][1] for line in (tmp_path / "l.jsonl").read_text().splitlines()]
    assert both == ["noted", "of another session"], "neither session's lines are lost, and none is there twice"
    try:
        import pandas  # noqa: F401
    except ImportError:
        assert "pip install pandas" in cells.run("seen.dataframe()")


FILES = """
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))"""


def opening(options: str, *paths: str, create: bool = False) -> str:
    """Return a cell that opens paths in its first folder and exits with the last error."""
    data, calls, at = [], [], 4096
    for path in paths:
        encoded = path.encode()
        escaped = "".join(f"\\{byte:02x}" for byte in encoded)
        data.append(f'(data (i32.const {at}) "{escaped}")')
        calls.append(
            f"(local.set $e (call $open (i32.const 3) (i32.const 1) (i32.const {at}) (i32.const {len(encoded)})"
            f" (i32.const {int(create)}) (i64.const {64 if create else 2}) (i64.const 0) (i32.const 0) (i32.const 16)))"
        )
        at += len(encoded)
    body = f"(local $e i32) (drop (call $prestat (i32.const 3) (i32.const 32))) {''.join(calls)}"
    body += " (call $exit (local.get $e))"
    return cell(options, body, data=" ".join(data)).replace("(module ", f"(module {FILES} ", 1)


def test_refused_paths_are_named_with_the_line_that_grants_them(cells, tmp_path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/secret.txt").write_text("x")
    (tmp_path / "in/link").symlink_to(tmp_path / "out/secret.txt")
    text = cells.run(opening(f"--dir in:{tmp_path}/in:ro", "gone.txt", "../out/secret.txt", "link"))
    assert "<error DeniedError:" in text
    assert f"--dir in/../out:{tmp_path}/out:ro" in text
    assert f"--dir {tmp_path}/out:ro" in text
    assert "in/gone.txt: there is no such file" in text
    text = cells.run(opening(f"--dir in:{tmp_path}/in:ro", "new.txt", create=True))
    assert "in/new.txt: it may only be read" in text
    assert f"--dir in:{tmp_path}/in" in text
    assert not (tmp_path / "in/new.txt").exists()
    line = text.partition("run again: ")[2].splitlines()[0].rstrip(">")
    assert "<error" not in cells.run(line)
    assert (tmp_path / "in/new.txt").exists()
    (tmp_path / "in/new.txt").unlink()
    assert "<error" not in cells.run(opening(f"--dir in:{tmp_path}/in", "new.txt", create=True))


def test_a_guest_without_folders_that_looked_for_them_is_told(cells) -> None:
    text = cells.run(opening("--no-raise", "a\x1b[2Kb"))
    assert "looked for folders and has none" in text
    assert "\x1b" not in text


def test_w13_the_same_folder_twice_is_as_strict_as_its_strictest_grant(cells, tmp_path) -> None:
    for order in (f"--dir a:{tmp_path} --dir b:{tmp_path}:ro", f"--dir b:{tmp_path}:ro --dir a:{tmp_path}"):
        text = cells.run(opening(order, "made.txt", create=True))
        assert "<error DeniedError:" in text
        assert not (tmp_path / "made.txt").exists()


def test_w13_a_read_only_folder_inside_a_writable_one_is_refused_since_nothing_would_keep_it(cells, tmp_path) -> None:
    (tmp_path / "data").mkdir()
    text = cells.run(opening(f"--dir .:{tmp_path} --dir data:{tmp_path}/data:ro", "x"))
    assert "<error GrantError:" in text
    (tmp_path / "data/f").write_text("x")
    text = cells.run(opening(f"--dir .:{tmp_path}:ro --dir data:{tmp_path}/data", "new", create=True))
    assert "<error DeniedError:" in text  # through the outer folder, the first one, it stays read-only
    assert not (tmp_path / "new").exists()
