"""The dialog decider in a real kernel, over ZMQ, with a front end that has the extension, or claims to."""

from __future__ import annotations

import json
import re

import pytest

from .frontend import FrontEnd

ASK = "ask(chain);"


@pytest.fixture
def extension(front_end: FrontEnd):
    """A front end with the extension, which shows prompts; the kernel knows it already."""
    front_end.run("from ssvm_kernel.deciders.link import link_of; link = link_of(get_ipython().kernel)")
    assert front_end.request(do="hello", prompts=True) == {"version": 1, "status": "ok", "question": None}
    yield front_end
    front_end.run("link._clients.clear()")


def answer(page: FrontEnd, question: dict, choice: str | None, changes: dict[str, object] | None = None) -> dict:
    said = {"do": "answer", "id": question["id"], "nonce": question["nonce"], "choice": choice}
    return page.request(**{**said, **(changes or {})})


def test_the_question_goes_to_the_page_and_its_answer_counts(extension: FrontEnd) -> None:
    cell = extension.start(ASK)
    question = extension.wait_question()
    assert question["arguments"] == ["status", "--short"]
    assert "secret-value" not in json.dumps([message["content"] for message in extension.messages])
    assert answer(extension, question, None)["status"] == "ok"
    extension.expect_running(cell)
    assert answer(extension, question, "session")["status"] == "ok"
    text = extension.finish(cell)
    assert "ANSWER session allow=True via=dialog" in text
    assert "Waiting for your answer in a dialog: /usr/bin/git status --short" in text
    assert extension.records()[0]["text/plain"].startswith("[ssvm] Allowed for this session: this exact command")
    assert extension.events[-1] == {"version": 1, "event": "settled", "id": question["id"], "nonce": question["nonce"]}
    assert extension.prompts == []  # no widget, no ping
    assert not [message for message in extension.messages if message["msg_type"] == "comm_open"]


def test_a_request_says_nothing_into_the_cell_and_leaves_it_busy(extension: FrontEnd) -> None:
    cell = extension.start(ASK)
    question = extension.wait_question()
    before = len(extension.messages)
    extension.request(do="hello", prompts=True)
    extension.expect_running(cell)
    assert extension.messages[before:] == []  # ipykernel's own handlers would report "idle" here
    answer(extension, question, "deny")
    assert "ANSWER deny" in extension.finish(cell)


def test_a_page_that_is_loaded_in_mid_prompt_gets_the_question(extension: FrontEnd) -> None:
    cell = extension.start(f"dialog.human_seconds = 2; {ASK}")
    question = extension.wait_question()
    answer(extension, question, None)
    extension.client.session.session = "a-new-page"
    again = extension.request(do="hello", prompts=True)["question"]
    assert again == question
    answer(extension, again, "once")  # sooner than a person can have read it again
    extension.expect_running(cell, 2.1)
    answer(extension, again, "once")
    assert "ANSWER once allow=True via=dialog" in extension.finish(cell)
    assert extension.request(do="hello", prompts=True)["question"] is None


def test_u12_only_the_answer_is_believed(extension: FrontEnd) -> None:
    cell = extension.start(ASK)
    question = extension.wait_question()
    for wrong in (
        {"nonce": "x" * len(question["nonce"])},
        {"nonce": "\u00e9"},
        {"id": "request-0"},
        {"choice": "always"},
        {"choice": ["once"]},
        {"choice": {"id": "once", "allow": True}},
        {"allow": True},
        {"version": 2},
        {"do": "grant"},
        {"nonce": "x" * 1000},
    ):
        answer(extension, question, "once", wrong)
    for nonsense in ({}, {"do": "hello"}, {"do": "revoke", "grant": "all"}, {"do": "look", "since": -1}):
        assert extension.request(**nonsense)["status"] == "error"
    # the widget's way in does not lead to the dialog's question
    extension.send_comm({"id": question["id"], "nonce": question["nonce"], "choice": "once"}, comm="ssvm")
    extension.expect_running(cell)
    answer(extension, question, "deny")
    answer(extension, question, "once")
    assert re.findall(r"ANSWER (\S+)", extension.finish(cell)) == ["deny"]


def test_u12_a_request_that_is_not_signed_is_not_read(extension: FrontEnd) -> None:
    from jupyter_client.session import Session

    cell = extension.start(ASK)
    question = extension.wait_question()
    stranger = Session(key=b"not the kernel's")
    content = {"version": 1, "do": "answer", "id": question["id"], "nonce": question["nonce"], "choice": "once"}
    stranger.send(extension.client.control_channel.socket, stranger.msg("ssvm_request", content))
    extension.expect_running(cell)
    answer(extension, question, "deny")
    assert "ANSWER deny" in extension.finish(cell)


def test_interrupt_inside_a_dialog(extension: FrontEnd) -> None:
    cell = extension.start(ASK)
    question = extension.wait_question()
    extension.interrupt()
    text = extension.finish(cell)
    assert "INTERRUPTED" in text
    assert extension.events[-1]["event"] == "settled"
    assert extension.records()[0]["text/plain"].startswith("[ssvm] Denied (interrupted before an answer): ")
    assert answer(extension, question, "once")["status"] == "ok"  # and nothing comes of it
    assert extension.request(do="hello", prompts=True)["question"] is None


def test_where_the_part_is_disabled_the_widget_asks(extension: FrontEnd) -> None:
    extension.request(do="hello", prompts=False)
    cell = extension.start(ASK)
    extension.wait_prompt()
    extension.choose("once")
    assert "ANSWER once allow=True via=widget" in extension.finish(cell)


def test_a_page_that_does_not_take_the_question_leaves_it_to_the_widget(extension: FrontEnd) -> None:
    cell = extension.start("dialog.ready_seconds = 0.3; ask(chain);")
    extension.wait_prompt()
    extension.choose("once")
    assert "ANSWER once allow=True via=widget" in extension.finish(cell)


def test_no_answer_in_time_is_a_denial_though_the_page_may_take_longer_for_the_first_question(
    extension: FrontEnd,
) -> None:
    text = extension.run("dialog.ready_seconds = 3600; dialog.answer_seconds = 0.3; ask(chain);")
    assert "ANSWER deny allow=False via=nobody reason='no answer within 0.3 s'" in text
    assert extension.records()[0]["text/plain"].startswith("[ssvm] Denied (no answer within 0.3 s): ")
    assert extension.events[-1]["event"] == "settled"


def test_a_greeting_that_comes_while_the_kernel_asks_is_waited_for(front_end: FrontEnd) -> None:
    front_end.run("from ssvm_kernel.deciders.link import link_of; link = link_of(get_ipython().kernel)")
    # The kernel calls at the question too: a page that was loaded later has not heard the call of its start.
    cell = front_end.start("dialog.greeting_seconds = 60; ask(chain);")
    front_end.until(lambda _: any(event["event"] == "here" for event in front_end.events))
    front_end.request(do="hello", prompts=True)
    question = front_end.wait_question()
    answer(front_end, question, "deny")
    assert "ANSWER deny allow=False via=dialog" in front_end.finish(cell)
    front_end.run("link._clients.clear()")


def test_a_front_end_without_the_extension_is_called_and_waited_for_once(front_end: FrontEnd) -> None:
    text = front_end.run("dialog.greeting_seconds = 0.1; ask(dialog); ask(dialog);")
    assert text.count("ANSWER none") == 2
    assert [event["event"] for event in front_end.events] == ["here"]


def test_a_page_that_cannot_show_its_dialog_is_found_out_though_another_page_could(extension: FrontEnd) -> None:
    cell = extension.start(ASK)
    question = extension.wait_question()
    answer(extension, question, None)
    answer(extension, question, "deny")
    extension.finish(cell)
    extension.client.session.session = "a-page-without-its-dialog"
    extension.request(do="hello", prompts=True)
    cell = extension.start("dialog.ready_seconds = 0.3; ask(chain);")
    extension.wait_prompt()
    extension.choose("once")
    assert "ANSWER once allow=True via=widget" in extension.finish(cell)


def test_a_page_that_has_shown_a_question_has_all_the_time_for_the_next(extension: FrontEnd) -> None:
    cell = extension.start(ASK)
    question = extension.wait_question()
    answer(extension, question, "deny")
    extension.finish(cell)
    cell = extension.start("dialog.ready_seconds = 0; ask(chain);")
    question = extension.wait_question()
    answer(extension, question, "deny")
    assert "ANSWER deny allow=False via=dialog" in extension.finish(cell)


def test_other_control_messages_go_on_to_the_kernel(extension: FrontEnd) -> None:
    extension.make_subshell()
    assert extension.subshell
