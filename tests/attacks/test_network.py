"""Ways to more of the network than was granted.

X10 is what a process tries that a guest has taken over, X11 what looking up a name tells others, X12 names that stand
for something nearby, X26 a connection that outlives the run that it was granted to.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator

import pytest

from ssvm_kernel.capabilities.network import ApprovedConnection
from ssvm_kernel.errors import SsvmError
from ssvm_kernel.host.netguard import Guard
from ssvm_kernel.sandbox import workerprocess
from tests.host.approving import descriptor_count
from tests.network.guests import Echo, Network, needs_network, own_network, serving

pytestmark = needs_network
BOOT = "import sys; sys.path[:] = {path!r}; from tests.attacks.hostile_network import main; main({fd}, {parent})"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with own_network(tmp_path_factory) as network:
        yield network


@pytest.fixture
def granted() -> Iterator[Echo]:
    with serving() as echo:
        yield echo


@pytest.fixture
def wanted() -> Iterator[Echo]:
    with serving() as echo:
        yield echo


@pytest.fixture
def taken_over(network: Network, granted: Echo, wanted: Echo, monkeypatch: pytest.MonkeyPatch):
    """A function that lets a worker that was taken over do a deed; the person denies all questions."""

    def play(deed: str) -> dict[str, str]:
        with monkeypatch.context() as patch:
            patch.setattr(workerprocess, "_BOOT", BOOT)
            network.session._pool.close()
            options = ["--allow-network", f"127.0.0.1:{granted.port}", "--no-raise"]
            try:
                tried = network.tries([deed, str(granted.port), str(wanted.port)], options, lambda _: "deny")
            finally:
                network.session._pool.close()
        assert tried.error is None
        return json.loads(tried.lines[0])

    return play


def test_x10_the_system_stops_every_other_way(taken_over, wanted: Echo) -> None:
    found = taken_over("single")
    assert len(found) == 26
    refused = ("EACCES", "EPERM", "EINVAL", "EFAULT", "EAFNOSUPPORT", "EBADF")
    assert {name: how for name, how in found.items() if how not in refused} == {}
    assert wanted.came == []


def test_x10_an_address_that_changes_is_connected_to_as_it_was_judged(taken_over, wanted: Echo) -> None:
    found = taken_over("change")
    assert sum(map(int, found.values())) == 100
    assert set(found) <= {"done", "EINPROGRESS", "EACCES"}
    assert wanted.came == []


def test_x10_sockets_without_end(taken_over, network: Network, granted: Echo) -> None:
    found = taken_over("hoard")
    assert found["then"] == "EMFILE"
    assert int(found["taken"]) < 1000
    place = f"127.0.0.1:{granted.port}"
    assert network.tries([f"tcp:{place}"], ["--allow-network", place]).outcomes == ["got pong to ping"]


@pytest.mark.parametrize("handed", [0, 1, 2, 8])
def test_x10_a_process_that_does_not_hand_over_its_calls_gets_nothing(
    network: Network, granted: Echo, monkeypatch: pytest.MonkeyPatch, handed: int
) -> None:
    with monkeypatch.context() as patch:
        boot = BOOT.replace("main({fd}, {parent})", f"main({{fd}}, {{parent}}, {handed})")
        patch.setattr(workerprocess, "_BOOT", boot)
        network.session._pool.close()
        before = descriptor_count()
        try:
            place = f"127.0.0.1:{granted.port}"
            tried = network.tries([f"tcp:{place}"], ["--allow-network", place])
        finally:
            network.session._pool.close()
    assert isinstance(tried.error, SsvmError)
    assert granted.came == []
    assert descriptor_count() <= before


def test_x10_no_connection_lasts_into_a_later_run(network: Network, granted: Echo) -> None:
    place = f"127.0.0.1:{granted.port}"

    def process() -> int | None:
        last = network.session._pool._last
        return last.pid if last is not None else None

    network.tries(["lookup:example.com"])
    first = process()
    assert first is not None
    network.tries([f"tcp:{place}"], (), ["deny"])
    assert process() == first  # nothing was connected
    network.tries([f"tcp:{place}"], ["--allow-network", place])
    assert process() is None
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_x26_a_process_that_calls_its_module_no_good_keeps_no_connection(
    network: Network, granted: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(workerprocess, "_BOOT", BOOT)
        network.session._pool.close()
        words = [str(granted.port), "0"]
        try:
            first = network.tries(["keep", *words], ["--allow-network", f"127.0.0.1:{granted.port}"])
            later = network.tries(["use", *words], ["--no-raise"])
        finally:
            network.session._pool.close()
    assert "it is no good" in str(first.error)
    assert first.ends == ["connected"]
    assert json.loads(later.lines[0]) == {}
    assert set(granted.came) <= {b""}


def test_x11_a_name_is_not_looked_up_before_its_connection_is_allowed(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look)
    deeds = ["lookup:secret.example.com", "name:secret.example.com:443"]
    tried = network.tries(deeds, ["--allow-network", "secret.example.com:80"], ["deny"])
    assert tried.outcomes[0].startswith("240.")
    assert tried.outcomes[1] == "connect: access-denied"
    assert asked == []
    network.tries(["name:granted.example:443"], ["--allow-network", "granted.example:443"])
    assert asked == ["granted.example"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "fd00::1", "64:ff9b::7f00:1"])
def test_x12_a_name_is_no_grant_for_what_is_nearby(
    network: Network, granted: Echo, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
    place = f"rebound.example:{granted.port}"
    tried = network.tries([f"name:{place}"], ["--allow-network", place])
    assert tried.outcomes == ["connect: access-denied"]
    assert f"rebound.example stands for {address}, which is a " in str(tried.error)
    assert "to grant it: --allow-network " in str(tried.error)
    assert granted.came == []


def test_x12_a_name_stands_for_the_same_addresses_in_a_run(
    network: Network, granted: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["127.0.0.1", "127.0.0.2"])
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 0))]
    )
    place = f"localhost:{granted.port}"
    tried = network.tries([f"name:{place}"] * 2, ["--allow-network", place])
    assert tried.outcomes == ["got pong to ping"] * 2
    assert next(answers) == "127.0.0.2"


def test_x12_of_the_addresses_of_a_name_those_nearby_are_not_tried(
    network: Network, granted: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner of a name adds one of yours to its own, which refuse: only its own are approved."""
    addresses = ["10.0.0.5", "127.0.0.1", "8.8.8.8", "::1", "8.8.4.4", "169.254.169.254"]
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
    tried: list[list[str]] = []

    def begin(self: Guard, call: object, number: int, made: object, approved: ApprovedConnection) -> int:
        tried.append([str(each) for each in (approved.address, *approved.others)])
        return errno.ECONNREFUSED

    monkeypatch.setattr(Guard, "_begin", begin)  # nothing leaves this computer in a test
    place = f"rebound.example:{granted.port}"
    assert network.tries([f"name:{place}"], ["--allow-network", place]).ends == ["unreachable"] * 2
    assert tried == [["8.8.8.8", "8.8.4.4"], ["8.8.4.4"]]
    assert granted.came == []


def test_w16_an_address_inside_another_is_the_same(network: Network, granted: Echo) -> None:
    grant = f"[::ffff:127.0.0.1]:{granted.port}"
    tried = network.tries([f"tcp:127.0.0.1:{granted.port}"], ["--allow-network", grant])
    assert tried.outcomes == ["got pong to ping"]
