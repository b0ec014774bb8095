"""What the extension's panel asks for over the control channel, in a real kernel with real guests."""

from __future__ import annotations

import pytest

from .guests import cell, command_cell


@pytest.fixture
def panel(cells):
    """A kernel with a session, whose page has the extension; the dialog asks."""
    cells.run("%ssvm grants")  # makes the session
    cells.request(do="hello", prompts=True)
    yield cells
    cells.request(do="hello", prompts=False)


def choose(page, choice: str) -> None:
    question = page.wait_question()
    page.request(do="answer", id=question["id"], nonce=question["nonce"], choice=choice)


def test_grants_and_ledger_are_read_while_a_question_waits_and_taken_back(panel) -> None:
    running = panel.start(command_cell("--name asker", "echo", "said"))
    question = panel.wait_question()
    look = panel.request(do="look")
    assert (look["waiting"], look["grants"], look["ledger"]) == (True, [], [])
    panel.request(do="answer", id=question["id"], nonce=question["nonce"], choice="session")
    assert "exit 0" in panel.finish(running)

    look = panel.request(do="look")
    (grant,) = look["grants"]
    assert (grant["effect"], grant["scope"], grant["revocable"]) == ("allow", "session", True)
    assert grant["what"].startswith("--allow-command")
    (line,) = look["ledger"]
    assert (line["guest"], line["argv"], line["decision"], line["outcome"]) == (
        "asker",
        ["echo", "said"],
        "allow",
        "exited",
    )
    assert panel.request(do="look", since=line["seq"])["ledger"] == []
    assert panel.request(do="export")["options"] == grant["what"]

    assert panel.request(do="revoke", grant=grant["id"])["status"] == "ok"
    assert panel.request(do="look")["grants"] == []
    again = panel.request(do="revoke", grant=grant["id"])
    assert again == {"version": 1, "status": "error", "error": f"there is no grant {grant['id']} any more"}
    running = panel.start(command_cell("--name asker", "echo", "said"))
    choose(panel, "deny")
    assert "DeniedError" in panel.finish(running)


def test_taking_back_ends_a_running_command(panel) -> None:
    running = panel.start(command_cell("--name sleeper", "sleep", "60"))
    choose(panel, "session")
    panel.until(lambda _: any(event["event"] == "settled" for event in panel.events))
    grants: list[dict] = []
    while not grants:
        grants = panel.request(do="look")["grants"]
    panel.request(do="revoke", grant=grants[0]["id"])
    panel.finish(running)
    (line,) = panel.request(do="look")["ledger"]
    assert line["outcome"] != "exited"


def test_a_guest_that_only_prints_asks_for_nothing(panel) -> None:
    assert panel.events == []
    panel.run(cell("", "(call $print (i32.const 1) (i32.const 64) (i32.const 2))", data='(data (i32.const 64) "hi")'))
    assert panel.events == []
    assert panel.request(do="look")["ledger"] == []
