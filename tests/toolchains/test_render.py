"""How findings look: marked in the cell's own text, nothing hidden, nothing that a page would run."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.toolchains.base import Diagnostic, Severity
from ssvm_kernel.toolchains.render import LIMIT, WIDTH, compile_error, render_html, render_text

SOURCE = "int main(void) {\n\tint 日本 = nope;\n}"


def error(line=0, column=0, end=0, message="bad", label="", end_line=0):
    return Diagnostic(Severity.ERROR, message, line, column, end_line or (line if end else 0), end, label=label)


def test_the_place_is_marked_under_the_line():
    shown = render_text(SOURCE, [error(2, 11, 15, "no such name", "here")])
    assert shown == (
        "error: no such name\n"  #
        " --> line 2, column 11\n"
        "2 |     int 日本 = nope;\n"
        "  |                ^^^^ here"
    )


def test_lines_can_be_those_of_the_whole_cell():
    shown = render_text(SOURCE, [error(2, 11, 15)], line_offset=1)
    assert " --> line 3, column 11\n3 |     int" in shown


def test_a_finding_without_a_place_is_its_message():
    assert render_text(SOURCE, [error(message="the linker failed")]) == "error: the linker failed"


def test_a_line_without_a_column_is_shown_unmarked():
    assert render_text(SOURCE, [error(3)]).endswith(" --> line 3\n3 | }")


def test_a_place_outside_of_the_cell_is_not_looked_for():
    assert render_text(SOURCE, [error(99, 1)]) == "error: bad"


def test_a_code_stands_with_the_severity():
    found = Diagnostic(Severity.WARNING, "unused", code="-Wunused")
    assert render_text("", [found]) == "warning[-Wunused]: unused"


def test_errors_come_first_and_keep_their_notes():
    found = [
        Diagnostic(Severity.WARNING, "w"),
        Diagnostic(Severity.NOTE, "of w"),
        Diagnostic(Severity.ERROR, "e"),
        Diagnostic(Severity.HELP, "of e\n  second line"),
    ]
    shown = render_text("", found)
    assert shown == "error: e\nhelp: of e\n    second line\n\nwarning: w\nnote: of w"


def test_a_flood_is_counted():
    shown = render_text("", [error(message=f"e{number}") for number in range(LIMIT + 7)])
    assert f"e{LIMIT - 1}" in shown
    assert f"e{LIMIT}" not in shown
    assert shown.endswith("… and 7 more")


def test_a_span_of_several_lines_is_marked_on_its_first():
    shown = render_text("f(1,\n2)", [error(1, 2, 3, end_line=2)])
    assert shown.endswith("1 | f(1,\n  |  ^^^")


@pytest.mark.parametrize("column", [1, 5_000, 9_999, 10_000])
def test_a_long_line_is_cut_around_the_place(column):
    line = "x" * (column - 1) + "@" + "y" * (10_000 - column)
    marked = render_text(line, [error(1, column, column + 1)]).splitlines()
    assert len(marked[2]) <= WIDTH + 10
    assert marked[2][marked[3].index("^")] == "@"


def test_a_mark_reaches_no_further_than_the_line_shown():
    assert len(render_text("x" * 10_000, [error(1, 1, 9_999)])) < 500


def test_wide_and_combining_characters_keep_the_mark_in_its_column():
    source = "日e\u0301 @"
    marked = render_text(source, [error(1, 5, 6)]).splitlines()
    assert marked[3] == "  |     ^"


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\u202e", "\\u202e"),
        ("\u200b", "\\u200b"),
        ("\x1b", "\\x1b"),
        ("\x00", "\\x00"),
        ("\u2028", "\\u2028"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_hides_is_shown_in_source_message_and_label(hidden, shown):
    source = f"a{hidden}b @"
    found = error(1, 5, 6, f"m{hidden}", f"l{hidden}")
    for text in (render_text(source, [found]), render_html(source, [found])):
        assert hidden not in text
        assert text.count(shown) == 3
    marked = render_text(source, [found]).splitlines()
    assert marked[2][marked[3].index("^")] == "@"


class Tags(HTMLParser):
    """Keeps what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def parsed(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    return tags


def test_html_runs_nothing_and_says_the_same_as_the_text():
    source = '<script>alert(1)</script> <img src=x onerror="alert(2)"> &amp;'
    found = [error(1, 3, 5, "<b>no</b>: & 'quotes'", "<i>"), Diagnostic(Severity.WARNING, "w")]
    tags = parsed(render_html(source, found))
    assert set(tags.tags) == {"pre", "strong"}
    assert tags.attributes == {"style"}
    assert tags.text == render_text(source, found)


@given(st.text(max_size=200), st.integers(0, 5), st.integers(0, 250), st.integers(0, 250), st.text(max_size=30))
def test_any_text_and_place_can_be_shown(source, line, column, end, message):
    found = [error(line, column, end, message, message)]
    text = render_text(source, found)
    assert all(char.isprintable() or char == "\n" or char.isspace() for char in text)
    assert parsed(render_html(source, found)).text == text


def test_the_error_carries_text_and_findings():
    found = (error(2, 11, 15),)
    raised = compile_error(SOURCE, iter(found), line_offset=1)
    assert raised.diagnostics == found
    assert "line 3" in str(raised)


def test_a_place_in_a_file_that_is_not_at_hand_is_named():
    found = Diagnostic(Severity.ERROR, "bad", 3, 5, 3, 6, file="a\u202eb.wit")
    assert render_text(SOURCE, [found]) == "error: bad\n --> a\\u202eb.wit, line 3, column 5"
