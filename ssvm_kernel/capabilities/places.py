"""Hosts and their ports as text, each in one spelling only.

What is compared is then what is shown and what is connected to (attack W16): an address that is spelled in another way
(``127.1``, ``0x7f000001``) is no host at all.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

from ssvm_kernel.capabilities.text import visible

if TYPE_CHECKING:  # most sessions have no guest with a network
    from ipaddress import IPv4Address, IPv6Address, IPv6Network

    Address = IPv4Address | IPv6Address

__all__ = [
    "ANY_PORT",
    "address_of",
    "common_places",
    "host_of",
    "left_out",
    "place_of",
    "special",
    "split_place",
    "unreachable_by_name",
]

ANY_PORT: Final = 0
"""The port of a grant for all ports, written ``*``."""

_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_MOST_NAME: Final = 253
_MOST_PORT: Final = 65_535


def address_of(text: str) -> Address | None:
    """Return an address that is written in the usual way, or None; one of IPv4 inside IPv6 is that of IPv4."""
    import ipaddress

    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:  # an interface of this computer: no part of a place
            return None
        return address.ipv4_mapped or address
    return address


def host_of(text: str) -> str:
    """Return a host in the one way in which it is compared.

    Raises
    ------
    ValueError
        When it is none; the message says why, for a person.
    """
    address = address_of(text)
    if address is not None:
        return str(address)
    if not text.isascii():
        raise ValueError("write a name with other letters than English ones in its ASCII form, which begins with xn--")
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if "*" in name:
        raise ValueError("a host is one host: there is no * for hosts")
    if len(name) > _MOST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("that is no name of a host and no address")
    if _NUMBER.fullmatch(labels[-1]):
        raise ValueError("an address is written as four numbers, for example 192.0.2.1")
    return name


def place_of(host: str, port: int) -> str:
    """Return host and port as the option takes them."""
    shown = "*" if port == ANY_PORT else str(port)
    return f"[{host}]:{shown}" if ":" in host else f"{host}:{shown}"


def split_place(text: str) -> tuple[str, int]:
    """Return the host and port of ``HOST:PORT``, an address of IPv6 in brackets, ``*`` for every port.

    Raises
    ------
    ValueError
        When it is not of that form; the message says why, for a person.
    """
    if "/" in text:
        raise ValueError("it is a host and a port, and no URL")
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
        if ":" not in host:
            raise ValueError("brackets are for addresses of IPv6")
    if not colon or not host or (":" in host and not bracketed):
        raise ValueError("it is HOST:PORT, with an address of IPv6 in brackets")
    if port == "*":
        return host_of(host), ANY_PORT
    if not (port.isascii() and port.isdigit() and len(port) <= len(str(_MOST_PORT)) and 0 < int(port) <= _MOST_PORT):
        raise ValueError(f"a port is a number from 1 to {_MOST_PORT}, or * for every port")
    return host_of(host), int(port)


def special(address: Address) -> str:
    """Return what keeps an address from being one of the public network, or an empty string.

    Those of services of a computing centre (169.254.169.254) are link-local.
    """
    inner = _inside(address)
    if inner is not None:
        return special(inner)
    for kind in ("loopback", "link_local", "multicast", "unspecified", "private", "reserved"):
        if getattr(address, f"is_{kind}"):
            return kind.replace("_", "-")
    return "" if address.is_global else "private"


def _inside(address: Address) -> Address | None:
    """Return the address of IPv4 that a gateway makes of one of IPv6, or None."""
    import ipaddress

    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _nat64():
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


@functools.cache
def _nat64() -> IPv6Network:
    from ipaddress import IPv6Network

    return IPv6Network("64:ff9b::/96")


def unreachable_by_name(host: str, address: Address) -> str:
    """Return why a grant for a name is none for an address that it stands for, or an empty string.

    Whoever owns a name decides what it stands for, and could let it stand for a computer of yours (DNS rebinding).
    """
    kind = special(address)
    if host == "localhost":
        return "" if kind == "loopback" else f"localhost stands for {address}, which is not this computer"
    if not kind:
        return ""
    return f"{visible(host, 100)} stands for {address}, which is a {kind} address: a grant of a name is none for it"


def left_out(places: tuple[str, ...] | None, host: str, port: int) -> bool:
    """Whether a list of places does not hold one; None holds all."""
    return places is not None and not {place_of(host, port), place_of(host, ANY_PORT)} & set(places)


def common_places(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the places that are in two lists, also as one of all ports of a host; None holds all."""
    if one is None or other is None:
        return other if one is None else one
    both = [place for place in one if not left_out(other, *split_place(place))]
    return (*both, *(place for place in other if place not in both and not left_out(one, *split_place(place))))
