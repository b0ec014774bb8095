"""Ports for the kernels and servers that tests start, which no other process here is given by chance.

Whoever starts one looks for a free port and lets go of it again. Until the server has it, which takes a second or more,
the system may give it to somebody else, as to the other process that runs tests, and the server does not start.
"""

from __future__ import annotations

import itertools
import os
import random
import socket

_FIRST, _END = 20_000, 32_000  # below those that Linux gives by itself
_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_MINE = range(_FIRST + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")), _END, _PROCESSES)
_next = itertools.count(random.randrange(len(_MINE)))


def free_port(ip: str = "127.0.0.1") -> int:
    """Return a port of this process that nobody has now."""
    for _ in _MINE:
        port = _MINE[next(_next) % len(_MINE)]
        with socket.socket() as probe:
            try:
                probe.bind((ip, port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")
