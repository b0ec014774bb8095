"""A worker that its guest has taken over, and that wants the network by the system's calls themselves."""

# ruff: noqa: PERF203

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import threading
from collections.abc import Callable

from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.setting import CannotRun
from ssvm_kernel.sandbox.wire import send_frame
from ssvm_kernel.sandbox.worker import Worker

__all__ = ["main"]

DONE = protocol.Finished(exit_code=0, trap=None, load=0.0, instantiate=0.0, run=0.0, host=0.0, memory_bytes=0)
FAST_OPEN, FAST_OPEN_CONNECT, TCP = 0x2000_0000, 30, 6
IO_URING_SETUP = 425
_LIBC = ctypes.CDLL(None, use_errno=True)


def _place(port: int, host: str = "127.0.0.1") -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(struct.pack("=H2s4s8x", 2, port.to_bytes(2, "big"), socket.inet_aton(host)), 16)


def _raw(name: str, *arguments: object) -> int:
    result = int(getattr(_LIBC, name)(*arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def _tcp() -> int:
    return _raw("socket", 2, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)


def _connect(port: int, host: str = "127.0.0.1", *, sock: int | None = None, size: int = 16) -> int:
    return _raw("connect", _tcp() if sock is None else sock, _place(port, host), size)


def _send_to(port: int) -> int:
    return _raw("sendto", _tcp(), b"x", 1, FAST_OPEN, _place(port), 16)


def _send_message(port: int) -> None:
    sock = socket.socket(fileno=_tcp())
    sock.sendmsg([b"x"], [], FAST_OPEN, ("127.0.0.1", port))


def _blocking(port: int) -> int:
    sock = _tcp()
    fcntl.fcntl(sock, fcntl.F_SETFL, 0)
    return _connect(port, sock=sock)


def _again(granted: int, wanted: int) -> int:
    """Use a socket that was connected already for another place."""
    sock = _tcp()
    _tolerant(lambda: _connect(granted, sock=sock))
    _tolerant(lambda: _raw("connect", sock, ctypes.create_string_buffer(16), 16))  # AF_UNSPEC: let go
    return _connect(wanted, sock=sock)


def _tolerant(deed: Callable[[], object]) -> None:
    with contextlib.suppress(OSError):
        deed()


def single(granted: int, wanted: int) -> dict[str, str]:
    """Try each way once; the person denies what is asked."""
    tries: dict[str, Callable[[], object]] = {
        "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
        "sctp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132),
        "mptcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262),
        "packet": lambda: socket.socket(17, socket.SOCK_RAW),
        "netlink": lambda: socket.socket(16, socket.SOCK_RAW),
        "local": lambda: socket.socket(socket.AF_UNIX),
        "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
        "pair": lambda: socket.socketpair(),
        "bind": lambda: _raw("bind", _tcp(), _place(0), 16),
        "listen": lambda: _raw("listen", _tcp(), 1),
        "accept": lambda: _raw("accept", _tcp(), None, None),
        "another port": lambda: _connect(wanted),
        "a made-up address": lambda: _connect(wanted, "240.0.0.1"),
        "half an address": lambda: _connect(granted, size=4),
        "no memory": lambda: _raw("connect", _tcp(), ctypes.c_void_p(8), 16),
        "no socket": lambda: _connect(granted, sock=0),
        "blocking": lambda: _blocking(wanted),
        "again": lambda: _again(granted, wanted),
        "by sending": lambda: _send_to(wanted),
        "by a message": lambda: _send_message(wanted),
        "by an option": lambda: socket.socket(fileno=_tcp()).setsockopt(TCP, FAST_OPEN_CONNECT, 1),
        "by a filter": lambda: socket.socket(fileno=_tcp()).setsockopt(socket.SOL_SOCKET, 26, b"\0" * 16),
        "by io_uring": lambda: _raw("syscall", IO_URING_SETUP, 8, ctypes.create_string_buffer(256)),
        "a filter of its own": lambda: _raw("syscall", 317, 1, 8, ctypes.create_string_buffer(16)),
        "its memory": lambda: os.open("/proc/self/mem", os.O_RDWR),
    }
    found = {}
    for name, attempt in tries.items():
        try:
            attempt()
            found[name] = "done"
        except OSError as error:
            found[name] = errno.errorcode.get(error.errno or 0, "?")
    return found


def change(granted: int, wanted: int) -> dict[str, str]:
    """Change the address while the kernel looks at it, again and again."""
    place, over = _place(granted), False
    ports = granted.to_bytes(2, "big"), wanted.to_bytes(2, "big")

    def flip() -> None:
        while not over:
            for port in ports:
                ctypes.memmove(ctypes.addressof(place) + 2, port, 2)

    thread = threading.Thread(target=flip)
    thread.start()
    ends: dict[str, int] = {}
    for _ in range(100):
        sock = _tcp()
        try:
            _raw("connect", sock, place, 16)
            end = "done"
        except OSError as error:
            end = errno.errorcode.get(error.errno or 0, "?")
        ends[end] = ends.get(end, 0) + 1
        os.close(sock)
    over = True
    thread.join()
    return {name: str(count) for name, count in ends.items()}


def hoard(granted: int, wanted: int) -> dict[str, str]:
    """Take sockets without end, and fill the talk with the name server with noise."""
    del granted, wanted
    _raw("fcntl", 0, 1)
    talk = _raw("socket", 2, socket.SOCK_STREAM, 0)
    _connect(53, sock=talk)
    _tolerant(lambda: os.write(talk, os.urandom(100_000)))
    taken = 0
    try:
        while taken < 10_000:
            _tcp()
            taken += 1
    except OSError as error:
        return {"taken": str(taken), "then": errno.errorcode.get(error.errno or 0, "?")}
    return {"taken": str(taken), "then": "no end"}


_KEPT: list[int] = []


def keep(granted: int, wanted: int) -> dict[str, str]:
    """Take a connection that is granted, and say that the module is no good: such a process is kept."""
    del wanted
    _KEPT.append(_tcp())
    _tolerant(lambda: _connect(granted, sock=_KEPT[-1]))
    raise CannotRun("link", "it is no good")


def use(granted: int, wanted: int) -> dict[str, str]:
    """Send by connections of a run before."""
    del granted, wanted
    return {str(sock): str(os.write(sock, b"a secret")) for sock in _KEPT}


DEEDS = {deed.__name__: deed for deed in (single, change, hoard, keep, use)}


class Hostile(Worker):
    """A worker whose components are a deed."""

    def _run_component(self, request: protocol.Run, fds: list[int]) -> tuple[protocol.Finished, bytes]:
        deed, granted, wanted = request.argv[1:4]
        os.write(fds[0], json.dumps(DEEDS[deed](int(granted), int(wanted))).encode() + b"\n")
        return DONE, b""


class Unguarded(Worker):
    """A worker that does not hand over its calls, or something else in their place."""

    handed: tuple[int, ...] = ()

    def _lock(self, request: protocol.Lock) -> None:
        self._locked = True
        locked = protocol.Locked(4, True, True, (), (), "a reason of its own")
        send_frame(self._sock, protocol.encode(locked), fds=type(self).handed)


def main(fd: int, parent: int, handed: int = -1) -> None:
    """Serve the kernel; with `handed`, after handing over so many descriptors of another kind."""
    if handed < 0:
        return Hostile(socket.socket(fileno=fd), parent).serve()
    Unguarded.handed = (0,) * handed
    return Unguarded(socket.socket(fileno=fd), parent).serve()
