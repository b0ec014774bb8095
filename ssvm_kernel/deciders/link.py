"""The kernel's side of the link with the JupyterLab extension.

Requests of a page arrive on the control channel, which works while a cell runs; the kernel tells pages of a question by
a message of a comm that nobody opened, which front ends without the extension ignore.  Those that run notebooks for
nobody (nbclient) write an error into their log for a message of a type that is not the protocol's.
"""

from __future__ import annotations

import collections
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ssvm_kernel.deciders.controltap import tap_control
from ssvm_kernel.deciders.labwire import VERSION, Answer, Hello, Message, refusal, understand
from ssvm_kernel.deciders.pending import Pending

__all__ = ["EVENTS", "Link", "link_of"]

EVENTS = "ssvm-kernel.events"
"""The id of the comm that is never opened; JupyterLab's extension looks for it."""
_ATTRIBUTE = "_ssvm_link"  # kept on the kernel, so that a reloaded module does not tap a second time
_REMEMBERED = 64  # client sessions; each page load is a new one

AnyMessage = TypeVar("AnyMessage", bound=Message)


@dataclass(frozen=True)
class _Asked:
    view: dict[str, Any]
    pending: Pending


@dataclass
class _Page:
    prompts: bool
    has_shown: bool = False


class Link:
    """Knows which pages have the extension, and the question that is open.

    Parameters
    ----------
    kernel : ipykernel.kernelbase.Kernel
        The running kernel.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._lock = threading.Lock()
        self._clients: collections.OrderedDict[str, _Page] = collections.OrderedDict()
        self._asked: _Asked | None = None
        self._served: dict[type, Callable[[Any], dict[str, Any]]] = {}
        self._greeted: Callable[[], None] = _nothing

    def serve(self, kind: type[AnyMessage], handler: Callable[[AnyMessage], dict[str, Any]]) -> None:
        """Have `handler` make the content of replies to one kind of message; it runs on the control thread."""
        self._served[kind] = handler

    def announce(self) -> None:
        """Tell all pages that this kernel has guests, so that those with the extension say hello."""
        self._publish({"event": "here"})

    def shows_prompts(self, session: str) -> bool | None:
        """Tell whether the page of a client session shows questions; None as long as it has said nothing."""
        with self._lock:
            page = self._clients.get(session)
            return None if page is None else page.prompts

    def has_shown(self, session: str) -> bool:
        """Tell whether the page of a client session has put a question on its screen."""
        with self._lock:
            page = self._clients.get(session)
            return page is not None and page.has_shown

    def on_greeting(self, callback: Callable[[], None] | None) -> None:
        """Have `callback` called, on the control thread, when a page says hello."""
        self._greeted = callback or _nothing

    def ask(self, view: dict[str, Any], pending: Pending) -> None:
        """Show a question on every page, now and when one is loaded, until `settle`."""
        with self._lock:
            self._asked = _Asked(view, pending)
        self._publish({"event": "question", "question": view})

    def settle(self) -> None:
        """Take the open question off all pages."""
        with self._lock:
            asked, self._asked = self._asked, None
        if asked is not None:
            self._publish({"event": "settled", "id": asked.view["id"], "nonce": asked.view["nonce"]})

    @property
    def open_question(self) -> bool:
        """Whether a question waits for its answer."""
        return self._asked is not None

    def respond(self, session: str, content: Any) -> dict[str, Any]:
        """Return the content of the reply to one request of a page; on the control thread."""
        try:
            message = understand(content)
        except ValueError as error:
            return refusal(f"not understood: {error}"[:300])
        try:
            reply = self._reply(session, message)
        except ValueError as error:
            return refusal(str(error))
        return {"version": VERSION, "status": "ok", **reply}

    def _reply(self, session: str, message: Message) -> dict[str, Any]:
        if isinstance(message, Hello):
            return self._hello(session, message)
        if isinstance(message, Answer):
            return self._answer(session, message)
        handler = self._served.get(type(message))
        if handler is None:
            raise ValueError("no guest has run in this kernel yet")
        return handler(message)

    def _hello(self, session: str, message: Hello) -> dict[str, Any]:
        with self._lock:
            self._clients.setdefault(session, _Page(message.prompts)).prompts = message.prompts
            self._clients.move_to_end(session)
            while len(self._clients) > _REMEMBERED:
                self._clients.popitem(last=False)
            asked = self._asked if message.prompts else None
        self._greeted()
        if asked is not None:
            asked.pending.shown_again()
        return {"question": asked.view if asked else None}

    def _answer(self, session: str, message: Answer) -> dict[str, Any]:
        with self._lock:
            asked, page = self._asked, self._clients.get(session)
            if asked is not None and page is not None and _is_of(message, asked):
                page.has_shown = True
        if asked is not None:
            said = {"ready": True} if message.choice is None else {"choice": message.choice}
            content = {"id": message.id, "nonce": message.nonce, **said}
            asked.pending.receive("comm_msg", {"method": "custom", "content": content})
        return {}

    def _publish(self, content: dict[str, Any]) -> None:
        kernel = self._kernel
        message = {"comm_id": EVENTS, "data": {"version": VERSION, **content}}
        kernel.send_response(kernel.iopub_socket, "comm_msg", message)


def link_of(kernel: Any) -> Link | None:
    """Return the kernel's link, made and announced at the first call, or None where this kernel cannot have one."""
    if kernel is None:
        return None
    if not hasattr(kernel, _ATTRIBUTE):
        link = Link(kernel)
        there = tap_control(kernel, link.respond) is not None
        setattr(kernel, _ATTRIBUTE, link if there else None)
        if there:
            link.announce()
    kept: Link | None = getattr(kernel, _ATTRIBUTE)
    return kept


def _is_of(message: Answer, asked: _Asked) -> bool:
    sent = message.nonce.encode(errors="surrogatepass")
    return hmac.compare_digest(sent, asked.pending.nonce.encode())


def _nothing() -> None:
    pass
