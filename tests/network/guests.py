"""Servers on this computer, and a session whose guest tries to reach them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ssvm_kernel.deciders.scripted import ScriptedDecider
from ssvm_kernel.errors import SsvmError
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import RunTraits, parse
from ssvm_kernel.sandbox.oslock import network_unavailable
from ssvm_kernel.session import Session

GUEST = (Path(__file__).parent / "guest.wasm").read_bytes()

_WHY = network_unavailable()
needs_network = pytest.mark.skipif(bool(_WHY) and not os.environ.get("CI"), reason=f"no network for guests: {_WHY}")


@dataclass
class Echo:
    """A server that answers each connection once, and remembers who came."""

    sock: socket.socket
    came: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.sock.getsockname()[1])

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            with connection, suppress(ConnectionError):  # a guest may have been ended since it came
                data = connection.recv(100)
                self.came.append(data)
                connection.sendall(b"pong to " + data)


@contextmanager
def serving(family: int = socket.AF_INET) -> Iterator[Echo]:
    """Give the body a server for TCP, of this computer alone."""
    echo = Echo(socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family))
    thread = threading.Thread(target=echo.serve, daemon=True)
    thread.start()
    yield echo
    echo.sock.shutdown(socket.SHUT_RDWR)
    echo.sock.close()
    thread.join()


@dataclass
class Tried:
    """What came of a run."""

    lines: list[str]
    error: SsvmError | None
    result: Any
    questions: list[Any]
    ledger: tuple[Any, ...]

    @property
    def outcomes(self) -> list[str]:
        """What became of each deed."""
        return [line.partition(" -> ")[2].strip() for line in self.lines]

    @property
    def ends(self) -> list[str]:
        return [line.outcome.kind for line in self.ledger]


class Network:
    """Runs the test's guest in one session."""

    def __init__(self) -> None:
        self._decider = ScriptedDecider([])
        self.session = Session(self)  # type: ignore[arg-type]
        self.guest = Guest("caller", GUEST)

    name = "scripted"

    def decide(self, question: Any, wait: Any) -> Any:
        return self._decider.decide(question, wait)

    def tries(
        self,
        deeds: Sequence[str],
        options: Sequence[str] = (),
        answers: Sequence[str] | Callable[[Any], str] = (),
        *,
        keep: bool = False,
    ) -> Tried:
        """Run the guest with its deeds as arguments; a question that nobody expected fails the test."""
        if not keep:
            self.session.grants.clear()
        self._decider = ScriptedDecider(answers)
        written = self.session.ledger.written
        error, result = None, None
        try:
            result = self.session.run(self.guest, parse(options, RunTraits).options, tuple(deeds), "In [1]")
        except SsvmError as raised:
            error, result = raised, raised.result
        lines = result.stdout.splitlines() if result is not None else []
        return Tried(lines, error, result, self._decider.questions, self.session.ledger.since(written))


@contextmanager
def own_network(folders: pytest.TempPathFactory) -> Iterator[Network]:
    """Give the body a session that keeps what it keeps in folders of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SSVM_CACHE_DIR", "SSVM_CONFIG_DIR"):
            patch.setenv(name, str(folders.mktemp(name.lower())))
        network = Network()
        yield network
        network.session.close()
