"""Whether somebody is there who can see a widget, and whose messages arrive while the cell is running.

A comm is opened to a target that nobody has.  The Jupyter protocol wants a front end to close such a comm at once, and
when that answer is seen in the middle of a cell, somebody who speaks comms is attached and is heard.
"""

from __future__ import annotations

import collections
import enum
import sys
from typing import Any

from ssvm_kernel.deciders.base import Wait
from ssvm_kernel.deciders.channel import Channel
from ssvm_kernel.deciders.pending import Closed, Mailbox

__all__ = ["PING_TARGET", "Client", "Clients", "client_session", "display_is_captured", "ping", "running_kernel"]

PING_TARGET = "ssvm.ping"
_REMEMBERED = 64  # client sessions; each page load is a new one


class Client(enum.Enum):
    """What is known of one client session (one load of a page, one console)."""

    UNKNOWN = enum.auto()
    SILENT = enum.auto()  # no answer to the ping
    HEARD = enum.auto()  # answers pings, has not rendered a prompt yet
    BLANK = enum.auto()  # answers pings, but a prompt was not rendered in time
    RENDERS = enum.auto()  # has rendered a prompt


class Clients:
    """Memory of client sessions, so that each is asked only once."""

    def __init__(self) -> None:
        self._known: collections.OrderedDict[str, Client] = collections.OrderedDict()

    def forget(self, session: str) -> None:
        """Know nothing of a client session."""
        self._known.pop(session, None)

    def __getitem__(self, session: str) -> Client:
        return self._known.get(session, Client.UNKNOWN)

    def __setitem__(self, session: str, client: Client) -> None:
        self._known[session] = client
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def running_kernel() -> Any:
    """Return the kernel that runs the cell, or None outside a notebook, without importing IPython for that."""
    ipython = sys.modules.get("IPython")
    return getattr(ipython.get_ipython(), "kernel", None) if ipython is not None else None


def client_session(kernel: Any) -> str:
    """Return the id of the client session whose cell is running."""
    header = (kernel.get_parent() or {}).get("header") or {}
    return str(header.get("session", ""))


def display_is_captured(kernel: Any) -> bool:
    """Tell whether a cell's displays are kept for its code (``%%capture``): a page would never show a widget of it."""
    from IPython.core.displaypub import CapturingDisplayPublisher

    shell = getattr(kernel, "shell", None)
    return isinstance(getattr(shell, "display_pub", None), CapturingDisplayPublisher)


def ping(kernel: Any, clients: Clients, session: str, wait: Wait, seconds: float) -> None:
    """Learn whether a front end answers a comm within `seconds`, although the kernel is busy.

    The client becomes ``HEARD`` or ``SILENT``; an answer that comes later, from a page that was busy itself, still
    makes it ``HEARD`` for the next question.
    """
    with Mailbox[Closed]() as mailbox:

        def hear(kind: str, _: Any) -> None:
            if kind == "comm_close":
                clients[session] = Client.HEARD
                mailbox.post(Closed())

        clients[session] = Client.SILENT
        channel = Channel(kernel, hear)
        try:
            channel.attach(_opened(kernel, channel.comm_id))
            heard = wait(mailbox.fileno(), seconds)
        except BaseException:
            clients.forget(session)  # interrupted: nothing was learned
            channel.close()
            raise
        channel.close(late=None if heard else hear)


def _opened(kernel: Any, comm_id: str) -> Any:
    """Open a comm as no cell's output: what runs a notebook for nobody (nbclient) warns of a target that it lacks.

    Pages take a comm whether a cell opened it or not.
    """
    from comm import create_comm, get_comm_manager

    comm = create_comm(target_name=PING_TARGET, comm_id=comm_id, primary=False)
    get_comm_manager().register_comm(comm)
    content: dict[str, Any] = {"comm_id": comm_id, "target_name": PING_TARGET, "target_module": None, "data": {}}
    kernel.session.send(kernel.iopub_socket, "comm_open", content, metadata={}, parent={}, ident=comm.topic)
    return comm
