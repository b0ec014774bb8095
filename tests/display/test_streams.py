"""The guest's output on its way to the cell."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssvm_kernel.display.streams import GuestStreams, Pace
from ssvm_kernel.display.text import tame

from .recording import Recording


class Clock:
    """Stands still, so that what is due does not depend on how busy this machine is."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("ssvm_kernel.display.streams.time", clock)
    return clock


def streams(surface: Recording, cap: int = 1_000_000) -> GuestStreams:
    return GuestStreams(surface, cap, Pace(1e9, 1e9))


@settings(max_examples=50)
@given(text=st.text(max_size=400), cut=st.integers(1, 7))
def test_text_arrives_whole_however_its_bytes_are_cut(text: str, cut: int) -> None:
    surface = Recording()
    output = streams(surface)
    data = text.encode("utf-8", "surrogatepass")
    for start in range(0, len(data), cut):
        output.stdout(data[start : start + cut])
    output.close()
    assert surface.text("stdout") == data.decode("utf-8", "replace")


def test_many_lines_are_few_messages() -> None:
    surface = Recording()
    output = streams(surface)
    for number in range(20_000):
        output.stdout(b"line %d\n" % number)
        output.poll()
    output.close()
    assert len(surface.written) < 200
    assert surface.text("stdout").count("\n") == 20_000


def test_the_first_line_is_shown_at_once_and_the_next_soon(clock: Clock) -> None:
    surface = Recording()
    output = streams(surface)
    output.stdout(b"first\n")
    assert output.poll() is None
    assert surface.written == [("stdout", "first\n")]
    output.stdout(b"second")
    wait = output.poll()
    assert wait is not None
    assert 0 < wait <= 0.05
    clock.sleep(wait)
    output.poll()
    assert surface.text("stdout") == "first\nsecond"


def test_the_pieces_of_a_line_are_shown_together(clock: Clock) -> None:
    surface = Recording()
    output = streams(surface)
    for piece in (b"data", b": ", b"No such file", b"\n"):
        output.stderr(piece)
        output.poll()
        clock.sleep(0.01)
    output.close()
    assert surface.written == [("stderr", "data: No such file\n")]


def test_over_the_cap_it_is_counted_not_shown_and_said_once() -> None:
    surface = Recording()
    output = streams(surface, cap=1000)
    for _ in range(100):
        output.stdout(b"x" * 1000)
    output.stderr(b"late")
    output.close()
    output.close()
    assert surface.text("stdout") == "x" * 1000
    assert surface.text("stderr").count("not shown") == 1
    assert "99.0 kB" in surface.text("stderr")
    assert output.totals == {"stdout": 100_000, "stderr": 4}


def test_the_pace_holds_back_what_a_server_would_drop(clock: Clock) -> None:
    pace = Pace(rate=1e6, burst=100_000)
    surface = Recording()
    output = GuestStreams(surface, 1_000_000, pace)
    output.stdout(b"y" * 300_000)
    started = clock.now
    output.flush()
    assert surface.text("stdout") == "y" * 300_000
    assert max(len(text) for _, text in surface.written) <= 160_000
    assert clock.now - started > 0.1


@pytest.mark.parametrize(
    ("text", "reset"),
    [
        ("\x1b[8mhidden", True),
        ("\x1b[0m\x1b[38;5;0m", True),
        ("\x1b[31mred\x1b[0m", False),
        ("\x1b[31mred\x1b[m", False),
        ("plain", False),
        ("\x1b[2J", False),
    ],
)
def test_colours_that_a_guest_leaves_on_end_before_ours(text: str, reset: bool) -> None:
    surface = Recording()
    output = streams(surface)
    output.stderr(text.encode())
    output.poll()
    output.flush()  # as before a question
    output.flush()
    assert surface.text("stderr") == text + "\x1b[0m" * reset
    output.stderr(b"more")
    output.close()
    assert surface.text("stderr") == text + "\x1b[0m" * reset + "more"
    assert surface.text("stdout") == ""


def test_colours_last_from_one_message_to_the_next(clock: Clock) -> None:
    surface = Recording()
    output = streams(surface)
    for line in (b"\x1b[31mred\n", b"still\n", b"plain\x1b[0m\n"):
        output.stdout(line)
        clock.sleep(1)
        output.poll()
    output.close()
    assert [text for _, text in surface.written] == ["\x1b[31mred\n", "still\n", "plain\x1b[0m\n"]


def test_half_a_character_at_the_end_is_replaced() -> None:
    surface = Recording()
    output = streams(surface)
    output.stdout("é".encode()[:1])
    output.close()
    assert surface.text("stdout") == "\ufffd"


def test_carriage_returns_pass() -> None:
    surface = Recording()
    output = streams(surface)
    output.stdout(b"10 %\r20 %\r")
    output.close()
    assert surface.text("stdout") == "10 %\r20 %\r"


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_colour_is_not_cut_in_two(cut: int) -> None:
    surface = Recording()
    output = streams(surface)
    data = b"\x1b[38;5;1mred\x1b[0m\n"
    for start in range(0, len(data), cut):
        output.stdout(data[start : start + cut])
        output._last = output._since = 0.0  # it is time to show something
        output.poll()
    output.close()
    assert surface.text("stdout") == data.decode()
    for _, text in surface.written:
        assert not re.search(r"\x1b(\[[0-9;]*)?$", text)


def test_the_beginning_of_a_colour_that_does_not_come_is_shown_at_the_end() -> None:
    surface = Recording()
    output = streams(surface)
    output.stdout(b"x\x1b[3")
    output.close()
    assert surface.text("stdout") == "x\x1b[3"


@pytest.mark.parametrize("piece", ['"', "\\", "\x01", "\u6f22", "\x1b[m", "\U0001f600", "a"])
def test_what_counts_is_the_size_of_the_message(piece: str) -> None:
    """A server counts bytes of JSON, in which a quotation mark is two and a control up to six."""
    now, pace, surface = [0.0], Pace(1000, 1000), Recording()
    pace._at, clock = 0.0, lambda: now[0]
    output = GuestStreams(surface, 100_000, pace)
    output.stdout(piece.encode() * 2000)
    sent = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ssvm_kernel.display.streams.time.monotonic", clock)
        for second in range(1, 30):
            now[0] = float(second)
            output._emit()
            sent.append(sum(len(json.dumps(tame(text)).encode("utf-8")) for _, text in surface.written))
    assert max(after - before for before, after in itertools.pairwise([0, *sent])) <= 1100
