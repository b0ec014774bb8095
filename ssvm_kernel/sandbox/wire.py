"""Frames between kernel and worker: a small message and, beside it, raw bytes.

A frame is two lengths, a msgpack message and a blob.  Modules, machine code and stdin travel as blobs, so that they are
never copied through an encoder.  The worker is not trusted: lengths are capped, nothing is allocated before it arrives,
and nothing is ever unpickled.
"""

from __future__ import annotations

import array
import os
import socket
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = [
    "MAX_BLOB",
    "MAX_BLOB_FROM_WORKER",
    "MAX_HEADER",
    "Blob",
    "Frame",
    "FrameReader",
    "WireError",
    "pack",
    "recv_answer",
    "recv_frame",
    "send_frame",
    "send_packed",
]

_LENGTHS: Final = struct.Struct("<II")
MAX_HEADER: Final = 8 * 1024 * 1024
"""Bytes of one message: room for the longest argument list that an operating system takes."""
MAX_BLOB: Final = 1024 * 1024 * 1024
"""Bytes of one blob."""
MAX_BLOB_FROM_WORKER: Final = 512 * 1024 * 1024
"""Bytes of one blob from a worker: machine code, a command's stdin, a part of a memory."""
_SMALL: Final = 1 << 14
_MAX_FDS: Final = 8
_SPACE: Final = socket.CMSG_SPACE(_MAX_FDS * array.array("i").itemsize)
Blob = bytes | tuple[bytes | memoryview, ...]
"""What is sent beside a message; in parts where they lie apart, since to put megabytes together takes longer than to
send them: the system finds new memory for each copy, page by page."""


class WireError(Exception):
    """The other side sent something that is no frame, or went away in the middle of one."""


class Frame(NamedTuple):
    """One frame: the encoded message, and the raw bytes beside it."""

    header: bytes
    blob: bytes


def pack(header: bytes, blob_size: int = 0) -> bytes:
    """Return the bytes that go before a blob of `blob_size` bytes.

    Raises
    ------
    WireError
        When the message or the blob is over its cap.
    """
    if len(header) > MAX_HEADER or blob_size > MAX_BLOB:
        raise WireError(f"a message of {len(header)} + {blob_size} bytes is over the cap")
    return _LENGTHS.pack(len(header), blob_size) + header


def send_frame(sock: socket.socket, header: bytes, blob: Blob = b"", fds: Sequence[int] = ()) -> None:
    """Send one frame on a blocking socket, with descriptors beside its first bytes."""
    parts = blob if isinstance(blob, tuple) else (blob,)
    size = sum(map(len, parts))
    data = pack(header, size)
    if size <= _SMALL:  # one call for all
        data, parts = b"".join((data, *parts)), ()
    send_packed(sock, data, fds)
    for part in parts:
        sock.sendall(part)


def send_packed(sock: socket.socket, data: bytes, fds: Sequence[int] = ()) -> None:
    """Send bytes that `pack` made, with descriptors beside the first of them."""
    if fds:
        sent = socket.send_fds(sock, [data], list(fds))
        data = data[sent:]
    if data:
        sock.sendall(data)


class FrameReader:
    """Collects frames from bytes that come in any pieces.

    Parameters
    ----------
    max_blob : int
        Bytes that one blob may have.
    """

    def __init__(self, max_blob: int = MAX_BLOB) -> None:
        self._max_blob = max_blob
        self._start = bytearray()  # of a frame: its lengths and header, as far as they came
        self._header = b""
        self._parts: list[bytes] = []  # of its blob, put together once: growing one buffer takes twice as long
        self._came = self._missing = 0  # of its lengths, header and blob; of its blob

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes as they came and return the frames that are now complete.

        Raises
        ------
        WireError
            When a length is over its cap: the stream is of no more use.
        """
        frames: list[Frame] = []
        while data:
            data = self._more_of_blob(data, frames) if self._missing else self._more_of_start(data, frames)
        return frames

    def _more_of_start(self, data: bytes, frames: list[Frame]) -> bytes:
        """Take what belongs to lengths and header, and a blob that came with them; return the rest."""
        if self._start:
            self._start += data
        whole: bytes | bytearray = self._start or data
        if len(whole) >= _LENGTHS.size:
            header_size, blob_size = _LENGTHS.unpack_from(whole)
            if header_size > MAX_HEADER or blob_size > self._max_blob:
                raise WireError(f"a message of {header_size} + {blob_size} bytes is over the cap")
            at = _LENGTHS.size + header_size
            if len(whole) >= at:
                data = bytes(whole)
                self._start = bytearray()
                end = at + blob_size
                if len(data) >= end:
                    frames.append(Frame(data[_LENGTHS.size : at], data[at:end]))
                    return data[end:]
                self._header, self._parts = data[_LENGTHS.size : at], [data[at:]]
                self._came, self._missing = len(data), end - len(data)
                return b""
        if not self._start:
            self._start += data
        return b""

    def _more_of_blob(self, data: bytes, frames: list[Frame]) -> bytes:
        part = data[: self._missing]
        self._parts.append(part)
        self._came += len(part)
        self._missing -= len(part)
        if not self._missing:
            frames.append(Frame(self._header, b"".join(self._parts)))
            self._header, self._parts, self._came = b"", [], 0
        return data[len(part) :]

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete."""
        return len(self._start) + self._came


def recv_frame(sock: socket.socket) -> tuple[Frame, list[int]] | None:
    """Wait for one frame and the descriptors sent with it (the worker's side; it trusts the kernel).

    Returns
    -------
    (Frame, list of int) or None
        None when the other side closed the socket between two frames.

    Raises
    ------
    WireError
        When it closed inside a frame.
    """
    fds: list[int] = []
    lengths = _recv_exactly(sock, _LENGTHS.size, fds)
    if not lengths:
        return None
    header_size, blob_size = _LENGTHS.unpack(lengths)
    if header_size + blob_size <= _SMALL:  # one call for both
        both = _recv_exactly(sock, header_size + blob_size, fds)
        header, blob = both[:header_size], both[header_size:]
    else:
        header, blob = _recv_exactly(sock, header_size, fds), _recv_exactly(sock, blob_size, fds)
    if len(header) < header_size or len(blob) < blob_size:
        raise WireError("the other side closed inside a message")
    return Frame(header, blob), fds


def recv_answer(sock: socket.socket) -> tuple[Frame, list[int]] | None:
    """Do what `recv_frame` does for an answer to a question, after which nothing comes until the next question.

    One call for most of them: there is nothing behind it that would be taken along.

    Raises
    ------
    WireError
        As `recv_frame`, and when more came than an answer.
    """
    fds: list[int] = []
    data, ancillary, _, _ = sock.recvmsg(_SMALL, _SPACE)
    if ancillary:
        _take_descriptors(ancillary, fds)
    if not data:
        return None
    if len(data) < _LENGTHS.size:
        data += _recv_exactly(sock, _LENGTHS.size - len(data), fds)
    header_size, blob_size = _LENGTHS.unpack_from(data)
    start = _LENGTHS.size + header_size
    missing = start + blob_size - len(data)
    if missing < 0:
        raise WireError("more came than an answer")
    if missing:
        data += _recv_exactly(sock, missing, fds)
    if len(data) < start + blob_size:
        raise WireError("the other side closed inside a message")
    return Frame(data[_LENGTHS.size : start], data[start:]), fds


def _take_descriptors(ancillary: list[tuple[int, int, bytes]], fds: list[int]) -> None:
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(payload[: len(payload) - len(payload) % numbers.itemsize])
            fds.extend(numbers)


def _recv_exactly(sock: socket.socket, size: int, fds: list[int]) -> bytes:
    """Receive `size` bytes, fewer only when the other side closed; descriptors are appended to `fds`.

    The system waits for all of them, so that a large blob comes into one object, and is not put together from pieces.
    """
    pieces: list[bytes] = []
    missing = size
    while missing:
        piece, ancillary, _, _ = sock.recvmsg(missing, _SPACE, socket.MSG_WAITALL)
        _take_descriptors(ancillary, fds)
        if not piece:
            break
        pieces.append(piece)
        missing -= len(piece)
    if pieces and missing:
        for fd in fds:
            os.close(fd)
        raise WireError("the other side closed inside a message")
    return b"".join(pieces)
