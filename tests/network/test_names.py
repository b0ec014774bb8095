"""Names and HTTP: what is looked up, when, and what a name is no grant for."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading

import pytest

from ssvm_kernel import connections
from ssvm_kernel.capabilities.ceiling import Ceiling
from ssvm_kernel.capabilities.network import parse_network
from ssvm_kernel.host import netguard
from ssvm_kernel.host.lookup import look_up
from ssvm_kernel.host.names import Names

from .guests import needs_network, serving

pytestmark = needs_network


def test_a_granted_name_connects(network, echo):
    tried = network.tries([f"name:localhost:{echo.port}"], ["--allow-network", f"localhost:{echo.port}"])
    assert tried.error is None
    assert tried.outcomes == ["got pong to ping"]
    assert tried.ledger[0].request.argv == ["connect", f"localhost:{echo.port}", "127.0.0.1"]


def test_a_grant_of_a_name_is_none_of_its_address(network, echo):
    tried = network.tries([f"tcp:127.0.0.1:{echo.port}"], ["--allow-network", f"localhost:{echo.port}"], ["deny"])
    assert tried.outcomes == ["connect: access-denied"]


def test_http_by_name_and_by_address(network, web):
    deeds = [f"http:127.0.0.1:{web}/a", f"http:localhost:{web}/b"]
    granted = ["--allow-network", f"127.0.0.1:{web}", "--allow-network", f"localhost:{web}"]
    assert network.tries(deeds, granted).outcomes == [
        f"status 200 page /a of 127.0.0.1:{web}",
        f"status 200 page /b of localhost:{web}",
    ]


def test_http_to_another_port_is_denied(network, web, other):
    before = len(other.came)
    tried = network.tries([f"http:localhost:{other.port}/"], ["--allow-network", f"localhost:{web}"], ["deny"])
    assert tried.outcomes[0].startswith("http error")
    assert f"caller may not connect to localhost:{other.port}: you denied it" in str(tried.error)
    assert len(other.came) == before


def test_a_name_that_nobody_knows(network, capsys):
    tried = network.tries(["name:nowhere.invalid:80"], ["--allow-network", "nowhere.invalid:80"])
    assert tried.outcomes == ["connect: access-denied"]
    assert tried.ends == ["unreachable"]
    assert "nowhere.invalid cannot be looked up" in capsys.readouterr().err


def test_only_an_address_of_the_other_family(network, monkeypatch):
    with contextlib.ExitStack() as stack:
        try:
            echo = stack.enter_context(serving(socket.AF_INET6))
        except OSError:
            pytest.skip("no IPv6 here")
        rows = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
        place = f"localhost:{echo.port}"
        tried = network.tries([f"name:{place}"], ["--allow-network", place])
    assert tried.outcomes == ["got pong to ping"]
    assert tried.ledger[0].request.argv == ["connect", place, "::1"]


def _stands_for(monkeypatch, *addresses):
    rows = [(socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, 0)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)


def test_an_address_of_ipv6_that_comes_first_does_not_hide_a_server_of_ipv4(network, echo, monkeypatch):
    """As in most ``/etc/hosts``: nothing listens on ``::1``, which nobody who granted localhost:8080 meant."""
    _stands_for(monkeypatch, "::1", "127.0.0.1")
    place = f"localhost:{echo.port}"
    tried = network.tries([f"name:{place}"], ["--allow-network", place])
    assert tried.outcomes == ["got pong to ping"]
    assert tried.ledger[0].request.argv == ["connect", place, "127.0.0.1"]


def test_the_next_address_is_tried_when_one_is_refused_and_both_are_written_down(network, echo, monkeypatch):
    _stands_for(monkeypatch, "127.0.0.2", "127.0.0.3", "127.0.0.1")
    place = f"localhost:{echo.port}"
    tried = network.tries([f"name:{place}"] * 2, ["--allow-network", place])
    assert tried.outcomes == ["got pong to ping"] * 2
    assert [line.request.argv[-1] for line in tried.ledger] == ["127.0.0.2", "127.0.0.3", "127.0.0.1"] * 2
    assert tried.ends == ["unreachable", "unreachable", "connected"] * 2
    assert tried.ledger[0].outcome.status == errno.ECONNREFUSED


def test_a_name_all_of_whose_addresses_refuse_is_refused(network, monkeypatch):
    _stands_for(monkeypatch, "127.0.0.2", "127.0.0.1")
    tried = network.tries(["name:localhost:1"], ["--allow-network", "localhost:1"])
    assert tried.outcomes == ["connect: connection-refused"]
    assert len(tried.ends) == 2


def test_an_allowed_connection_for_which_no_socket_is_to_be_had_is_written_down(network, monkeypatch):
    _stands_for(monkeypatch, "::1")
    new = netguard._new

    def scarce(family, **settings):
        if family == socket.AF_INET6:
            raise OSError(errno.EMFILE, "no descriptor left")
        return new(family, **settings)

    monkeypatch.setattr(netguard, "_new", scarce)
    tried = network.tries(["name:localhost:1"], ["--allow-network", "localhost:1"])
    assert tried.ends == ["unreachable"]
    assert tried.ledger[0].outcome.status == errno.EMFILE


def test_a_name_server_that_does_not_answer_is_waited_for_no_longer_than_the_run_may_take(network, monkeypatch):
    over, waited = threading.Event(), []

    def silent(*_, **__):
        over.wait(60)
        raise OSError(errno.EAGAIN, "too late")

    def wait(fileno, timeout=None):
        waited.append(timeout)
        return False

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    monkeypatch.setattr(connections, "look_up", lambda host, _, seconds: look_up(host, wait, seconds))
    options = ["--allow-network", "slow.example:80", "--time-limit"]
    try:
        for limit in ("20", "2000"):
            assert network.tries(["name:slow.example:80"], [*options, limit]).ends == ["unreachable"]
    finally:
        over.set()
    assert 0 < waited[0] <= 20
    assert waited[1] == 30


def test_no_option_is_named_for_a_place_above_a_ceiling(network, monkeypatch):
    ceiling = Ceiling(network=("near.example:80",), sources=("/etc/x.json",))
    monkeypatch.setattr(network.session.runtime.broker.connections, "ceiling", ceiling)
    _stands_for(monkeypatch, "10.0.0.5")
    network.session.grants.clear()
    network.session.grants.add(parse_network("near.example:80"))
    tried = network.tries(["name:near.example:80", "tcp:10.0.0.6:80"], keep=True)
    assert "near.example stands for 10.0.0.5, which is a private address" in str(tried.error)
    assert "the configuration in /etc/x.json does not allow connections to 10.0.0.6:80" in str(tried.error)
    assert "--allow-network" not in str(tried.error)


def _query(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0" + labels + b"\0" + kind.to_bytes(2, "big") + b"\0\x01"


def test_answers_of_the_name_server():
    import ipaddress

    names = Names()
    answer = names.answer(_query("Example.com"))
    assert answer[:4] == b"\x12\x34\x85\x80"
    assert answer.endswith(bytes([240, 0, 0, 1]))
    assert names.answer(_query("example.com"))[-4:] == answer[-4:]
    assert names.answer(_query("other.example"))[-4:] == bytes([240, 0, 0, 2])
    assert names.name_of(ipaddress.ip_address("240.0.0.1")) == "example.com"
    assert names.name_of(ipaddress.ip_address("240.0.0.9")) == ""
    assert names.name_of(ipaddress.ip_address("::1")) == ""
    assert names.answer(_query("example.com", 28))[6:8] == b"\0\0"  # no address of IPv6
    for name in ("127.1", "*.example.com", "ex ample.com", "-a.com"):
        assert names.answer(_query(name))[3] & 15 == 3, name
    for noise in (b"", b"x" * 12, b"x" * 600, _query("a")[:-3], b"\0\0\0\0\0\x02\0\0\0\0\0\0" + b"\xff" * 40):
        assert len(names.answer(noise)) in (0, 12)
    for number in range(2000):
        names.answer(_query(f"n{number}.example"))
    assert names.answer(_query("one.too.many"))[3] & 15 == 3
