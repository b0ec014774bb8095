"""The network of one locked process: it asks for sockets and connections, and this module makes them.

The process itself can make neither, and stays locked so.  A socket is made here and handed over; a connection is made
here too, on that very socket, to the address that was copied once, judged, shown and approved.  What is not TCP, and
whatever waits for connections of others, does not exist.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import select
import selectors
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from ssvm_kernel.capabilities.network import ApprovedConnection, Destination
from ssvm_kernel.capabilities.places import address_of
from ssvm_kernel.errors import WorkerDied
from ssvm_kernel.host.listener import Call, Listener
from ssvm_kernel.host.names import MOST_QUERY, Names
from ssvm_kernel.host.waiting import Wait, Withdrawn

if TYPE_CHECKING:
    from ssvm_kernel.capabilities.places import Address

__all__ = ["Guard", "NetworkHandler"]

_MOST_SOCKETS: Final = 128
"""Sockets that are not connected, and talks with the name server."""
_MOST_ADDRESS: Final = 28
_V4, _V6 = struct.Struct("=H2s4s"), struct.Struct("=H2s4s16sI")
_NAME_SERVER: Final = Destination("127.0.0.1", 53)
"""Where a C library asks that can read no configuration."""
_SEND_TIMEOUT: Final = struct.pack("@ll", 0, 500_000)
"""A process that was taken over may make its socket blocking; connecting it must not block us for long."""
_AT_ONCE_MS: Final = 100
"""This computer itself answers at once; one whose queue is full does not, and is waited for by the process."""
_LENGTH: Final = struct.Struct(">H")


class NetworkHandler(Protocol):
    """Decides and writes down what a guest wants of the network."""

    def approve(self, destination: Destination, wait: Wait) -> ApprovedConnection | None:
        """Return what was approved, or None for a denial; the guest waits."""

    def made(self, approved: ApprovedConnection, error: int) -> None:
        """Take notice that a connection was begun, or failed with an errno; once for each address that was tried."""

    def refused(self, what: str) -> None:
        """Take notice of something that no guest may do."""

    def check(self) -> None:
        """Raise when a grant was taken back by which a connection is open."""

    @property
    def fileno(self) -> int:
        """What becomes readable when `check` would raise."""


class Guard:
    """Serves the calls of one process.

    Parameters
    ----------
    listener : Listener
        Its calls.
    numbers : mapping of int to str
        Names of the calls that wait, by their numbers on this processor.
    """

    def __init__(self, listener: Listener, numbers: dict[int, str]) -> None:
        self._listener = listener
        self._numbers = numbers
        self._names = Names()
        self._sockets: dict[int, socket.socket] = {}
        self._talks: set[socket.socket] = set()
        self._selector: selectors.BaseSelector | None = None
        self._handler: NetworkHandler | None = None
        self.connected = False
        """Whether the process was ever given a connection: it may keep that for as long as it lives."""

    def attach(
        self, selector: selectors.BaseSelector, handler: NetworkHandler | None, wait: Wait, before: Callable[[], None]
    ) -> None:
        """Take part in a loop: keys of `selector` whose data is a callable are to be answered by calling it.

        Parameters
        ----------
        selector : selector
            The loop's.
        handler : NetworkHandler or None
            Who decides; None refuses all.
        wait : Wait
            How it waits for a person; raises `Withdrawn` when the guest does not.
        before : callable
            Called before it decides: shows what the guest has printed until then.
        """
        self._selector, self._handler, self._wait, self._before = selector, handler, wait, before
        selector.register(self._listener, selectors.EVENT_READ, self._serve)
        if handler is not None:
            selector.register(handler.fileno, selectors.EVENT_READ, handler.check)

    def detach(self) -> None:
        """Leave the loop, which is over."""
        if self._selector is not None:
            self._selector.unregister(self._listener)
            if self._handler is not None:
                self._selector.unregister(self._handler.fileno)
        self._selector = self._handler = None
        for talk in self._talks:
            talk.close()
        self._talks.clear()

    def close(self) -> None:
        """Let go of all; what the process still asks for fails."""
        self.detach()
        self.forget()
        self._listener.close()

    def begin(self) -> None:
        """Begin with a guest: what the one before did not wait for is refused, or this one would be asked about it."""
        self.forget()
        ready = select.poll()
        ready.register(self._listener, select.POLLIN)
        for _ in range(_MOST_SOCKETS):  # a process that was taken over may go on for ever
            if not any(event & select.POLLIN for _, event in ready.poll(0)):
                return
            call = self._receive()
            if call is not None:
                self._listener.answer(call, errno.EACCES)

    def forget(self) -> None:
        """Forget the names and sockets of a guest before: what a name stands for is made up anew for each run."""
        for each in self._sockets.values():
            each.close()
        self._sockets, self._names = {}, Names()

    def _serve(self) -> None:
        call = self._receive()
        if call is None:
            return
        error, value = errno.EACCES, 0
        try:
            match self._numbers.get(call.number):
                case "socket":
                    error, value = 0, self._socket(call)
                case "connect":
                    error = self._connect(call)
                case "bind" | "listen":
                    self._refuse("wait for connections of others")
                case _:
                    error = errno.ENOSYS
        except Withdrawn:  # what it has said instead, or its end, is the loop's to see
            pass
        except OSError as why:
            error = why.errno or errno.EACCES
        finally:  # also when the person interrupts: the process is ended then, and nothing was connected
            self._listener.answer(call, error, value)

    def _receive(self) -> Call | None:
        try:
            return self._listener.receive()
        except OSError as why:
            raise WorkerDied("the guest's process handed something else over than its calls") from why

    def _refuse(self, what: str) -> None:
        if self._handler is not None:
            self._handler.refused(what)

    def _socket(self, call: Call) -> int:
        """Make a socket for TCP and hand it over."""
        family, kind, protocol = (argument & 0xFFFF_FFFF for argument in call.args[:3])
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        if kind & ~flags != socket.SOCK_STREAM or protocol not in (0, socket.IPPROTO_TCP):
            self._refuse("use anything but TCP")
            raise OSError(errno.EACCES, "only TCP")
        if len(self._sockets) >= _MOST_SOCKETS:
            raise OSError(errno.EMFILE, "too many sockets that are not connected")
        made = _new(family, nonblocking=bool(kind & socket.SOCK_NONBLOCK))
        try:
            number = self._listener.give(call, made.fileno())
        except BaseException:
            made.close()
            raise
        last = self._sockets.pop(number, None)
        if last is not None:  # the process has closed it
            last.close()
        self._sockets[number] = made
        return number

    def _connect(self, call: Call) -> int:
        """Connect a socket as it was asked for, if that is approved; return an errno."""
        number = call.args[0] & 0xFFFF_FFFF
        where = self._destination(call)
        made = self._sockets.get(number)
        if made is None or where is None:
            return errno.EACCES
        if made.gettimeout() is None:  # the engine's own sockets never block; the C library's do
            return self._talk(call, number) if where == _NAME_SERVER else errno.EACCES
        if self._handler is None:
            return errno.EACCES
        self._before()
        approved = self._handler.approve(where, self._wait)
        if approved is None:
            return errno.EACCES
        self._sockets.pop(number, None)
        self.connected = True
        with contextlib.closing(made):
            error = self._begin(call, number, made, approved)
        while True:
            begun = error in (0, errno.EINPROGRESS)
            self._handler.made(approved, 0 if begun else error)
            if begun or not approved.others:
                return error
            approved = approved.next()
            error = self._begin(call, number, None, approved)

    def _begin(self, call: Call, number: int, made: socket.socket | None, approved: ApprovedConnection) -> int:
        """Begin a connection to the first approved address and return an errno.

        It is begun on another socket, in the place of the process's, where that is of the other family, which a name
        may stand for, or was refused.
        """
        family = socket.AF_INET if approved.address.version == 4 else socket.AF_INET6
        try:
            if made is not None and made.family == family:
                return _reach(made, approved)
            with contextlib.closing(_new(family, nonblocking=True)) as other:
                self._listener.give(call, other.fileno(), at=number)
                return _reach(other, approved)
        except OSError as why:  # no descriptor left, or no such family here: it was approved, and is to be written down
            return why.errno or errno.EACCES

    def _destination(self, call: Call) -> Destination | None:
        """Copy the address that is asked for, once, and return host and port; None for what is no address of ours."""
        size = min(call.args[2] & 0xFFFF_FFFF, _MOST_ADDRESS)
        if size < socket_size(socket.AF_INET):
            return None
        data = self._listener.read(call, call.args[1], size)
        found = _address(data)
        if found is None:
            return None
        address, port = found
        host = self._names.name_of(address) or str(address_of(str(address)))
        return Destination(host, port) if port else None

    def _talk(self, call: Call, number: int) -> int:
        """Put a talk with our name server in the place of a socket."""
        if self._selector is None or len(self._talks) >= _MOST_SOCKETS:
            return errno.ECONNREFUSED
        ours, theirs = socket.socketpair()
        with contextlib.closing(theirs):
            try:
                self._listener.give(call, theirs.fileno(), at=number)
            except BaseException:
                ours.close()
                raise
        self._sockets.pop(number).close()
        ours.setblocking(False)
        self._talks.add(ours)
        self._selector.register(ours, selectors.EVENT_READ, partial(self._questions, ours, bytearray()))
        return 0

    def _questions(self, talk: socket.socket, data: bytearray) -> None:
        """Answer the questions of a resolver, each with its length before it; end what is no such talk."""
        try:
            piece = talk.recv(4 * MOST_QUERY)
            data += piece
            while piece and len(data) >= _LENGTH.size:
                (size,) = _LENGTH.unpack_from(data)
                if size > MOST_QUERY:
                    piece = b""
                elif len(data) < _LENGTH.size + size:
                    return
                else:
                    answer = self._names.answer(bytes(data[_LENGTH.size : _LENGTH.size + size]))
                    del data[: _LENGTH.size + size]
                    message = _LENGTH.pack(len(answer)) + answer
                    if not answer or talk.send(message) < len(message):  # it does not read what it asks for
                        piece = b""
            if piece:
                return
        except OSError:
            pass
        self._talks.discard(talk)
        if self._selector is not None:
            self._selector.unregister(talk)
        talk.close()


def _new(family: int, *, nonblocking: bool) -> socket.socket:
    if family not in (socket.AF_INET, socket.AF_INET6):
        raise OSError(errno.EAFNOSUPPORT, "only the internet")
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_TIMEOUT)
    made.setblocking(not nonblocking)
    return made


def _reach(made: socket.socket, approved: ApprovedConnection) -> int:
    """Begin a connection and return an errno; also the refusal that comes at once, where there is another address."""
    error = made.connect_ex((str(approved.address), approved.destination.port))
    if error == errno.EINPROGRESS and approved.others:
        poll = select.poll()
        poll.register(made, select.POLLOUT)
        if poll.poll(_AT_ONCE_MS if approved.address.is_loopback else 0):
            return made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or error
    return error


def socket_size(family: int) -> int:
    """Return the bytes of an address of one family."""
    return 16 if family == socket.AF_INET else 28


def _address(data: bytes) -> tuple[Address, int] | None:
    """Return address and port of a copied ``sockaddr``; None for another family and for an interface of its own."""
    (family,) = struct.unpack_from("=H", data)
    if family == socket.AF_INET:
        _, port, raw = _V4.unpack_from(data)
        return ipaddress.IPv4Address(raw), int.from_bytes(port, "big")
    if family == socket.AF_INET6 and len(data) >= _V6.size:
        _, port, _, raw, scope = _V6.unpack_from(data)
        address = ipaddress.IPv6Address(raw)
        return None if scope else (address.ipv4_mapped or address, int.from_bytes(port, "big"))
    return None
