"""`ssvm_kernel.host.capture`: what is kept, what is shown, and where it lies."""

from __future__ import annotations

import os
import tempfile

import pytest

from ssvm_kernel.host import capture
from ssvm_kernel.host.capture import Captured, Collector, Preview
from ssvm_kernel.host.stored import StoredBytes


def collect(data: bytes, limit: int, preview: Preview | None = None, piece: int = 1 << 16) -> Captured:
    """Send `data` through a pipe into a collector."""
    collector = Collector(limit, preview)
    read, write = os.pipe()
    try:
        for at in range(0, len(data), piece):
            os.write(write, data[at : at + piece])
            assert collector.read(read)
        os.close(write)
        assert not collector.read(read)
        collector.flush()
        return collector.finish()
    finally:
        os.close(read)


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 131072, 1_000_000])
@pytest.mark.parametrize("limit", [0, 1, 65536, 65537, 1 << 30])
def test_all_sizes_and_limits(size, limit):
    data = os.urandom(size)
    captured = collect(data, limit)
    kept = data[:limit]
    assert (captured.bytes(), captured.size, captured.total) == (kept, len(kept), size)
    assert captured.truncated == (size > limit)
    assert captured.bytes(5) == kept[:5]
    assert (captured.fileno() is None) == (len(kept) <= 65536)
    captured.close()


def test_a_file_is_its_captures_own():
    captured = collect(bytes(100_000), 1 << 20)
    fileno = captured.fileno()
    os.fstat(fileno)
    del captured
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fileno)


def test_without_memory_files(monkeypatch, tmp_path):
    """As on macOS: a temporary file without a name."""
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data = os.urandom(300_000)
    captured = collect(data, 1 << 20)
    assert captured.bytes() == data
    assert list(tmp_path.iterdir()) == []
    captured.close()


def test_a_dropped_collector_leaves_no_file(monkeypatch):
    opened = []
    real = capture._open_file
    monkeypatch.setattr(capture, "_open_file", lambda: (opened.append(real()), opened[0])[1])
    collector = Collector(1 << 20)
    read, write = os.pipe()
    for _ in range(2):
        os.write(write, bytes(65536))
        collector.read(read)
    os.close(read)
    os.close(write)
    os.fstat(opened[0])
    collector.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


def test_stored_bytes_that_end_early_are_an_error_and_no_silence(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    stored = StoredBytes(os.open(file, os.O_RDONLY), 5)
    with pytest.raises(EOFError, match="only 3 of 5 bytes"):
        stored.read_into(memoryview(bytearray(5)))
    stored.close()
    stored.close()
    assert len(stored) == 0


class Clock:
    """A time that stands still until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(capture, "time", clock)
    return clock


def test_the_first_bytes_are_shown_at_once_and_the_next_ones_together(clock):
    shown = []
    preview = Preview(shown.append, 100, interval=0.05)
    preview.add(b"a")
    assert (shown, preview.due) == ([b"a"], None)
    preview.add(b"b")
    preview.add(b"c")
    assert (shown, preview.due) == ([b"a"], 100.05)
    clock.now = preview.due
    preview.flush(clock.now)
    assert (shown, preview.due) == ([b"a", b"bc"], None)
    clock.now += 1
    preview.add(b"d")
    assert shown == [b"a", b"bc", b"d"]


def test_at_the_limit_it_says_once_that_there_is_more(clock):
    shown = []
    preview = Preview(shown.append, 4)
    preview.add(b"ab")
    preview.add(b"cd")
    assert (shown, preview.wants_more) == ([b"ab"], True)
    preview.add(b"e")
    assert (shown, preview.wants_more) == ([b"ab", b"cd", b""], False)


def test_an_output_of_exactly_the_limit_has_no_more(clock):
    shown = []
    captured = collect(b"abcd", 100, Preview(shown.append, 4))
    assert (shown, captured.bytes()) == ([b"abcd"], b"abcd")


def test_what_is_not_kept_is_shown_all_the_same():
    shown = []
    captured = collect(b"x" * 200_000, 10, Preview(shown.append, 150_000))
    assert (b"".join(shown), shown[-1], captured.size) == (b"x" * 150_000, b"", 10)
