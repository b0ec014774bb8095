"""Hear our own message on the control channel, at once and without a trace, while the main shell is busy with the cell.

The control channel has a thread of its own in ipykernel.  A handler in ``kernel.control_handlers`` would do, but the
kernel reports "busy" and then "idle" around it, so that a front end shows an idle kernel in mid-cell.  The tap takes
messages of our type before that and answers them itself; every other message goes on as it came.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

__all__ = ["REPLY", "REQUEST", "ControlTap", "Respond", "tap_control"]

REQUEST = "ssvm_request"
REPLY = "ssvm_reply"

Respond: TypeAlias = Callable[[str, Any], dict[str, Any]]
"""(client session, content) -> content of the reply; runs on the control thread: must not block."""

_INSTALL_SECONDS = 10.0  # only a busy machine takes more than a moment
_log = logging.getLogger(__name__)


class ControlTap:
    """Answers our requests on the control thread.

    Parameters
    ----------
    kernel : ipykernel.kernelbase.Kernel
        A kernel whose control socket is read by a thread of its own.
    forward : callable
        What that thread called before, with the frames of one message.
    respond : callable
        Makes the replies.
    """

    def __init__(self, kernel: Any, forward: Callable[[list[Any]], Awaitable[None] | None], respond: Respond) -> None:
        self._kernel = kernel
        self._forward = forward
        self._respond = respond

    def on_frames(self, frames: list[Any]) -> Awaitable[None] | None:
        """Take one message from the wire; returns what the event loop is to await."""
        if self._consume(frames):
            return None
        return self._forward(frames)

    def _consume(self, frames: list[Any]) -> bool:
        session = self._kernel.session
        try:
            senders, rest = session.feed_identities(frames, copy=False)
            # without content it is only looked at: a message that is not ours must not be marked as seen
            if session.deserialize(rest, content=False, copy=False)["header"]["msg_type"] != REQUEST:
                return False
            message = session.deserialize(rest, content=True, copy=False)
        except Exception:  # noqa: BLE001 - not ours to judge: an invalid message is the kernel's to report
            return False
        try:
            content = self._respond(str(message["header"].get("session", "")), message["content"])
            session.send(self._kernel.control_stream, REPLY, content, parent=message, ident=senders)
        except Exception:  # noqa: BLE001 - the thread that runs this serves the whole kernel and must go on
            _log.exception("a request of the front end failed")
        return True


def tap_control(kernel: Any, respond: Respond) -> ControlTap | None:
    """Install a tap in front of what the kernel does, or return None where this kernel cannot have one."""
    stream = getattr(kernel, "control_stream", None)
    forward = getattr(kernel, "dispatch_control", None)
    if getattr(kernel, "control_thread", None) is None or stream is None or not callable(forward):
        return None
    tap = ControlTap(kernel, forward, respond)
    done = threading.Event()

    def swap() -> None:
        stream.on_recv(tap.on_frames, copy=False)
        done.set()

    stream.io_loop.add_callback(swap)  # a ZMQ stream may only be touched by the thread of its loop
    return tap if done.wait(_INSTALL_SECONDS) else None
