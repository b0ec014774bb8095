"""What a guest gets to read, as bytes."""

from __future__ import annotations

import pytest

from ssvm_kernel.inputs import input_of
from ssvm_kernel.options import RunTraits


@pytest.mark.parametrize(
    ("text", "data"), [("ä", "ä".encode()), ("\udcff", b"\xff"), ("\ud83d!", b"?!")], ids=["text", "a byte", "half"]
)
def test_text_of_the_line_is_always_bytes(text: str, data: bytes) -> None:
    given = input_of(RunTraits(stdin=text))
    assert given is not None
    assert given.data == data
