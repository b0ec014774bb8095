"""Numbers, names and lists from bytes that nobody vouches for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.reader import MAX_ITEMS, Reader
from ssvm_kernel.errors import LoadError
from tests.capabilities.build import quick


def leb(number, padding=0):
    """Write an unsigned LEB128 number, with superfluous bytes as the format allows."""
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    for _ in range(padding):
        data[-1] |= 0x80
        data.append(0)
    return bytes(data)


@quick
@given(st.integers(0, 2**32 - 1), st.binary(max_size=3))
def test_numbers_read_back(number, rest):
    reader = Reader(leb(number) + rest)
    assert reader.unsigned() == number
    assert reader.data[reader.at :] == rest


@pytest.mark.parametrize(("number", "padding"), [(0, 4), (1, 3), (127, 4), (128, 3), (2**32 - 1, 0)])
def test_numbers_may_be_padded_as_far_as_the_format_allows(number, padding):
    assert Reader(leb(number, padding)).unsigned() == number


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"\x80\x80\x80\x80\x80\x00", b"\xff\xff\xff\xff\x10", b"\xff\xff\xff\xff\xff", b"\x80" * 1000],
)
def test_numbers_that_are_none_are_refused(data):
    with pytest.raises(LoadError):
        Reader(data).unsigned()


@quick
@given(st.integers(0, 2**64 - 1))
def test_wide_numbers(number):
    assert Reader(leb(number)).unsigned(64) == number
    if number >> 32:
        with pytest.raises(LoadError, match="too large"):
            Reader(leb(number)).unsigned(32)


def test_a_wide_number_that_is_too_wide():
    with pytest.raises(LoadError, match="too large"):
        Reader(b"\xff" * 9 + b"\x02").unsigned(64)


@pytest.mark.parametrize(("data", "left"), [(b"\x00x", b"x"), (b"\xff\xff\xff\xff\x7fx", b"x")])
def test_signed_numbers_are_passed_over(data, left):
    reader = Reader(data)
    reader.skip_signed()
    assert reader.data[reader.at :] == left


def test_a_signed_number_without_end_is_refused():
    with pytest.raises(LoadError):
        Reader(b"\xff" * 6).skip_signed()


@pytest.mark.parametrize("data", [b"\x05abc", b"\x01\xff", b"\x02\xc3", b"\xff\xff\xff\xff\x0fabc"])
def test_names_that_are_cut_off_or_no_utf8_are_refused(data):
    with pytest.raises(LoadError):
        Reader(data).text()


@pytest.mark.parametrize("number", [2, MAX_ITEMS + 1, 2**32 - 1])
def test_a_count_is_not_believed(number):
    with pytest.raises(LoadError, match=f"{number} imports"):
        Reader(leb(number) + b"x").items("imports", lambda: None)


def test_a_part_ends_where_it_says():
    reader = Reader(b"\x02abcd")
    part = reader.part()
    assert (part.byte(), part.byte()) == (ord("a"), ord("b"))
    with pytest.raises(LoadError, match="cut off"):
        part.byte()
    assert reader.byte() == ord("c")
