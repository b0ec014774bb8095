"""`ssvm_kernel.host.shelf`: one place for one worker's outputs, used again and again, which the kernel alone fills."""

from __future__ import annotations

import mmap
import os

import pytest

from ssvm_kernel.host import shelf as module
from ssvm_kernel.host.capture import Captured, Collector
from ssvm_kernel.host.shelf import Shelf, ShelfReader, Shelved, make_shelf

from .approving import descriptors

pytestmark = pytest.mark.skipif(make_shelf() is None, reason="this system has no files that can be sealed")


@pytest.fixture
def place():
    before = descriptors()
    shelf = Shelf()
    yield shelf
    shelf.close()
    assert descriptors() <= before


def collect(shelf: Shelf | None, data: bytes, limit: int = 1 << 30, piece: int = 50_000) -> Captured:
    collector = Collector(limit, shelf=lambda: shelf)
    read, write = os.pipe()
    try:
        for at in range(0, len(data), piece):
            os.write(write, data[at : at + piece])
            assert collector.read(read)
        os.close(write)
        while collector.read(read):  # what does not fit in one place is read in parts
            pass
        return collector.finish()
    finally:
        os.close(read)


@pytest.mark.parametrize("size", [0, 65535, 65536, 65537, 1_000_000, 4 << 20, (4 << 20) + 1, 5_000_000])
@pytest.mark.parametrize("limit", [0, 65536, 65537, 100_000, 4 << 20, 1 << 30])
def test_all_sizes_and_limits(place, size, limit):
    data = os.urandom(size)
    captured = collect(place, data, limit)
    kept = data[:limit]
    assert (captured.bytes(), captured.size, captured.total) == (kept, len(kept), size)
    assert captured.bytes(5) == kept[:5]
    assert isinstance(captured.data, Shelved) == (65536 < len(kept) <= 4 << 20)
    captured.close()


def test_the_worker_reads_what_the_kernel_wrote_and_cannot_change_it(place):
    theirs = os.dup(place.fileno)  # as it gets it
    collect(place, b"a" * 100_000)
    again = os.open(f"/proc/self/fd/{theirs}", os.O_RDWR | os.O_CLOEXEC)
    for fileno in (theirs, again):
        for change in (
            lambda fd: os.pwrite(fd, b"x", 0),
            lambda fd: os.write(fd, b"x"),
            lambda fd: os.ftruncate(fd, 0),
            lambda fd: mmap.mmap(fd, 4096),
        ):
            with pytest.raises(PermissionError):
                change(fileno)
        os.close(fileno)
    assert bytes(place.view[:10]) == b"a" * 10


def test_who_still_has_an_output_keeps_it_when_the_next_one_comes(place):
    reader = ShelfReader()
    reader.attach(place.fileno)
    place.given()
    collect(place, b"a" * 100_000)
    first, other = reader.take(100_000), bytearray(100_000)
    reader.clear()
    collect(place, b"b" * 100_000)
    second = reader.take(100_000)
    first.read_into(memoryview(other))
    assert other == b"a" * 100_000
    second.read_into(memoryview(other)[:3])
    assert other[:4] == b"bbba"
    second.close()
    assert len(second) == 0
    reader.clear()


def test_a_shelf_whose_bytes_are_still_looked_at_can_be_closed(place):
    captured = collect(place, b"a" * 100_000)
    place.close()
    assert captured.bytes(3) == b"aaa"


def test_where_there_is_none_outputs_are_files(monkeypatch):
    monkeypatch.setattr(module, "_SEAL_FUTURE_WRITE", 1 << 30)  # a system that does not know it
    before = descriptors()
    assert make_shelf() is None
    assert descriptors() <= before
    captured = collect(None, bytes(100_000))
    assert captured.fileno() is not None
    captured.close()
    monkeypatch.delattr(os, "memfd_create")
    assert make_shelf() is None
