"""A known cell's guest begins with the request, and what it prints at first is shown before the rest is done."""

from __future__ import annotations

import time

import pytest

from ssvm_kernel.deciders.link import EVENTS
from tests.kernel.guests import HELLO

from .test_cells import PATIENCE, exits, of

NOTE = """%%python
from ssvm_kernel.sandbox.headstart import Begun, HeadStarts
begun, early = [], []
_begin, _look = HeadStarts.begin, Begun.look
def _noting(self, typed, name):
    _begin(self, typed, name)
    begun.append(len(self._begun))
def _looking(self):
    _look(self)
    if self.output is not None:
        early.append(self.output.totals["stdout"])
HeadStarts.begin, Begun.look = _noting, _looking
"""
LEFT = "get_ipython().magics_manager.registry['SsvmMagics'].session.runtime.runner.ahead._begun"


@pytest.fixture
def noted(both):
    both.run(NOTE)
    yield both
    both.run("%%python\nHeadStarts.begin, Begun.look = _begin, _look")
    both.expect_whole()


def seen(kernel, what: str) -> str:
    return kernel.run(f"%%python\nprint({what})").strip()


def test_the_second_time_it_begins_ahead_and_looks_the_same(noted) -> None:
    for _ in range(4):  # compiled, read from the disk, and known
        text = noted.run(HELLO)
        assert text.startswith("hello\n")
        assert text.count("hello") == 1
        ours = [message for message in noted.messages if message["content"].get("comm_id") != EVENTS]
        kinds = [message["msg_type"] for message in ours]
        assert kinds[:3] == ["status", "execute_input", "stream"]
    assert seen(noted, "begun[-2:]") == "[1, 1]"
    assert seen(noted, "len(early) >= 2, set(early) <= {0, 6}") == "True True"


def test_who_is_told_before_a_cell_is_told_first(noted) -> None:
    noted.run(HELLO)
    noted.run("%%python\ndef before(info):\n    print('before')\nget_ipython().events.register('pre_run_cell', before)")
    try:
        assert noted.run(HELLO).startswith("before\nhello\n")
    finally:
        noted.run("%%python\nget_ipython().events.unregister('pre_run_cell', before)")


def test_what_changed_since_is_not_shown_early(noted) -> None:
    noted.run(HELLO)
    count = seen(noted, "len(early)")
    noted.run("%%ssvm wat --file other.wat\n;; a file of the session")
    assert noted.run(HELLO).count("hello") == 1
    assert seen(noted, "len(early)") == count


def test_a_cell_after_one_that_failed_does_not_begin(noted) -> None:
    noted.run(HELLO)
    noted.run(HELLO)
    count = seen(noted, "len(begun)")
    defaults = {"silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    noted._forget()
    requests = [
        noted.send("execute_request", {"code": code, "stop_on_error": True, **defaults}) for code in (exits(3), HELLO)
    ]
    replies: dict[str, str] = {}
    deadline = time.monotonic() + PATIENCE
    while len(replies) < 2:
        assert time.monotonic() < deadline
        reply = noted.client.get_shell_msg(timeout=PATIENCE)
        replies[reply["parent_header"].get("msg_id", "")] = reply["content"]["status"]
    assert [replies[request] for request in requests] == ["error", "aborted"]
    noted.until(
        lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle" and of(m, requests[1])
    )
    assert seen(noted, f"len({LEFT})") == "0"
    assert seen(noted, "len(begun)") in (count, str(int(count) + 1))  # the one that failed was looked for
    assert noted.run(HELLO).count("hello") == 1
