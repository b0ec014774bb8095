"""Text of guests is inert; figures are short and true."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.display.text import duration, inert, size


@given(st.text())
def test_nothing_that_acts_or_hides_is_left(text: str) -> None:
    for character in inert(text):
        assert character in "\n\t\r" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ntext\t1\r", "plain\ntext\t1\r"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("naïve 漢字 🎉", "naïve 漢字 🎉"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_colours_stay_for_terminals_and_nothing_else_does() -> None:
    assert inert("\x1b[31mred\x1b[0m \x1b[2J", keep_colours=True) == "\x1b[31mred\x1b[0m \\x1b[2J"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 µs"), (0.00023, "230 µs"), (0.0041, "4.1 ms"), (0.23, "230 ms"), (1.5, "1.5 s"), (300, "5.0 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1200, "1.2 kB"), (64 << 20, "67.1 MB"), (5e9, "5.0 GB")]
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text
