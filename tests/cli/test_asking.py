"""Asking in a real pseudo-terminal: what is shown, what an answer is, and that a guest has no part in it."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pexpect
import pytest

from . import wat
from .conftest import START

READ = 0.5  # seconds in which a person has read the question
QUESTION = r"Allow\? \[d\]eny \(default\), \[o\]nce, \[r\]un, \[a\]lways: "
DENIED = 'Command "echo" is not in the white list'


@pytest.fixture
def terminal(place, monkeypatch):
    """Start ``ssvm`` in a terminal of its own."""
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    started = []

    def start(*words, shell=""):
        command = [*START, *map(str, words)]
        if shell:
            command = ["sh", "-c", shell, "sh", *command]
        child = pexpect.spawn(command[0], command[1:], cwd=str(place), timeout=60, encoding="utf-8", echo=False)
        child.logfile_read = sys.stdout
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)


def ended(child) -> tuple[str, int | None]:
    child.expect(pexpect.EOF)
    child.wait()
    return child.before, child.exitstatus


def answer(child, word: str) -> None:
    child.expect(QUESTION)
    time.sleep(READ)
    child.sendline(word)


@pytest.fixture
def echoes(module):
    return module(wat.commands("ssvm_process", "echo", "hi", "there"))


@pytest.mark.parametrize("word", ["o", "run"])
def test_an_answer_that_allows(terminal, echoes, word):
    child = terminal(echoes)
    answer(child, word)
    text, status = ended(child)
    assert "hi there\r\n" in text
    assert (status, DENIED in text) == (0, False)


@pytest.mark.parametrize("word", ["deny"])
def test_an_answer_that_denies(terminal, echoes, word):
    child = terminal(echoes)
    answer(child, word)
    text, status = ended(child)
    assert DENIED in text
    assert status == 255


def test_what_is_no_answer_denies(terminal, echoes):
    child = terminal(echoes)
    for word in ("", "yes", "s"):  # there is no session on a command line
        answer(child, word)
    text, status = ended(child)
    assert DENIED in text
    assert status == 255


def test_the_end_of_the_input_denies(terminal, echoes):
    child = terminal(echoes)
    child.expect(QUESTION)
    time.sleep(READ)
    child.sendeof()
    assert ended(child)[1] == 255


def test_the_terminal_is_made_plain_before_the_question(terminal, module):
    hostile = (
        "\x1b[8m\x1b[?1049h\x1b(0\x0e\x1b]0;"  # hidden text, another screen, other letters, a title without an end
    )
    path = module(wat.commands("ssvm_process", "echo", "hi", first=hostile))
    child = terminal(path)
    child.expect(QUESTION)
    shown = child.before
    reset = shown.index("\x18\x1b\\\x1b[!p")
    assert shown.index("\x1b[?1049h") < reset < shown.index("echo")
    after = shown[reset:]
    for sequence in ("\x1b[0m", "\x1b[?1047l", "\x0f\x1b(B", "\x1b]110\x1b\\", "\x1b[?1004l"):
        assert sequence in after
    child.sendline("d")


def test_keys_typed_before_the_question_do_not_answer_it(terminal, module):
    child = terminal(module(wat.commands("ssvm_process", "echo", "hi")))
    child.send("o\no\no\n")
    child.expect(QUESTION)
    time.sleep(READ)
    child.sendline("d")
    text, status = ended(child)
    assert DENIED in text
    assert status == 255


def test_the_answer_does_not_reach_the_guest_and_its_input_is_no_answer(terminal, module):
    path = module(wat.commands("ssvm_process", "echo", "hi", then=wat.CAT_BODY, uses=("fd_read",)))
    child = terminal(path)
    answer(child, "o")
    child.expect("hi\r\n")
    child.sendline("for the guest")
    child.expect("for the guest\r\n")
    child.sendeof()
    text, status = ended(child)
    assert status == 0
    assert re.search(r"^o\r\n", text, re.MULTILINE) is None


@pytest.mark.parametrize("shell", ['exec "$@" </dev/null', 'exec "$@" 2>err'])
def test_nothing_is_asked_unless_stdin_and_stderr_are_terminals(terminal, echoes, place, shell):
    child = terminal(echoes, shell=shell)
    text, status = ended(child)
    assert "Allow?" not in text
    assert status == 255
    if "err" in shell:
        assert DENIED in (place / "err").read_text()


def test_nothing_is_asked_in_a_cells_terminal(terminal, echoes, monkeypatch):
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    text, status = ended(terminal(echoes))
    assert ("Allow?" in text, status) == (False, 255)


def test_output_may_go_elsewhere(terminal, echoes, place):
    child = terminal(echoes, shell='exec "$@" >out')
    answer(child, "o")
    assert ended(child)[1] == 0
    assert (place / "out").read_bytes() == b"hi there\n"  # no question, no record: the guest's bytes only


def test_an_interrupt_while_it_asks(terminal, echoes):
    child = terminal(echoes)
    child.expect(QUESTION)
    child.sendintr()
    child.expect(pexpect.EOF)
    child.wait()
    assert child.signalstatus == 2


def test_nobody_is_hurried(terminal, echoes):
    child = terminal("--time-limit", "4000", echoes)
    child.expect(QUESTION)
    time.sleep(4.5)
    child.sendline("o")
    text, status = ended(child)
    assert (status, "hi there" in text) == (0, True)


def test_always_holds_for_the_next_time(terminal, echoes, ssvm):
    child = terminal(echoes)
    answer(child, "a")
    assert ended(child)[1] == 0
    assert list(Path(os.environ["SSVM_CONFIG_DIR"]).iterdir())
    assert ssvm(echoes).stdout == b"hi there\n"
