from __future__ import annotations

import pytest

from ssvm_kernel.capabilities.model import AnyArguments, ExactArguments, PrefixArguments, Scope
from ssvm_kernel.deciders.offers import coverage, offers_for, prefix_of

from .kernel_side import request


def test_the_answers_to_an_ordinary_command():
    offers = {offer.id: offer for offer in offers_for(request())}
    assert list(offers) == ["deny", "once", "run", "session", "run:prefix", "session:prefix", "run:any", "session:any"]
    assert [offer.id for offer in offers.values() if not offer.allow] == ["deny"]
    assert offers["once"].rule is None
    assert offers["session"].rule == ExactArguments((b"status", b"--short"))
    assert offers["run:prefix"].rule == PrefixArguments((b"status",))
    assert offers["session:any"].rule == AnyArguments()
    assert {offer.id: offer.scope for offer in offers.values()}["session:any"] is Scope.SESSION
    assert [coverage(offer) for offer in offers.values()] == [
        *["request"] * 2, *["exact"] * 2, *["prefix"] * 2, *["any"] * 2
    ]  # fmt: skip


@pytest.mark.parametrize("arguments", [(), (b"-c", b"code"), (b"--exec-path=/tmp", b"status"), (b"", b"status")])
def test_p08_no_prefix_where_it_would_narrow_nothing(arguments):
    asked = request(argv=(b"git", *arguments))
    assert prefix_of(asked) == ()
    assert not [offer for offer in offers_for(asked) if coverage(offer) == "prefix"]


def test_the_widest_answer_says_what_it_means():
    widest = offers_for(request())[-1]
    assert widest.label == "Allow for this session: git with any arguments; it can then do all that you can"


def test_u01_labels_show_escapes():
    asked = request(argv=(b"/opt/g\x1b[2Kit", b"st\xe2\x80\xaeatus"))
    labels = " ".join(offer.label for offer in offers_for(asked))
    assert "g\\x1b[2Kit st\\u202eatus, then anything" in labels
    assert labels.isprintable()


def test_denials_may_last_where_the_policy_remembers_them():
    offers = {offer.id: offer for offer in offers_for(request(), lasting_denials=True)}
    kept = [key for key in offers if key.startswith("deny")]
    kinds = ("exact", "prefix", "any")
    assert kept == ["deny", *[f"deny:{scope}:{kind}" for kind in kinds for scope in ("run", "session")]]
    assert not any(offers[key].allow for key in kept)
    assert offers["deny:session:exact"].label == "Deny for this session: this exact command"
