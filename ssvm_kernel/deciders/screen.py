"""What all widgets of ours share: whether somebody can see them, how long to wait for that, what they are made of."""

from __future__ import annotations

import importlib.resources
import importlib.util
import time
from typing import Any, TypeVar

from ssvm_kernel.deciders.base import Wait
from ssvm_kernel.deciders.pending import Mailbox
from ssvm_kernel.deciders.presence import Client, Clients, client_session, display_is_captured, ping

__all__ = ["Screen", "next_event", "script", "style"]

AnyEvent = TypeVar("AnyEvent")
_STATIC = importlib.resources.files("ssvm_kernel.deciders") / "static"


class Screen:
    """Knows the front ends of one kernel: which of them answer, and which of them show widgets.

    Attributes
    ----------
    ping_seconds, ping_seconds_without_stdin : float
        How long a front end may take to show that it is there; short where nothing can be typed (nbclient), because
        there a denial should come within a second.
    ready_seconds, ready_seconds_after_blank : float
        How long it may take to render a widget for the first time, and after it has once failed to (no anywidget in the
        server's environment, or the output scrolled out of a windowed notebook).
    """

    ping_seconds = 1.5
    ping_seconds_without_stdin = 0.3
    ready_seconds = 10.0
    ready_seconds_after_blank = 1.5

    def __init__(self) -> None:
        self._clients = Clients()

    def client(self, kernel: Any, wait: Wait) -> str | None:
        """Return the client session that runs the cell, or None where no widget can be shown."""
        if kernel is None or importlib.util.find_spec("anywidget") is None or display_is_captured(kernel):
            return None
        session = client_session(kernel)
        if self._clients[session] is Client.UNKNOWN:
            typed = getattr(kernel, "_allow_stdin", False)
            seconds = self.ping_seconds if typed else self.ping_seconds_without_stdin
            ping(kernel, self._clients, session, wait, seconds)
        return None if self._clients[session] is Client.SILENT else session

    def seconds_to_show(self, session: str) -> float | None:
        """Return how long a page may take to render a widget; None where it is known to."""
        match self._clients[session]:
            case Client.RENDERS:  # it can: it is scrolled away or slow, and the person will come to it
                return None
            case Client.BLANK:
                return self.ready_seconds_after_blank
            case _:
                return self.ready_seconds

    def rendered(self, session: str, shown: bool) -> None:
        """Remember whether a widget was shown."""
        self._clients[session] = Client.RENDERS if shown else Client.BLANK


def next_event(mailbox: Mailbox[AnyEvent], wait: Wait, seconds: float | None) -> AnyEvent | None:
    """Return the next event, or None after `seconds`."""
    end = None if seconds is None else time.monotonic() + seconds
    while True:
        event = mailbox.take()
        if event is not None:
            return event
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            return None
        wait(mailbox.fileno(), left)


def script(*names: str) -> str:
    """Return one module made of scripts of ours: a widget's script is one text that can import nothing."""
    return "\n".join((_STATIC / f"{name}.js").read_text(encoding="utf-8") for name in names)


def style(*names: str) -> str:
    """Return one style sheet made of ours."""
    return "\n".join((_STATIC / f"{name}.css").read_text(encoding="utf-8") for name in names)
