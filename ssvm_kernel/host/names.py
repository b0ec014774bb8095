"""Answers of a name server for a guest: every name gets an address that stands for it and exists nowhere.

To look a name up tells its owner's servers that somebody did, and what is in the name: a guest could send a secret so
(``secret.example.com``).  So nothing is looked up for a guest that asks.  It gets a made-up address, and when it
connects to that, the name is known for certain, is judged, and is looked up only after the connection was allowed.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Final

from ssvm_kernel.capabilities.places import address_of, host_of

__all__ = ["MOST_QUERY", "Names"]

MOST_QUERY: Final = 512
"""Bytes of a question; a name has at most 255."""
_MOST_NAMES: Final = 1000
_FIRST: Final = int(ipaddress.IPv4Address("240.0.0.1"))
"""Of a block that nobody may ever use."""
_HEADER: Final = struct.Struct(">HHHHHH")
_A, _AAAA, _INTERNET = 1, 28, 1
_RESPONSE, _AUTHORITY, _ASKED_FOR, _OFFERED = 0x8000, 0x0400, 0x0100, 0x0080
_BAD, _NO_SUCH_NAME = 1, 3
_POINTER: Final = 0xC00C
_SECONDS: Final = 60


class Names:
    """The names that a guest has asked for, and what stands for each."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []

    def name_of(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
        """Return the name that an address stands for, or an empty string."""
        number = int(address) - _FIRST
        return self._names[number] if address.version == 4 and 0 <= number < len(self._names) else ""

    def answer(self, query: bytes) -> bytes:
        """Return the answer to one question of a resolver (RFC 1035), or nothing when it is no question."""
        if not _HEADER.size < len(query) <= MOST_QUERY:
            return b""
        id_, flags, questions, *_ = _HEADER.unpack_from(query)
        flags = _RESPONSE | _AUTHORITY | _OFFERED | (flags & _ASKED_FOR)
        parsed = _question(query)
        if questions != 1 or parsed is None:
            return _HEADER.pack(id_, flags | _BAD, 0, 0, 0, 0)
        name, kind, class_, end = parsed
        question = query[_HEADER.size : end]
        number = self._number(name)
        if number is None:
            return _HEADER.pack(id_, flags | _NO_SUCH_NAME, 1, 0, 0, 0) + question
        if (kind, class_) != (_A, _INTERNET):
            return _HEADER.pack(id_, flags, 1, 0, 0, 0) + question
        record = struct.pack(">HHHIHI", _POINTER, _A, _INTERNET, _SECONDS, 4, _FIRST + number)
        return _HEADER.pack(id_, flags, 1, 1, 0, 0) + question + record

    def _number(self, name: str) -> int | None:
        try:
            host = host_of(name)
        except ValueError:
            return None
        if address_of(host) is not None:
            return None
        if host not in self._numbers and len(self._names) < _MOST_NAMES:
            self._numbers[host] = len(self._names)
            self._names.append(host)
        return self._numbers.get(host)


def _question(query: bytes) -> tuple[str, int, int, int] | None:
    """Return name, type and class of the first question, and where it ends; None when it is none."""
    at = _HEADER.size
    labels = []
    while at < len(query) and query[at]:
        size = query[at]
        if size > 63:
            return None
        labels.append(query[at + 1 : at + 1 + size].decode("latin-1"))
        at += 1 + size
    if at + 5 > len(query):
        return None
    kind, class_ = struct.unpack_from(">HH", query, at + 1)
    return ".".join(labels), kind, class_, at + 5
