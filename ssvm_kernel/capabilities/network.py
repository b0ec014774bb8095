"""Connections to the network: what a guest asks for, what is granted, and what was approved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from ssvm_kernel.capabilities.ceiling import Ceiling
from ssvm_kernel.capabilities.model import (
    Asker,
    CommandRequest,
    Decision,
    Effect,
    Grants,
    NetworkGrant,
    Origin,
    Scope,
)
from ssvm_kernel.capabilities.places import ANY_PORT, address_of, place_of, split_place, unreachable_by_name
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wording import option, source_of
from ssvm_kernel.errors import DeniedError, UsageError

if TYPE_CHECKING:
    from ssvm_kernel.capabilities.places import Address

__all__ = [
    "ApprovedConnection",
    "ConnectionRequest",
    "Destination",
    "Request",
    "answer_for",
    "connection_line",
    "decide_connection",
    "parse_network",
]

_OPTION: Final = "--allow-network"
_EXAMPLE: Final = f"for example {_OPTION} example.com:443"


@dataclass(frozen=True)
class Destination:
    """Where a connection goes.

    Parameters
    ----------
    host : str
        A name or an address, as `host_of` writes it.
    port : int
        1 to 65535.
    """

    host: str
    port: int

    @property
    def text(self) -> str:
        """Host and port as the option takes them."""
        return place_of(self.host, self.port)


@dataclass(frozen=True)
class ConnectionRequest:
    """A guest asks to open one connection, now.

    Parameters
    ----------
    id : str
        Unguessable and unique; an answer must name it.
    asker : Asker
        Who asks.
    destination : Destination
        Exactly what is asked for.
    """

    id: str
    asker: Asker
    destination: Destination


Request: TypeAlias = CommandRequest | ConnectionRequest
"""What a person can be asked."""


@dataclass(frozen=True)
class ApprovedConnection:
    """A request with the decision that allows it and the address that is connected to: the proof, as a type.

    Parameters
    ----------
    request : ConnectionRequest
        What was asked.
    decision : Decision
        What allows it.
    address : IPv4Address or IPv6Address
        What is connected to first.
    others : tuple of IPv4Address or IPv6Address
        The host's other addresses, in the order in which they are connected to when the one before refuses at once.

    Raises
    ------
    DeniedError
        When the decision does not allow this request, or the host is a name and an address no place for one.
    """

    request: ConnectionRequest
    decision: Decision
    address: Address
    others: tuple[Address, ...] = ()

    def __post_init__(self) -> None:
        if self.decision.effect is not Effect.ALLOW or self.decision.request_id != self.request.id:
            raise DeniedError("this connection was not approved")
        host = self.request.destination.host
        own = address_of(host)
        for address in (self.address, *self.others):
            if own != address if own is not None else unreachable_by_name(host, address):
                raise DeniedError("this connection was approved to another address")

    def next(self) -> ApprovedConnection:
        """Return this connection to the next of the addresses, of which there must be one."""
        return replace(self, address=self.others[0], others=self.others[1:])

    @property
    def destination(self) -> Destination:
        """Host and port."""
        return self.request.destination


def parse_network(text: str) -> NetworkGrant:
    """Read the value of ``--allow-network``: ``HOST:PORT``, an address of IPv6 in brackets, ``*`` for every port.

    Raises
    ------
    UsageError
        When it is not of that form.
    """
    try:
        return NetworkGrant(Effect.ALLOW, *split_place(text))
    except ValueError as error:
        raise UsageError(f"{_OPTION} {visible(text, 200)}: {error}; {_EXAMPLE}") from None


def connection_line(host: str, port: int) -> str:
    """Return the option that grants a connection."""
    return option(NetworkGrant(Effect.ALLOW, host, port))


def decide_connection(request: ConnectionRequest, grants: Grants, ceiling: Ceiling | None = None) -> Decision | None:
    """Return what the grants decide, or None when the person is to be asked; deny wins over allow."""
    where = request.destination
    above = ceiling.forbids_connection(where.host, where.port) if ceiling is not None else ""
    if above:
        return Decision(request.id, Effect.DENY, Origin.POLICY, reason=above)
    rules = [grant for grant in grants.network if _matches(grant, request)]
    for effect, verb in ((Effect.DENY, "denied"), (Effect.ALLOW, "allowed")):
        for rule in rules:
            if rule.effect is effect:
                return Decision(request.id, effect, rule.origin, rule.scope, f"{verb} {source_of(rule)}", rule)
    return None


def _matches(grant: NetworkGrant, request: ConnectionRequest) -> bool:
    where = request.destination
    mine = grant.module_sha256 in ("", request.asker.module_sha256)
    return mine and grant.host == where.host and grant.port in (ANY_PORT, where.port)


def answer_for(request: ConnectionRequest, scope: Scope, *, allow: bool, created: float = 0.0) -> NetworkGrant:
    """Return the standing grant, or denial, that a person's answer means: of this host and port, for this guest."""
    return NetworkGrant(
        Effect.ALLOW if allow else Effect.DENY,
        request.destination.host,
        request.destination.port,
        scope=scope,
        origin=Origin.PERSON,
        module_sha256=request.asker.module_sha256,
        created=created,
    )
