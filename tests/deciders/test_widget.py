"""The widget decider in a real kernel, over ZMQ, with a front end that may be honest, limited or hostile."""

from __future__ import annotations

import json
import re

import pytest

ASK = "ask(chain);"


def answer_of(text: str) -> str:
    found = re.findall(r"ANSWER (\S+)", text)
    assert len(found) == 1, text
    return found[0]


@pytest.mark.parametrize(
    ("choice", "allowed", "verdict"),
    [
        ("once", "True", "Allowed once"),
        ("run", "True", "Allowed for this run: this exact command"),
        ("session", "True", "Allowed for this session: this exact command"),
        ("session:prefix", "True", "Allowed for this session: git status, then anything"),
        ("session:any", "True", "Allowed for this session: git with any arguments; it can then do all that you can"),
        ("deny", "False", "Denied"),
    ],
)
def test_an_answer_is_taken_and_leaves_a_record(front_end, choice, allowed, verdict):
    cell = front_end.start(ASK)
    front_end.wait_prompt()
    front_end.choose(choice)
    text = front_end.finish(cell)
    assert f"ANSWER {choice} allow={allowed} via=widget" in text
    [record] = front_end.records()
    assert set(record) == {"text/html", "text/plain"}
    assert record["text/plain"].startswith(f"[ssvm] {verdict}: /usr/bin/git status --short (asked by guest hello")


def test_u13_nothing_of_the_widget_is_left(front_end):
    cell = front_end.start(ASK)
    front_end.wait_prompt()
    front_end.choose("session")
    front_end.finish(cell)
    assert front_end.open_comms == {}
    left = front_end.run("import ipywidgets; print(len(ipywidgets.widgets.widget._instances), len(k.kernel_comms()))")
    assert left.split() == ["0", "0"]


def test_the_view_gets_the_facts_and_no_values(front_end):
    cell = front_end.start(ASK)
    prompt = front_end.wait_prompt()
    front_end.choose("deny")
    front_end.finish(cell)
    assert prompt["program"] == "/usr/bin/git"
    assert prompt["arguments"] == ["status", "--short"]
    assert prompt["environment"] == ["LC_ALL"]
    assert prompt["stdin"] == "12 bytes"
    assert prompt["who"] == {"guest": "hello", "module": "0123456789ab", "cell": "In [3]"}
    assert [offer["id"] for offer in prompt["offers"]][:2] == ["deny", "once"]
    assert "secret-value" not in json.dumps([m["content"] for m in front_end.messages])


def forged(prompt: dict) -> dict[str, object]:
    good = {"id": prompt["id"], "nonce": prompt["nonce"], "choice": "once"}
    return {
        "wrong nonce": {**good, "nonce": "x" * len(prompt["nonce"])},
        "nonce that is no text": {**good, "nonce": 1},
        "nonce that is not ASCII": {**good, "nonce": "\u00e9"},
        "no nonce": {"id": good["id"], "choice": "once"},
        "wrong request": {**good, "id": "request-0"},
        "choice not offered": {**good, "choice": "always"},
        "choice that is a list": {**good, "choice": ["once"]},
        "choice that is the offer": {**good, "choice": {"id": "once", "allow": True}},
        "more than the answer": {**good, "allow": True},
        "ready that is an answer": {**good, "ready": True},
        "text": "once",
        "list": ["once"],
        "nothing": None,
    }


@pytest.mark.parametrize("name", sorted(forged({"id": "", "nonce": ""})))
def test_u12_what_is_not_exactly_an_answer_grants_nothing(front_end, name):
    cell = front_end.start(ASK)
    message = forged(front_end.wait_prompt())[name]
    front_end.send_comm(message)
    front_end.expect_running(cell)
    front_end.choose("deny")
    assert answer_of(front_end.finish(cell)) == "deny"
    assert front_end.run("print(widget.ignored)") == "1\n"


def test_u12_traits_carry_no_authority(front_end):
    cell = front_end.start(ASK)
    prompt = front_end.wait_prompt()
    wider = {**prompt, "offers": [{**offer, "allow": True} for offer in prompt["offers"]], "program": "/bin/true"}
    front_end.send_raw({"method": "update", "state": {"prompt": wider, "granted": ["once"]}, "buffer_paths": []})
    front_end.send_raw({"method": "request_state"})
    front_end.send_raw({"content": {"id": prompt["id"], "nonce": prompt["nonce"], "choice": "once"}})
    front_end.send_raw("custom")
    front_end.expect_running(cell)
    front_end.choose("deny")
    assert "ANSWER deny allow=False" in front_end.finish(cell)
    assert "/usr/bin/git" in front_end.records()[0]["text/plain"]


def test_u12_an_answer_counts_once(front_end):
    cell = front_end.start("ask(chain); ask(chain);")
    first = front_end.wait_prompt()
    front_end.choose("once")
    front_end.choose("deny")  # a second answer to the first prompt
    front_end.until(lambda _: len(front_end.prompts) == 2)
    front_end.wait_prompt()
    for comm in ("", *[m["content"]["comm_id"] for m in front_end.messages if m["msg_type"] == "comm_close"]):
        front_end.send_comm({"id": first["id"], "nonce": first["nonce"], "choice": "once"}, comm=comm)  # a replay
    front_end.expect_running(cell)
    front_end.choose("deny")
    text = front_end.finish(cell)
    assert re.findall(r"ANSWER (\S+)", text) == ["once", "deny"]


def test_u12_a_message_that_is_not_signed_is_not_read(front_end):
    cell = front_end.start(ASK)
    prompt = front_end.wait_prompt()
    answer = {"id": prompt["id"], "nonce": prompt["nonce"], "choice": "once"}
    data = {"method": "custom", "content": answer}
    front_end.forge("comm_msg", {"comm_id": front_end.prompt_comm, "data": data})
    front_end.forge("comm_close", {"comm_id": front_end.prompt_comm, "data": {}})
    front_end.expect_running(cell)
    front_end.choose("deny")
    assert answer_of(front_end.finish(cell)) == "deny"
    assert front_end.run("print(widget.ignored)") == "0\n"


def test_u05_nobody_allows_before_they_can_have_read(front_end):
    cell = front_end.start("widget.human_seconds = 3600; ask(chain);")
    front_end.wait_prompt()
    front_end.choose("once")
    front_end.expect_running(cell)
    front_end.choose("deny")  # denying is never too early
    assert answer_of(front_end.finish(cell)) == "deny"


def test_interrupt_inside_a_prompt(front_end):
    cell = front_end.start(ASK)
    front_end.wait_prompt()
    front_end.interrupt()
    text = front_end.finish(cell)
    assert "INTERRUPTED" in text
    assert "<error KeyboardInterrupt" in text
    assert front_end.records()[0]["text/plain"].startswith("[ssvm] Denied (interrupted before an answer): ")
    assert front_end.open_comms == {}
    # An answer that was under way is dropped: it grants nothing and says nothing into later cells.
    front_end.prompts.append({"id": "request-1", "nonce": "late"})
    closed = [m["content"]["comm_id"] for m in front_end.messages if m["msg_type"] == "comm_close"]
    for comm in closed:
        front_end.send_comm({"id": "request-1", "nonce": "late", "choice": "once"}, comm=comm)
    assert front_end.run("import time; time.sleep(0.2); print('next')") == "next\n"


def test_the_guest_ends_while_asking(front_end):
    setup = """
from ssvm_kernel.errors import WorkerDied
def dying(fileno, timeout=None):
    readable = wait(fileno, 0.7 if timeout is None else timeout)
    if timeout is None and not readable:
        raise WorkerDied("gone")
    return readable
"""
    cell = front_end.start(f"{setup}\nchain.decide(question(), dying)")
    text = front_end.finish(cell)
    assert "<error WorkerDied: gone>" in text
    assert front_end.records()[0]["text/plain"].startswith("[ssvm] Denied (the run ended before an answer): ")
    assert front_end.open_comms == {}


def test_a_front_end_without_widgets_is_asked_by_text(front_end):
    front_end.has_widgets = False
    cell = front_end.start(ASK)
    front_end.wait_input_request()
    front_end.type_line("d")
    assert "ANSWER deny allow=False via=stdin" in front_end.finish(cell)
    assert "could not be shown here" in front_end.records()[0]["text/plain"]


def test_a_front_end_that_does_not_render_is_asked_by_text(front_end):
    front_end.renders = False
    cell = front_end.start("widget.ready_seconds = 0.3; ask(chain);")
    front_end.wait_input_request()
    front_end.type_line("deny")
    assert "via=stdin" in front_end.finish(cell)
    # It renders later (the output was out of sight): the next prompt is a widget again.
    front_end.renders = True
    cell = front_end.start("widget.ready_seconds_after_blank = 60; ask(chain);")
    front_end.wait_prompt()
    front_end.choose("once")
    assert "ANSWER once allow=True via=widget" in front_end.finish(cell)
    # And from then on it is trusted to render, however long that takes.
    front_end.renders = False
    cell = front_end.start("widget.ready_seconds = widget.ready_seconds_after_blank = 0.1; ask(chain);")
    front_end.wait_prompt()
    front_end.expect_running(cell)
    front_end.ready()
    front_end.choose("once")
    assert "ANSWER once allow=True via=widget" in front_end.finish(cell)


def test_a_late_ping_counts_for_the_next_question(front_end):
    front_end.answers_ping = False
    cell = front_end.start("widget.ping_seconds = 0.1; ask(chain);")
    front_end.wait_input_request()
    front_end.answer_ping_late()
    front_end.type_line("d")
    assert "via=stdin" in front_end.finish(cell)
    assert front_end.prompts == []
    cell = front_end.start(ASK)
    front_end.wait_prompt()
    front_end.choose("deny")
    assert "via=widget" in front_end.finish(cell)


def test_u25_nobody_there_is_a_denial_within_a_second(front_end):
    front_end.answers_ping = False
    seconds = []
    for _ in range(3):  # the fastest counts: the machine may be busy
        text = front_end.run("ask(default_chain());", allow_stdin=False)
        assert "ANSWER deny allow=False via=nobody reason='nobody can be asked here'" in text
        assert "display_data" not in text
        seconds.append(float(re.search(r"after ([\d.]+) s", text)[1]))
    assert min(seconds) < 1.0


def test_a_client_is_pinged_once(front_end):
    front_end.answers_ping = False
    text = front_end.run("widget.ping_seconds_without_stdin = 1.5; ask(chain); ask(chain);", allow_stdin=False)
    first, second = map(float, re.findall(r"after ([\d.]+) s", text))
    assert second < 1.5 <= first + 0.01  # less than one ping
    assert len([m for m in front_end.messages if m["msg_type"] == "comm_open"]) == 1


def test_no_answer_in_time_is_a_denial(front_end):
    text = front_end.run(
        "from ssvm_kernel.deciders.widget import WidgetDecider; ask(WidgetDecider(answer_seconds=0.3));"
    )
    assert "ANSWER deny allow=False via=nobody reason='no answer within 0.3 s'" in text


@pytest.mark.parametrize("known", [True, False])
def test_no_answer_in_time_is_a_denial_where_the_prompt_was_not_shown_yet(front_end, known):
    """Also where more time is left to show it, and where the page was seen to show prompts."""
    front_end.renders = False
    again = "widget._clients[client_session(get_ipython().kernel)] = Client.RENDERS; " if known else ""
    text = front_end.run(
        "from ssvm_kernel.deciders.presence import Client, client_session\n"
        f"{again}widget.answer_seconds = 0.3; widget.ready_seconds = 3600; ask(widget);"
    )
    assert "ANSWER deny allow=False via=nobody reason='no answer within 0.3 s'" in text


def test_a_prompt_that_is_closed_is_a_denial(front_end):
    cell = front_end.start(ASK)
    front_end.wait_prompt()
    front_end.close_comm(front_end.prompt_comm)
    assert "ANSWER deny allow=False via=nobody reason='the prompt was closed'" in front_end.finish(cell)


def test_over_a_subshell_as_jupyterlab_does(front_end):
    front_end.make_subshell()
    cell = front_end.start(ASK)
    front_end.wait_prompt()
    front_end.choose("once")
    assert "ANSWER once allow=True via=widget" in front_end.finish(cell)


def test_without_the_tap_over_a_subshell(front_end):
    """The ordinary way still works where the kernel's insides are not as the tap knows them (also in 7.4.0)."""
    front_end.make_subshell()
    front_end.delay = 0.3  # without the tap, what comes before the callbacks are set is lost
    untapped = "import ssvm_kernel.deciders.channel as channel; tap = channel.tap_of; channel.tap_of = lambda _: None"
    front_end.run(untapped)
    try:
        cell = front_end.start(ASK)
        front_end.wait_prompt()
        front_end.choose("once")
        assert "ANSWER once allow=True via=widget" in front_end.finish(cell)
    finally:
        front_end.run("channel.tap_of = tap")


def test_a_click_fires_no_cell_hooks(front_end):
    front_end.make_subshell()
    front_end.run(
        "fired = []; ip = get_ipython(); hook = lambda *a: fired.append(1)\nip.events.register('pre_execute', hook)"
    )
    cell = front_end.start(
        "fired.clear(); ask(chain); print('hooks', len(fired)); ip.events.unregister('pre_execute', hook)"
    )
    front_end.wait_prompt()
    front_end.choose("once")
    assert "hooks 0" in front_end.finish(cell)
