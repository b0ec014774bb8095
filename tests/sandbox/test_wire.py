"""Framing between kernel and worker."""

from __future__ import annotations

import itertools
import os
import socket
import struct
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.sandbox import wire
from ssvm_kernel.sandbox.wire import Frame, FrameReader, WireError, pack, recv_answer, recv_frame, send_frame

frames = st.lists(st.tuples(st.binary(max_size=300), st.binary(max_size=3000)), max_size=6)


@given(frames=frames, cuts=st.lists(st.integers(0, 20_000), max_size=30))
def test_frames_survive_any_cutting(frames: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    data = b"".join(pack(header, len(blob)) + blob for header, blob in frames)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    reader = FrameReader()
    seen = [frame for start, end in itertools.pairwise(edges) for frame in reader.feed(data[start:end])]
    assert seen == [Frame(*frame) for frame in frames]
    assert reader.pending == 0


@given(data=st.binary(max_size=4000))
def test_any_bytes_give_frames_or_a_clear_error(data: bytes) -> None:
    reader = FrameReader(max_blob=2000)
    try:
        seen = reader.feed(data)
    except WireError:
        return
    assert sum(8 + len(frame.header) + len(frame.blob) for frame in seen) + reader.pending == len(data)


@pytest.mark.parametrize(("header", "blob"), [(wire.MAX_HEADER + 1, 0), (1, 1001), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_a_length_over_the_cap_is_refused_before_its_bytes_arrive(header: int, blob: int) -> None:
    with pytest.raises(WireError, match="cap"):
        FrameReader(max_blob=1000).feed(struct.pack("<II", header, blob))


def test_an_announced_length_allocates_nothing() -> None:
    reader = FrameReader()
    assert reader.feed(struct.pack("<II", 10, wire.MAX_BLOB)) == []
    assert reader.pending == 8


def test_what_came_of_a_frame_is_counted_until_it_is_whole() -> None:
    reader = FrameReader()
    data = pack(b"header", 100) + b"b" * 100
    came = []
    for byte in data[:-1]:
        assert reader.feed(bytes([byte])) == []
        came.append(reader.pending)
    assert came == list(range(1, len(data)))
    assert reader.feed(data[-1:] + data[:3]) == [Frame(b"header", b"b" * 100)]
    assert reader.pending == 3


def test_an_answer_is_taken_in_one_call_or_in_pieces() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for blob in (b"", b"small", b"x" * 200_000):
            sender = threading.Thread(target=send_frame, args=(ours, b"header", blob))
            sender.start()
            assert recv_answer(theirs) == (Frame(b"header", blob), [])
            sender.join()
        ours.sendall(pack(b"header", 3) + b"abc" + b"more")
        with pytest.raises(WireError, match="more came"):
            recv_answer(theirs)
        ours.sendall(pack(b"header", 100)[:5])
        sender = threading.Timer(0.1, ours.sendall, [pack(b"header", 100)[5:] + b"x" * 100])
        sender.start()
        assert recv_answer(theirs) == (Frame(b"header", b"x" * 100), [])
        ours.sendall(pack(b"header", 100) + b"only this")
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(WireError, match="closed inside"):
            recv_answer(theirs)


@pytest.mark.parametrize("size", [0, 1, 100_000, 5_000_000])
def test_blobs_and_descriptors_pass_a_socket_pair(size: int) -> None:
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    blob = os.urandom(1000) * (size // 1000) + b"x" * (size % 1000)
    sender = threading.Thread(target=send_frame, args=(ours, b"header", blob, [write]))
    sender.start()
    received = recv_frame(theirs)
    sender.join()
    assert received is not None
    frame, fds = received
    assert frame == Frame(b"header", blob)
    os.write(fds[0], b"through the pipe")
    assert os.read(read, 100) == b"through the pipe"
    ours.close()
    assert recv_frame(theirs) is None
    for fd in (read, write, *fds):
        os.close(fd)
    theirs.close()


@pytest.mark.parametrize("sizes", [(), (0, 0), (3, 0, 4), (16, 100_000, 0, 1_000_000), (20_000,)])
def test_a_blob_in_parts_comes_as_one(sizes: tuple[int, ...]) -> None:
    ours, theirs = socket.socketpair()
    parts = tuple(memoryview(os.urandom(size)) if size % 2 else os.urandom(size) for size in sizes)
    with ours, theirs:
        sender = threading.Thread(target=send_frame, args=(ours, b"header", parts))
        sender.start()
        assert recv_frame(theirs) == (Frame(b"header", b"".join(parts)), [])
        sender.join()


def test_an_end_inside_a_frame_is_an_error() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(pack(b"header", 100) + b"only this")
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(WireError, match="closed inside"):
            recv_frame(theirs)
