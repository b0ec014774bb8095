from __future__ import annotations

import pytest

from ssvm_kernel.deciders.scripted import ScriptedDecider

from .kernel_side import question, wait


def test_answers_follow_the_script_and_questions_are_kept():
    decider = ScriptedDecider(["once", "deny"])
    first, second = question(), question(note="again")
    assert [decider.decide(asked, wait).offer.id for asked in (first, second)] == ["once", "deny"]
    assert decider.questions == [first, second]


def test_a_function_may_choose():
    decider = ScriptedDecider(lambda asked: "deny" if b"push" in asked.request.command.argv else "once")
    assert decider.decide(question(argv=(b"git", b"push")), wait).offer.id == "deny"
    assert decider.decide(question(), wait).offer.id == "once"


def test_the_end_of_the_script_is_an_error():
    with pytest.raises(LookupError, match="no answer to question 1"):
        ScriptedDecider([]).decide(question(), wait)


def test_what_was_not_offered_is_an_error():
    with pytest.raises(LookupError, match="'always' was not offered"):
        ScriptedDecider(["always"]).decide(question(), wait)
