"""See comm messages the moment they reach the kernel process, while the main shell is busy with the cell.

ipykernel 7 reads the shell socket on a thread of its own and hands each message to the thread that should handle it.
For a busy kernel that is too late: a click would be handled when the cell has ended, unless the front end uses
subshells, and in ipykernel 7.4 (``BaseComm._reply_subshell_for``) not even then.  The tap looks at each message on that
reading thread, before it is routed.

Messages for a watched comm end here.  They are not forwarded: forwarded ones make the kernel report "idle" in mid-cell
and fire ``post_execute`` hooks (ipython/ipykernel#1564), and when they arrive after the comm was closed, the comm
package warns about them in the output of whatever cell is running.
"""

from __future__ import annotations

import collections
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

__all__ = ["Callback", "CommTap", "tap_of"]

Callback: TypeAlias = Callable[[str, Any], None]  # (message type, data); runs on the reading thread: must not block

_ATTRIBUTE = "_ssvm_comm_tap"  # kept on the kernel, so that a reloaded module does not tap a second time
_INSTALL_SECONDS = 10.0  # only a busy machine takes more than a moment
_RETIRED = 256  # comms whose late messages are still dropped
_log = logging.getLogger(__name__)


def _drop(kind: str, data: Any) -> None:
    pass


class CommTap:
    """Callbacks by comm id, fed from the thread that reads the shell channel.

    Parameters
    ----------
    kernel : ipykernel.kernelbase.Kernel
        A kernel whose shell socket is read by a thread of its own.
    forward : callable
        What the reading thread called before, with the frames of one message.
    """

    def __init__(self, kernel: Any, forward: Callable[[list[Any]], Awaitable[None] | None]) -> None:
        self._kernel = kernel
        self._forward = forward
        self._callbacks: dict[str, Callback] = {}
        self._retired: collections.OrderedDict[str, Callback] = collections.OrderedDict()

    def watch(self, comm_id: str, callback: Callback) -> None:
        """Send all further messages of a comm to `callback`, and to nobody else."""
        self._callbacks[comm_id] = callback

    def retire(self, comm_id: str, late: Callback | None = None) -> None:
        """Drop all further messages of a comm, or send them to `late`: they were under way when it was closed."""
        self._retired[comm_id] = late or _drop
        self._callbacks.pop(comm_id, None)
        if len(self._retired) > _RETIRED:
            self._retired.popitem(last=False)

    def on_frames(self, frames: list[Any]) -> Awaitable[None] | None:
        """Take one message from the wire; returns what the event loop is to await."""
        if (self._callbacks or self._retired) and self._consume(frames):
            return None
        return self._forward(frames)

    def _consume(self, frames: list[Any]) -> bool:
        try:
            kind, content = self._peek(frames)
        except Exception:  # noqa: BLE001 - not ours to judge: an invalid message is the kernel's to report
            return False
        if kind not in ("comm_msg", "comm_close"):
            return False
        comm_id = content.get("comm_id")
        if not isinstance(comm_id, str):
            return False
        callback = self._callbacks.get(comm_id) or self._retired.get(comm_id)
        if callback is None:
            return False
        try:
            callback(kind, content.get("data"))
        except Exception:  # noqa: BLE001 - the thread that runs this serves the whole kernel and must go on
            _log.exception("a comm callback failed")
        return True

    def _peek(self, frames: list[Any]) -> tuple[str, dict[str, Any]]:
        """Return type and content of a message, checked against the connection's key, without marking it as seen."""
        session = self._kernel.session
        _, rest = session.feed_identities(frames, copy=False)
        message = session.deserialize(rest, content=False, copy=False)
        kind = message["header"]["msg_type"]
        wanted = kind in ("comm_msg", "comm_close")
        return kind, session.unpack(message["content"]) if wanted else {}


def tap_of(kernel: Any) -> CommTap | None:
    """Return the kernel's tap, installed at the first call, or None where this kernel cannot have one."""
    kept: CommTap | None = getattr(kernel, _ATTRIBUTE, None)
    if kept is not None:
        return kept
    thread = getattr(kernel, "shell_channel_thread", None)
    stream = getattr(kernel, "shell_stream", None)
    forward = getattr(kernel, "shell_channel_thread_main", None)
    loop = getattr(thread, "io_loop", None)
    if loop is None or stream is None or not callable(forward) or not hasattr(stream, "on_recv"):
        return None
    tap = CommTap(kernel, forward)
    done = threading.Event()

    def swap() -> None:
        stream.on_recv(tap.on_frames, copy=False)
        done.set()

    loop.add_callback(swap)  # a ZMQ stream may only be touched by the thread of its loop
    if not done.wait(_INSTALL_SECONDS):
        return None
    setattr(kernel, _ATTRIBUTE, tap)
    return tap
