"""The one request that is being asked: what a view may send about it, and what is believed of that.

Everything here may be called from the thread that reads the shell channel, from a subshell's thread and from the main
thread; the main thread waits for the mailbox like for any file descriptor.
"""

from __future__ import annotations

import collections
import hmac
import secrets
import socket
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from ssvm_kernel.deciders.base import Offer, Question

__all__ = ["HUMAN_SECONDS", "Answered", "Closed", "Event", "Judge", "Mailbox", "Pending", "Ready", "custom_content"]

_MOST_EVENTS = 8  # only a page that floods us has more, and the socket must never block or fill
HUMAN_SECONDS = 0.4  # no person reads and allows faster; a view that says so is broken or is not a person (U05)


@dataclass(frozen=True)
class Ready:
    """The view is on somebody's screen."""


@dataclass(frozen=True)
class Closed:
    """The front end closed the comm: it cannot show this, or throws it away."""


@dataclass(frozen=True)
class Answered:
    """The person chose."""

    offer: Offer


Event: TypeAlias = Ready | Closed | Answered
AnyEvent = TypeVar("AnyEvent")


class Mailbox(Generic[AnyEvent]):
    """A queue that can be waited for with ``select``: how other threads wake the main one.

    Use as a context manager; after its end, posting does nothing.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._events: collections.deque[AnyEvent] = collections.deque()
        self._lock = threading.Lock()

    def __enter__(self) -> Mailbox[AnyEvent]:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._reader.close()
            self._writer.close()

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is an event."""
        return self._reader.fileno()

    def post(self, event: AnyEvent) -> None:
        """Add an event and wake the reader; from any thread."""
        with self._lock:
            if self._writer.fileno() < 0 or len(self._events) >= _MOST_EVENTS:
                return
            self._events.append(event)
            self._writer.send(b"!")

    def take(self) -> AnyEvent | None:
        """Return the oldest event, or None."""
        with self._lock:
            if not self._events:
                return None
            self._reader.recv(1)
            return self._events.popleft()


class Judge(ABC, Generic[AnyEvent]):
    """Judges what arrives for one view; a subclass says what is right and when.

    Parameters
    ----------
    mailbox : Mailbox
        Where the few messages that count are put.
    human_seconds : float
        What gives something away is ignored when it comes sooner than this after it was shown (U05).

    Attributes
    ----------
    nonce : str
        Secret of this one view; a message must carry it.
    ignored : int
        Messages that were not believed: wrong id, nonce or choice, too soon, or after the end.
    """

    def __init__(self, mailbox: Mailbox[AnyEvent], human_seconds: float) -> None:
        self.nonce = secrets.token_urlsafe(24)
        self.ignored = 0
        self._mailbox = mailbox
        self._human_seconds = human_seconds
        self._not_before = time.monotonic() + human_seconds
        self._lock = threading.Lock()
        self._open = True
        self._ready = False

    def receive(self, kind: str, data: Any) -> None:
        """Judge one message of the view's comm; whatever is not exactly right changes nothing (rule 12, U12)."""
        with self._lock:
            event = self._judge(kind, data) if self._open else None
            if event is None:
                self.ignored += 1
                return
            if isinstance(event, Ready):
                if self._ready:
                    return  # a second view of the same
                self._ready = True
            else:
                self._take(event)
            self._mailbox.post(event)

    def close(self) -> None:
        """Believe nothing from now on."""
        with self._lock:
            self._open = False

    @abstractmethod
    def _judge(self, kind: str, data: Any) -> AnyEvent | None:
        """Return what a message says, or None for one that is not exactly right; called with the lock held."""

    def _take(self, event: AnyEvent) -> None:
        """Take notice of an event that counts: the first one is the last, unless a subclass knows of more."""
        del event
        self._open = False


class Pending(Judge[Event]):
    """A question that waits for its answer, and the judge of what arrives for it.

    Parameters
    ----------
    question : Question
        What is asked.
    mailbox : Mailbox
        Where the few messages that count are put.
    human_seconds : float
        An answer that allows is ignored when it comes sooner than this after the prompt was sent.
    """

    def __init__(self, question: Question, mailbox: Mailbox[Event], human_seconds: float = HUMAN_SECONDS) -> None:
        super().__init__(mailbox, human_seconds)
        self._request_id = question.request.id
        self._offers = {offer.id: offer for offer in question.offers}

    def shown_again(self) -> None:
        """Give a page that shows the question anew the same time before it can allow (U05)."""
        with self._lock:
            self._not_before = time.monotonic() + self._human_seconds

    def _judge(self, kind: str, data: Any) -> Event | None:
        if kind == "comm_close":
            return Closed()
        content = custom_content(data, self._request_id, self.nonce)
        if content is None:
            return None
        if content.keys() == {"ready"}:
            return Ready() if content["ready"] is True else None
        if content.keys() == {"choice"} and isinstance(content["choice"], str):
            return self._answer(content["choice"])
        return None

    def _answer(self, choice: str) -> Answered | None:
        offer = self._offers.get(choice)
        if offer is None or (offer.allow and time.monotonic() < self._not_before):
            return None
        return Answered(offer)


def custom_content(data: Any, request_id: str, nonce: str) -> dict[Any, Any] | None:
    """Return what a view's message says besides its id and nonce, or None when these are not exactly right."""
    content = data.get("content") if isinstance(data, dict) and data.get("method") == "custom" else None
    if not isinstance(content, dict) or content.get("id") != request_id:
        return None
    sent = content.get("nonce")
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(errors="surrogatepass"), nonce.encode()):
        return None
    return {key: value for key, value in content.items() if key not in ("id", "nonce")}
