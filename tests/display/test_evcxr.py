"""evcxr's blocks in what a guest prints."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssvm_kernel.display.evcxr import EvcxrBlocks
from ssvm_kernel.display.streams import GuestStreams, Pace
from ssvm_kernel.host.display import SHOWN, UNUSABLE

from .recording import Recording


def blocks(surface: Recording, shown: list, code: int = SHOWN) -> tuple[EvcxrBlocks, GuestStreams]:
    def show(mime: bytes, data: bytes) -> int:
        shown.append((mime, data))
        return code

    streams = GuestStreams(surface, 1_000_000, Pace(1e9, 1e9), show=show)
    return EvcxrBlocks(streams), streams


def printed(data: bytes, code: int = SHOWN, cut: int = 1 << 20) -> tuple[str, list]:
    surface, shown = Recording(), []
    output, streams = blocks(surface, shown, code)
    for start in range(0, len(data), cut):
        output.stdout(data[start : start + cut])
    output.close()
    streams.close()
    return surface.text("stdout"), shown


BLOCK = b"EVCXR_BEGIN_CONTENT text/csv\na,b\n1,2\nEVCXR_END_CONTENT\n"


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 80))
def test_a_block_is_shown_and_the_text_around_it_is_text_however_it_is_cut(cut: int) -> None:
    text, shown = printed(b"before\n" + BLOCK + b"after", cut=cut)
    assert text == "before\nafter"
    assert shown == [(b"text/csv", b"a,b\n1,2")]


def test_a_picture_is_in_base64() -> None:
    data = base64.b64encode(b"\x89PNG...")
    assert printed(b"EVCXR_BEGIN_CONTENT image/png\n" + data + b"\nEVCXR_END_CONTENT\n")[1] == [
        (b"image/png", b"\x89PNG...")
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"x " + BLOCK,
        b"EVCXR_BEGIN",
        b"EVCXR_BEGIN_CONTENT text/csv\na,b\n",
        b"EVCXR_END_CONTENT\n",
        b"\nEVCXR_BEGIN_CONTENTS\n",
    ],
)
def test_what_is_no_block_is_text(text: bytes) -> None:
    for cut in (1, 2, 1000):
        assert printed(text, cut=cut) == (text.decode(), [])


def test_a_block_that_is_not_shown_is_text() -> None:
    text, shown = printed(BLOCK, UNUSABLE)
    assert text.encode() == BLOCK
    assert len(shown) == 1
