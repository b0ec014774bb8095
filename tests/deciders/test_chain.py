"""The order of deciders, and what the chain refuses before anybody is asked."""

from __future__ import annotations

import threading

import pytest

from ssvm_kernel.capabilities.model import Scope
from ssvm_kernel.deciders.base import Answer, Offer
from ssvm_kernel.deciders.chain import DeciderChain, default_chain
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.deciders.scripted import ScriptedDecider

from .kernel_side import question, wait


class Absent:
    name = "absent"

    def decide(self, question, wait):
        return None


def test_the_first_that_can_ask_answers():
    first, second = ScriptedDecider(["once"]), ScriptedDecider(["session"])
    answer = DeciderChain([Absent(), first, second]).decide(question(), wait)
    assert (answer.offer.id, answer.via) == ("once", "scripted")
    assert second.questions == []


def test_u25_nobody_at_all_denies():
    for deciders in ([], [Absent()], [NobodyDecider()]):
        answer = DeciderChain(deciders).decide(question(), wait)
        assert not answer.offer.allow
        assert answer.via == "nobody"
        assert answer.reason == "nobody can be asked here"


def test_the_product_asks_by_dialog_then_widget_then_text_then_nobody():
    assert [decider.name for decider in default_chain().deciders] == ["dialog", "widget", "stdin", "nobody"]


def test_an_answer_that_was_not_offered_allows_nothing():
    class Generous:
        name = "generous"

        def decide(self, question, wait):
            return Answer(Offer("all", "Allow everything", allow=True, scope=Scope.ALWAYS), via=self.name)

    answer = DeciderChain([Generous()]).decide(question(), wait)
    assert not answer.offer.allow
    assert "not offered" in answer.reason


def test_only_the_main_thread_asks():
    script = ScriptedDecider(["once"])
    answers = []
    thread = threading.Thread(target=lambda: answers.append(DeciderChain([script]).decide(question(), wait)))
    thread.start()
    thread.join()
    assert not answers[0].offer.allow
    assert "main thread" in answers[0].reason
    assert script.questions == []


def test_u06_one_question_at_a_time():
    chain = DeciderChain([])

    class Nested:
        name = "nested"

        def decide(self, asked, wait):
            self.inner = chain.decide(asked, wait)
            return Answer(asked.offers[1], via=self.name)

    nested = Nested()
    chain.deciders = (nested,)
    assert chain.decide(question(), wait).offer.allow
    assert not nested.inner.offer.allow
    assert "another request" in nested.inner.reason
    assert chain.decide(question(), wait).offer.allow  # and free again


@pytest.mark.parametrize(
    "changes",
    [
        {"argv": (b"git", b"x" * 20_000)},
        {"argv": (b"git", b"\x1b" * 4_000)},  # short as bytes, long as it must be shown
        {"argv": (b"git", *[b""] * 201)},
        {"argv": (b"x" * 20_000,)},
        {"env": tuple((b"N%d" % i, b"") for i in range(201))},
        {"env": ((b"N" * 20_000, b""),)},
    ],
)
def test_u04_what_cannot_be_shown_whole_is_denied_unasked(changes):
    script = ScriptedDecider(["once"])
    answer = DeciderChain([script]).decide(question(**changes), wait)
    assert not answer.offer.allow
    assert answer.reason.startswith("it cannot be shown whole: ")
    assert script.questions == []


def test_an_interrupt_leaves_the_chain_usable():
    class Interrupted:
        name = "interrupted"

        def decide(self, question, wait):
            raise KeyboardInterrupt

    chain = DeciderChain([Interrupted()])
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            chain.decide(question(), wait)
