"""A guest's command, all the way: asked for, granted or denied, run, shown; with a front end that clicks."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import psutil

from .guests import HELLO, command_cell

SLEEP = ["sleep", f"4321.{os.getpid()}"]
"""Nobody else on this machine sleeps for as long, nor these tests in the other process that runs some of them."""


def test_allowed_by_an_option_it_runs_and_is_shown_under_its_label(cells) -> None:
    text = cells.run(command_cell("--allow-command echo", "echo", "one two", "$HOME;ls"))
    assert "┌ echo 'one two' '$HOME;ls'" in text
    assert "│ one two $HOME;ls" in text
    assert "exit 0" in text
    assert "<error" not in text
    assert not cells.prompts


def test_denied_where_nobody_can_be_asked(cells) -> None:
    cells.answers_ping = cells.has_widgets = False
    text = cells.run(command_cell("", "echo", "hi"), allow_stdin=False)
    assert 'Permission denied: Command "echo" is not in the white list.' in text
    assert "<error DeniedError:" in text
    assert "--allow-command" in text
    assert "echo hi" in text


def test_denied_without_an_error_the_cell_shows_what_would_grant_it(cells) -> None:
    cells.answers_ping = cells.has_widgets = False
    text = cells.run(command_cell("--no-raise --name quiet", "echo", "hi"), allow_stdin=False)
    assert "<error" not in text
    assert "quiet was denied this" in text
    line = text.partition("run again: ")[2].splitlines()[0].rstrip(">")
    assert line == '%ssvm run quiet --no-raise --allow-command "echo hi"'
    html = [m["content"]["data"].get("text/html", "") for m in cells.messages if m["msg_type"] == "display_data"]
    assert sum("<code>--allow-command &quot;echo hi&quot;</code>" in form for form in html) == 1
    assert "was denied" not in cells.run(line)


def test_allow_once_in_the_prompt_of_a_running_cell(cells) -> None:
    running = cells.start(command_cell("", "echo", "from the host"))
    prompt = cells.wait_prompt()
    cells.expect_running(running)
    assert "once" in str(prompt)
    cells.choose("once")
    text = cells.finish(running)
    assert "│ from the host" in text
    assert "<error" not in text
    running = cells.start(command_cell("", "echo", "from the host"))
    cells.wait_prompt()
    cells.choose("deny")
    text = cells.finish(running)
    assert "<error DeniedError:" in text


def test_allow_for_the_session_asks_once_and_only_for_that_command(cells) -> None:
    running = cells.start(command_cell("", "echo", "again"))
    cells.wait_prompt()
    cells.choose("session")
    assert "│ again" in cells.finish(running)
    assert "│ again" in cells.run(command_cell("", "echo", "again"))
    assert not cells.prompts
    running = cells.start(command_cell("", "echo", "other"))
    cells.wait_prompt()
    cells.choose("deny")
    assert "<error DeniedError:" in cells.finish(running)


def test_a_click_over_a_subshell(cells) -> None:
    cells.make_subshell()
    running = cells.start(command_cell("", "echo", "subshell"))
    cells.wait_prompt()
    cells.choose("once")
    assert "│ subshell" in cells.finish(running)


def test_asked_in_the_terminal_of_a_console(cells) -> None:
    cells.answers_ping = cells.has_widgets = cells.renders = False
    cells.run("Screen.ping_seconds = 1.5")  # nobody will answer
    running = cells.start(command_cell("", "echo", "typed"))
    assert "[o]nce" in cells.wait_input_request()
    time.sleep(1)  # sooner, and it would not be believed to be a person's answer
    cells.type_line("o")
    assert "│ typed" in cells.finish(running)


def test_interrupt_inside_a_prompt(cells) -> None:
    running = cells.start(command_cell("", "echo", "never"))
    cells.wait_prompt()
    cells.interrupt()
    text = cells.finish(running)
    assert "│ never" not in text
    assert "Interrupt" in text
    assert cells.run(f"%%ssvm wat\n{HELLO}").startswith("hello\n")


def test_interrupt_inside_a_command_ends_it_and_its_children(cells) -> None:
    sleep = " ".join(SLEEP)
    running = cells.start(command_cell("--allow-command sh", "sh", "-c", f"echo begun; {sleep} & {sleep}"))
    cells.until(lambda m: "│ begun" in str(m["content"].get("data", "")))
    _wait_for_sleepers(there=True)
    cells.interrupt()
    assert "Interrupt" in cells.finish(running)
    _wait_for_sleepers(there=False)


def test_the_output_of_a_command_is_shown_while_it_runs(cells, tmp_path) -> None:
    go_on = tmp_path / "go-on"
    waits = f"echo early; until [ -e {go_on} ]; do sleep 0.1; done; echo late; sleep 0.5; echo bad >&2"
    running = cells.start(command_cell("--allow-command sh", "sh", "-c", waits))
    seen = cells.until(lambda m: "│ early" in str(m["content"].get("data", "")))["content"]["data"]["text/plain"]
    assert re.fullmatch(r"┌ sh -c '.*'  \(/.*\)\n│ early\n└ running", seen), seen
    cells.expect_running(running)
    text = cells.text(running)
    assert "│ late" not in text
    assert "late\n" not in text
    go_on.touch()
    text = cells.finish(running)
    assert re.search(
        r"│ early\n│ late\n│ bad\n└ exit 0 · [\d.]+ m?s · 11 B out · 4 B err>\nearly\nlate\nbad\n", text
    ), text


def test_nothing_of_the_kernels_environment_reaches_a_command(cells) -> None:
    cells.run("import os; os.environ['JUPYTER_TOKEN'] = os.environ['AWS_SECRET'] = 'secret'")
    text = cells.run(command_cell("--allow-command env", "env"))
    assert "secret" not in text
    text = cells.run(command_cell("--allow-command env --env GREETING=hello", "env", env={"GREETING": "hello"}))
    assert "│ GREETING=hello" in text


def test_a_loader_variable_is_refused_by_name(cells) -> None:
    text = cells.run(command_cell("--allow-command-all", "echo", env={"LD_PRELOAD": "/x.so"}))
    assert "<error DeniedError:" in text
    assert "LD_PRELOAD" in text


def test_a_signal_is_told_as_it_was(cells) -> None:
    text = cells.run(command_cell("--allow-command sh", "sh", "-c", "kill -9 $$"))
    assert "SIGKILL" in text
    text = cells.run(command_cell("--allow-command sh", "sh", "-c", "kill -40 $$"))  # has a number only
    assert "killed by SIG40" in text
    assert "<error" not in text


def test_a_timeout_is_told_and_the_guest_sees_110(cells) -> None:
    text = cells.run(command_cell("--allow-command sleep --no-raise", "sleep", "1000", timeout=200))
    assert "timed out" in text
    assert f"exit {110 & 63}" in text
    text = cells.run(command_cell("--allow-command sleep --no-raise --command-timeout 200", "sleep", "1000"))
    assert "timed out" in text


def test_a_command_works_in_the_granted_folder_or_in_an_empty_one(cells, tmp_path) -> None:
    (tmp_path / "seen.txt").write_text("x")
    text = cells.run(command_cell(f"--allow-command pwd --dir data:{tmp_path}:ro", "pwd"))
    assert str(tmp_path) in text
    text = cells.run(command_cell("--allow-command ls", "ls", "-a"))
    assert "│ .\n│ ..\n└" in text
    text = cells.run(command_cell("--allow-command pwd", "pwd"))
    folder = next(line for line in text.splitlines() if line.startswith("│")).removeprefix("│ ")
    assert not Path(folder).exists()


def test_a_saved_prompt_or_record_grants_nothing_later(cells) -> None:
    running = cells.start(command_cell("", "echo", "once only"))
    cells.wait_prompt()
    cells.choose("once")
    cells.finish(running)
    (record, *_) = [data for data in cells.records() if "echo" in data["text/plain"]]
    assert "application/vnd.jupyter.widget-view+json" not in record
    cells.choose("once")  # the same answer again, as a replayed message would be
    running = cells.start(command_cell("", "echo", "once only"))
    cells.wait_prompt()
    cells.choose("deny")
    assert "<error DeniedError:" in cells.finish(running)


def _wait_for_sleepers(*, there: bool) -> None:
    deadline = time.monotonic() + 60
    while bool(_sleepers()) != there:
        assert time.monotonic() < deadline, _sleepers()
        time.sleep(0.05)


def _sleepers() -> list[psutil.Process]:
    processes = psutil.process_iter(["cmdline"])
    return [process for process in processes if process.info["cmdline"] == SLEEP]
