"""Places, decisions and approvals of connections, without any."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ssvm_kernel.capabilities.model import Asker, Decision, Effect, Grants, NetworkGrant, Origin, Scope
from ssvm_kernel.capabilities.network import (
    ApprovedConnection,
    ConnectionRequest,
    Destination,
    answer_for,
    decide_connection,
    parse_network,
)
from ssvm_kernel.capabilities.places import (
    ANY_PORT,
    address_of,
    common_places,
    host_of,
    left_out,
    place_of,
    special,
    split_place,
    unreachable_by_name,
)
from ssvm_kernel.capabilities.remembered import dump, load
from ssvm_kernel.errors import DeniedError, UsageError

GUEST = Asker("caller", "a" * 64, "In [1]")
WEB = Destination("example.com", 443)
PUBLIC = ipaddress.ip_address("93.184.215.14")


def asked(where: Destination = WEB) -> ConnectionRequest:
    return ConnectionRequest("r1", GUEST, where)


def allowed(request: ConnectionRequest) -> Decision:
    return Decision(request.id, Effect.ALLOW, Origin.OPTION)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Example.COM.:443", "example.com:443"),
        ("example.com:*", "example.com:*"),
        ("a_b.example:1", "a_b.example:1"),
        ("xn--exmple-cua.com:65535", "xn--exmple-cua.com:65535"),
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("[::0001]:80", "[::1]:80"),
        ("[2001:DB8::1]:*", "[2001:db8::1]:*"),
        ("[::ffff:10.0.0.1]:80", "10.0.0.1:80"),
        ("localhost:0080", "localhost:80"),
    ],
)
def test_a_place_has_one_spelling(text, place):
    grant = parse_network(text)
    assert place_of(grant.host, grant.port) == place
    assert parse_network(place) == grant


@pytest.mark.parametrize(
    "text",
    [
        *["", ":", ":80", "a", "a:", "a:b", "a:0", "a:65536", "a:999999999999", "a:-1", "a:٣", "a: 80", "a:80 "],
        *["http://a:80", "a/b:80", "*:80", "*.a:80", "a.*:80", "[a]:80", "[127.0.0.1]:80", "[::1:80", "::1", "::1:80"],
        *["127.1:80", "127.0.0.01:80", "0177.0.0.1:80", "1.2.3:80", "1.2.3.4.5:80", "0x7f.1:80", "2130706433:80"],
        *["-a.com:80", "a-.com:80", "a..b:80", "é.com:80", "a\u202eb:80", "a b:80", "a\0b:80", f"{'a' * 64}.com:80"],
        *[f"{'a.' * 127}com:80", "[fe80::1%eth0]:80", "user@a:80", "a:80:90"],
    ],
)
def test_w16_what_is_no_place(text):
    with pytest.raises(UsageError, match="--allow-network"):
        parse_network(text)


@given(st.text(max_size=40))
def test_w16_whatever_is_a_host_is_written_as_it_is_compared(text):
    try:
        host = host_of(text)
    except ValueError:
        return
    assert host_of(host) == host
    assert host.isascii()
    assert split_place(place_of(host, 7)) == (host, 7)


@given(st.ip_addresses())
def test_a_special_address_is_never_reached_by_a_name(address):
    known = address_of(str(address))
    if known is None:
        return
    kind = special(known)
    assert bool(unreachable_by_name("example.com", known)) == bool(kind)
    if known.version == 4:
        for text in (f"::ffff:{known}", f"64:ff9b::{known}"):
            assert special(ipaddress.ip_address(text)) == kind


def test_localhost_is_this_computer_and_nothing_else():
    assert not unreachable_by_name("localhost", ipaddress.ip_address("127.0.0.1"))
    assert unreachable_by_name("localhost", PUBLIC)
    assert unreachable_by_name("localhost.example", ipaddress.ip_address("127.0.0.1"))


def test_decisions():
    grants = Grants(network=(parse_network("example.com:443"),))
    decision = decide_connection(asked(), grants)
    assert decision is not None
    assert (decision.effect, decision.reason) == (Effect.ALLOW, "allowed by --allow-network example.com:443")
    for where in (Destination("example.com", 80), Destination("www.example.com", 443), Destination("example.co", 443)):
        assert decide_connection(asked(where), grants) is None
    every = Grants(network=(parse_network("example.com:*"),))
    assert decide_connection(asked(Destination("example.com", 80)), every) is not None
    denial = answer_for(asked(), Scope.SESSION, allow=False)
    decision = decide_connection(asked(), replace(every, network=(*every.network, denial)))
    assert decision is not None
    assert (decision.effect, decision.reason) == (Effect.DENY, "denied by you for this session")
    others = Grants(network=(replace(parse_network("example.com:443"), module_sha256="b" * 64),))
    assert decide_connection(asked(), others) is None


def test_an_approval_is_of_one_request_and_one_address():
    assert ApprovedConnection(asked(), allowed(asked()), PUBLIC).destination == WEB
    with pytest.raises(DeniedError):
        ApprovedConnection(asked(), structs.replace(allowed(asked()), effect=Effect.DENY), PUBLIC)
    with pytest.raises(DeniedError):
        ApprovedConnection(asked(), structs.replace(allowed(asked()), request_id="r2"), PUBLIC)
    with pytest.raises(DeniedError):
        ApprovedConnection(asked(), allowed(asked()), ipaddress.ip_address("10.0.0.1"))
    by_address = asked(Destination("10.0.0.1", 80))
    assert ApprovedConnection(by_address, allowed(by_address), ipaddress.ip_address("10.0.0.1"))
    with pytest.raises(DeniedError):
        ApprovedConnection(by_address, allowed(by_address), ipaddress.ip_address("10.0.0.2"))


def test_each_of_the_addresses_of_an_approval_is_one_that_its_name_may_stand_for():
    second = ipaddress.ip_address("2606:2800:21f:cb07::1")
    approved = ApprovedConnection(asked(), allowed(asked()), PUBLIC, (second,))
    assert (approved.next().address, approved.next().others) == (second, ())
    with pytest.raises(DeniedError):
        ApprovedConnection(asked(), allowed(asked()), PUBLIC, (second, ipaddress.ip_address("10.0.0.1")))
    by_address = asked(Destination("10.0.0.1", 80))
    with pytest.raises(DeniedError):
        ApprovedConnection(by_address, allowed(by_address), ipaddress.ip_address("10.0.0.1"), (PUBLIC,))


def test_lists_of_places():
    assert not left_out(None, "a", 1)
    assert left_out((), "a", 1)
    assert not left_out(("a:*",), "a", 1)
    assert left_out(("a:1",), "a", ANY_PORT)
    assert common_places(None, ("a:1",)) == ("a:1",)
    assert common_places(("a:*", "b:1"), ("a:1", "b:2", "a:2")) == ("a:1", "a:2")
    assert common_places(("a:*",), ("a:*",)) == ("a:*",)


def test_what_is_kept_for_always():
    kept = NetworkGrant(Effect.ALLOW, "example.com", 443, Scope.ALWAYS, Origin.FILE, "a" * 64, 1.0, "a01234567")
    denial = replace(kept, effect=Effect.DENY, host="::1", port=80, id="a76543210")
    assert load(dump([kept, denial])) == (kept, denial)
    assert b"network" not in dump([])
    with pytest.raises(ValueError, match="brackets"):
        load(dump([kept]).replace(b"example.com:443", b"::1:443"))
