"""What a guest influences is shown plainly, and never looks like something else (U01, U04, U07, rule 14)."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.text import SHOWN_LIMIT, last_part, too_long, visible, writable
from tests.capabilities.build import nasty_bytes, nasty_text, quick

NO_LIMIT = 10**9
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(\\))")


def unescape(shown):
    """Read shown text back: what proves that nothing was lost."""

    def back(match):
        byte, short, long, backslash = match.groups()
        if backslash:
            return "\\"
        if byte:
            code = int(byte, 16)
            return chr(code) if code < 0x80 else chr(0xDC00 + code)  # a byte that is not UTF-8
        return chr(int(short or long, 16))

    return _ESCAPE.sub(back, shown)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("git", "git"),
        ("a b", "a b"),
        (b"rm\x1b[2K\r", "rm\\x1b[2K\\x0d"),
        (b"a\0b", "a\\x00b"),
        ("a\nb", "a\\x0ab"),
        ("cod\u202egnp.exe", "cod\\u202egnp.exe"),
        ("a\u200bb", "a\\u200bb"),
        ("a\u2028b\x85c", "a\\u2028b\\u0085c"),
        ("\U000e0041", "\\U000e0041"),
        ("x\ufe0f", "x\\ufe0f"),
        (b"\xff\x9b", "\\xff\\x9b"),
        ("\xff\x9b", "ÿ\\u009b"),
        ("\ud800\udcff", "\\ud800\\udcff"),
        (" a", "\\x20a"),
        ("a ", "a\\x20"),
        ("a   b", "a \\x20\\x20b"),
        ("a\xa0b", "a\\u00a0b"),
        ("\\x1b", "\\\\x1b"),
        ("\\u202e", "\\\\u202e"),
        ("\\U000e0041", "\\\\U000e0041"),
        ("C:\\data", "C:\\data"),
        ("\\", "\\\\"),
        ("\uff52\uff4d", "\\uff52\\uff4d"),
        ("\u0440\u0430\u0443", "\u0440\u0430\u0443"),
        ("\u0430pt", "\\u0430pt"),
        ("kΩ", "k\\u03a9"),
        ("e\u0301", "e\\u0301"),
        ("é", "é"),
        ("\u0301", "\\u0301"),
        ("日本語.txt", "日本語.txt"),
        ("हिन्दी", "हिन्दी"),
        ("/tmp/שלום.txt", "/tmp/שלום.txt"),
        ("א/ב", "א/\\u05d1"),
        ("א1", "א\\x31"),
        ("👍", "👍"),
    ],
)
def test_u01_what_hides_moves_or_imitates_is_escaped(data, shown):
    assert visible(data) == shown


@quick
@given(st.one_of(nasty_text, nasty_bytes))
@example("a\u0301\u0323")
@example("\u1100\u1161")
@example("x" + "\u0316" * 9)
def test_u01_nothing_invisible_survives(data):
    shown = visible(data, NO_LIMIT)
    for char in shown:
        assert char == " " or unicodedata.category(char) not in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs", "Me"}
    assert unicodedata.is_normalized("NFKC", shown)
    assert "  " not in shown
    assert shown == shown.strip()


@quick
@given(nasty_bytes)
def test_u01_bytes_are_shown_without_loss(data):
    assert unescape(visible(data, NO_LIMIT)).encode("utf-8", "surrogateescape") == data


@quick
@given(nasty_text)
def test_u01_text_is_shown_without_loss(text):
    # lone surrogates of a text are shown as \udcxx, so that no two texts are shown alike
    assert unescape(visible(text, NO_LIMIT)) == text


@quick
@given(nasty_bytes, nasty_bytes)
def test_u01_two_different_inputs_never_look_the_same(one, other):
    assert (visible(one, NO_LIMIT) == visible(other, NO_LIMIT)) == (one == other)


@quick
@given(nasty_text)
def test_showing_what_is_shown_adds_no_character_that_hides(text):
    shown = visible(text, NO_LIMIT)
    assert writable(shown) or not writable(text)


@quick
@given(st.integers(0, 400), st.sampled_from(["a", "\x1b", "é", "\U000e0041", "\\"]), st.integers(20, 60))
def test_u04_a_long_text_is_cut_in_the_middle_with_a_count(length, char, limit):
    text = f"<{char * length}>"
    shown = visible(text, limit)
    whole = visible(text, NO_LIMIT)
    if len(whole) <= limit:
        assert shown == whole
        return
    head, count, tail = re.fullmatch(r"(.*)\\…\((\d+) characters not shown\)\\…(.*)", shown).groups()
    assert len(head) + len(tail) <= limit
    assert head.startswith("<")
    assert tail.endswith(">")
    assert len(unescape(head)) + int(count) + len(unescape(tail)) == len(text)


def test_u04_a_guest_cannot_write_the_mark_of_a_cut_itself():
    assert "\\…(3 characters not shown)" not in visible("a\\…(3 characters not shown)\\…b", NO_LIMIT)


def test_u04_a_huge_text_is_not_walked_through():
    shown = visible(b"\x1b" * 50_000_000, 100)
    assert len(shown) < 200
    assert "49999976 characters" in shown


@pytest.mark.parametrize(
    ("items", "long"),
    [
        (["a" * SHOWN_LIMIT], False),
        (["a" * (SHOWN_LIMIT - 1), "bb"], True),
        (["\x1b" * (SHOWN_LIMIT // 4)], False),
        (["\x1b" * (SHOWN_LIMIT // 4 + 1)], True),
        ([b"a" * (10 * SHOWN_LIMIT)], True),
        (["日" * SHOWN_LIMIT], False),
        ([("日" * SHOWN_LIMIT).encode()], False),
    ],
)
def test_u04_too_long_counts_what_would_be_shown(items, long):
    assert too_long(*items) is long


@quick
@given(nasty_text)
def test_what_is_not_too_long_is_shown_whole(text):
    shown = visible(text * 40)
    if not too_long(text * 40):
        assert shown == visible(text * 40, NO_LIMIT)


@pytest.mark.parametrize(("text", "can"), [("git log", True), ("a  b\\", True), ("a\nb", False), ("\u202e", False)])
def test_writable(text, can):
    assert writable(text) is can


@pytest.mark.parametrize(("name", "last"), [(b"ls", b"ls"), (b"/bin/ls", b"ls"), (b"", b""), (b"a/", b"")])
def test_last_part(name, last):
    assert last_part(name) == last
