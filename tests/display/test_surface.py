"""What reaches a terminal, and what stays on it."""

from __future__ import annotations

import pytest

from ssvm_kernel.display.surface import TerminalSurface


@pytest.mark.parametrize("colour", ["\x1b[8m", "\x1b[30;40m", "\x1b[31m", "\x1b[0;7m"])
def test_u07_a_guests_colours_end_with_its_text(capsys, colour: str) -> None:
    TerminalSurface().write("stdout", f"a{colour}b")
    TerminalSurface().write("stdout", "c")
    assert capsys.readouterr().out == f"a{colour}b\x1b[0mc"


def test_text_without_colours_is_written_as_it_is(capsys) -> None:
    TerminalSurface().write("stderr", "plain\n")
    assert capsys.readouterr().err == "plain\n"
