"""What the tests of the network share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from .guests import Echo, Network, own_network, serving


@pytest.fixture(scope="package")
def echo() -> Iterator[Echo]:
    """A server for TCP."""
    with serving() as echo:
        yield echo


@pytest.fixture(scope="package")
def other() -> Iterator[Echo]:
    """Another one, on another port."""
    with serving() as echo:
        yield echo


@pytest.fixture(scope="package")
def web() -> Iterator[int]:
    """The port of a server for HTTP."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"page {self.path} of {self.headers['host']}".encode())

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="package")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """One session for all tests of the network."""
    with own_network(tmp_path_factory) as network:
        yield network
