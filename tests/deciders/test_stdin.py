"""Asking by text: in a kernel over ZMQ, and in a terminal on a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from .frontend import HERE, PATIENCE


@pytest.fixture
def console(front_end):
    """A front end that can type and knows no comms, as Jupyter console is."""
    front_end.answers_ping = False
    front_end.run("widget.ping_seconds = 0.1; stdin.human_seconds = 0.2")
    return front_end


def answer(console, *lines, code="ask(chain);", pause=0.4):
    cell = console.start(code)
    for line in lines:
        console.wait_input_request()
        time.sleep(pause)
        console.type_line(line)
    return console.finish(cell)


@pytest.mark.parametrize(
    ("lines", "choice"),
    [
        (["o"], "once"),
        (["once"], "once"),
        (["r"], "run"),
        (["s"], "session"),
        ([" Session "], "session"),
        (["d"], "deny"),
        (["deny"], "deny"),
        (["", "o"], "once"),
        (["yes", "s"], "session"),
        (["", "", ""], "deny"),
        (["y", "allow", "on"], "deny"),
        (["\x1b[A", "oo", "a"], "deny"),
    ],
)
def test_what_a_typed_line_means(console, lines, choice):
    text = answer(console, *lines)
    assert f"ANSWER {choice} " in text
    assert "via=stdin" in text


def test_the_same_facts_as_in_the_widget(console):
    text = answer(console, "o", code='ask(chain, argv=(b"git", b"a\\x1b[2Kb", b""), note="the program has changed");')
    for fact in (
        "guest hello (sha256 0123456789ab…, In [3]) asks to run a program",
        '/usr/bin/git  (asked for as "git")',
        '1: "a\\x1b[2Kb"',
        '2: ""',
        "folder:      /tmp/work folder",
        "environment: LC_ALL",
        "stdin:       12 bytes",
        "time limit:  2.5 s",
        "note:        the program has changed",
        "[ssvm] Allowed once: /usr/bin/git",
    ):
        assert fact in text
    assert "secret-value" not in text
    assert "\x1b[2K" not in text


def test_the_question_names_its_answers(console):
    cell = console.start("ask(chain);")
    assert console.wait_input_request() == "Allow? [d]eny (default), [o]nce, [r]un, [s]ession: "
    console.type_line("d")
    console.finish(cell)


def test_u05_an_answer_faster_than_reading_is_asked_again(console):
    text = answer(console, "o", "o", "d", code="stdin.human_seconds = 30; ask(chain);", pause=0)
    assert "ANSWER deny" in text
    assert "before the question could be read" in text


def test_end_of_input_is_nobody(console):
    assert "ANSWER deny allow=False via=nobody" in answer(console, "\x04")


def test_interrupt_while_typing(console):
    cell = console.start("ask(chain);")
    console.wait_input_request()
    console.interrupt()
    text = console.finish(cell)
    assert "[ssvm] Denied (interrupted before an answer): /usr/bin/git" in text
    assert "<error KeyboardInterrupt" in text
    assert console.run("1 + 1")


def test_nobody_can_type(console):
    text = console.run("ask(stdin);", allow_stdin=False)
    assert "ANSWER none" in text


def test_what_was_printed_before_does_not_hide_the_question(console):
    text = answer(console, "d", code="print('\x1b[8mhidden', end=''); ask(chain);")
    assert "hidden\x1b[0m\n[ssvm] guest hello" in text


TAKEN = """
import contextlib, io
from IPython.utils.capture import capture_output
with {context} as taken:
    answer = {what}
print("STILL", answer and answer.via)
"""


@pytest.mark.parametrize("what", ["ask(stdin)", "ask(widget)", "ask(chain)", "pick('/tmp')"])
def test_nobody_is_asked_where_the_question_would_not_be_seen(front_end, what):
    front_end.run("stdin.human_seconds = 0.2")
    text = front_end.run(TAKEN.format(context="capture_output()", what=what))
    assert text == ("STILL None\n" if what in ("ask(stdin)", "ask(widget)") else "STILL nobody\n")
    assert front_end.prompts == []


def test_the_question_is_seen_where_only_stdout_is_taken_away(console):
    text = answer(
        console, "o", code=TAKEN.format(context="contextlib.redirect_stdout(io.StringIO())", what="ask(chain)")
    )
    assert text.startswith("\x1b[0m\n[ssvm] guest hello")
    assert "STILL stdin\n" in text


# In a terminal

SCRIPT = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
print("LOADING", flush=True)
import kernel_side as k
sys.stdin.readline()
k.stdin.human_seconds = 0.5
k.ask()
"""


class Terminal:
    def __init__(self, command, **redirections):
        ours, theirs = pty.openpty()
        self.fd = ours
        self.seen = ""
        standard = {"stdin": theirs, "stdout": theirs, "stderr": theirs, **redirections}
        self.process = subprocess.Popen(command, start_new_session=True, **standard)
        os.close(theirs)

    def read_until(self, pattern):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if re.search(pattern, self.seen):
                return self.seen
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 4096).decode()
                except OSError:  # the other side is closed
                    break
        assert re.search(pattern, self.seen), self.seen
        return self.seen

    def type_text(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        self.process.wait(PATIENCE)
        os.close(self.fd)


@pytest.fixture
def terminal():
    opened = []

    def start(**redirections):
        opened.append(Terminal([sys.executable, "-c", SCRIPT], **redirections))
        return opened[-1]

    yield start
    for one in opened:
        one.process.kill()
        one.close()


def test_u05_keys_typed_ahead_do_not_answer(terminal):
    person = terminal()
    person.read_until("LOADING")
    person.type_text("\no\no\no\ns\n")  # the first line starts the script, the others come before the question
    person.read_until("Allow\\? ")
    time.sleep(1)
    assert "ANSWER" not in person.seen
    person.type_text("o\n")
    assert "ANSWER once allow=True via=stdin" in person.read_until("ANSWER .*s")


def test_a_closed_terminal_denies(terminal):
    person = terminal()
    person.type_text("\n")
    person.read_until("Allow\\? ")
    person.type_text("\x04")
    assert "ANSWER deny allow=False via=nobody" in person.read_until("ANSWER .*s")


def test_stdin_that_is_no_terminal_is_nobody(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=b"\no\no\ns\n", capture_output=True, timeout=PATIENCE, check=True
    )
    assert b"ANSWER deny allow=False via=nobody" in run.stdout


def test_the_question_is_not_written_into_a_file(terminal, tmp_path):
    with (tmp_path / "out").open("wb") as out:
        person = terminal(stdout=out)
        person.type_text("\n")
        person.read_until("Allow\\? ")  # on stderr, which is still the terminal
        time.sleep(0.6)
        person.type_text("s\n")
        person.process.wait(PATIENCE)
    assert "ANSWER session allow=True" in (tmp_path / "out").read_text()


def test_without_any_screen_nobody_is_asked(terminal, tmp_path):
    with (tmp_path / "out").open("wb") as out:
        person = terminal(stdout=out, stderr=out)
        person.type_text("\no\n")
        person.process.wait(PATIENCE)
    assert "ANSWER deny allow=False via=nobody" in (tmp_path / "out").read_text()
