"""What is shown of a request, in every form, whatever bytes a guest chose."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.facts import command_line, facts_of, too_long_to_show
from ssvm_kernel.deciders.offers import DENY, offers_for
from ssvm_kernel.deciders.record import Record, record_bundle
from ssvm_kernel.deciders.viewdata import view_data

from .kernel_side import question, request

HOSTILE = [
    b"<script>alert(1)</script>",
    b'"><img src=x onerror=alert(1)>',
    b"javascript:alert(1)",
    b"\x1b[2K\x1b[1Ggit status",
    b"a\nAllow? yes",
    "\u202egpj.exe".encode(),
    b"\xff\xfe\x00",
    b"",
    b" ",
]


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, sorted(name for name, _ in attrs)))

    def handle_data(self, data):
        self.text += data


def test_command_line_shows_where_items_begin():
    asked = request(argv=(b"git", b"commit", b"-m", b"two words", b"", b'say "hi"'))
    assert command_line(facts_of(asked)) == '/usr/bin/git commit -m "two words" "" "say \\"hi\\""'


@pytest.mark.parametrize("item", HOSTILE)
def test_u15_u19_the_record_is_inert(item):
    facts = facts_of(request(argv=(item, item), path="/opt/<b>/x", env=((item, b"v"),)))
    bundle = record_bundle(Record(facts, DENY))
    parsed = Tags(bundle["text/html"])
    harmless = Tags(record_bundle(Record(facts_of(request()), DENY))["text/html"])
    assert parsed.found == harmless.found
    assert {tag for tag, _ in parsed.found} <= {"blockquote", "b", "code", "i"}
    assert {name for _, names in parsed.found for name in names} <= {"style", "role"}
    assert visible(item).replace('"', '\\"') in parsed.text
    assert bundle["text/plain"].isprintable()


def test_records_say_how_it_ended():
    facts = facts_of(request())
    allow = offers_for(request())[1]
    assert Record(facts, allow).verdict == "Allowed once"
    assert Record(facts, DENY).verdict == "Denied"
    assert Record(facts, remark="interrupted").verdict == "Denied (interrupted)"
    assert [Record(facts, offer).allowed for offer in (allow, DENY, None)] == [True, False, False]


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=6), st.text(max_size=20))
def test_every_form_shows_every_item_and_nothing_that_moves(argv, note):
    asked = question(argv=tuple(argv), note=note)
    facts = facts_of(asked.request)
    assert facts.arguments == tuple(map(visible, argv[1:]))
    data = view_data(asked, facts, "nonce")
    assert data["arguments"] == list(facts.arguments)
    json.dumps(data)
    for text in (*facts.arguments, facts.name, data["note"], command_line(facts), *facts.as_text().split("\n")):
        assert text.isprintable()


def test_no_value_of_the_environment_is_shown():
    facts = facts_of(request(env=((b"KEY", b"secret-value"),)))
    shown = json.dumps(view_data(question(), facts, "")) + facts.as_text() + str(record_bundle(Record(facts)))
    assert "KEY" in shown
    assert "secret-value" not in shown


def test_u04_limits_are_for_what_is_shown():
    assert too_long_to_show(request(argv=(b"git", b"x" * 5_000))) == ""
    assert too_long_to_show(request(argv=(b"git", b"x" * 12_000)))
    assert too_long_to_show(request(argv=(b"git", b"\x00" * 5_000)))
    assert too_long_to_show(request(stdin=b"x" * 1_000_000)) == ""  # its size is shown, not its bytes
    assert "300 arguments" in too_long_to_show(request(argv=(b"git", *[b"a"] * 300)))
