"""Sending a guest's text to the front end from the thread that has it.

``OutStream.flush`` of ipykernel hands text to its I/O thread, which makes a message and hands that to itself once more.
Where no other text waits, the message can be made here: it is the same to the byte, and goes out in the same queue.
"""

from __future__ import annotations

import os
import threading
from typing import Any

__all__ = ["publish"]


def publish(out: Any, text: str) -> bool:
    """Send `text` as output of a kernel's stream; return False, with nothing done, where `out` must do it itself.

    That is: `out` is no stream of ipykernel (``%%capture``, ``redirect_stdout``), text waits in it that comes first,
    somebody listens in (``echo``, hooks), or this is a forked process.

    Parameters
    ----------
    out : file
        ``sys.stdout`` or ``sys.stderr``.
    text : str
        What to send.
    """
    if not _is_idle(out):
        return False
    if text:
        content = {"name": out.name, "text": text}
        out.session.send(_Waiting(out), "stream", content, parent=out.parent_header, ident=out.topic)
    return True


class _Waiting:
    """What a session sends through: it returns when the I/O thread has sent the message.

    Without the wait this thread would go on with the interpreter's lock, and that one stand before it for milliseconds.
    """

    def __init__(self, out: Any) -> None:
        self._thread = out.pub_thread
        self._timeout = out.flush_timeout

    def send_multipart(self, *args: Any, **kwargs: Any) -> None:
        sent = threading.Lock()
        sent.acquire()
        self._thread.send_multipart(*args, **kwargs)
        self._thread.schedule(sent.release)
        sent.acquire(timeout=self._timeout)


def _is_idle(out: Any) -> bool:
    """Tell whether a stream is one of ipykernel, as its class is known, and has nothing else to do."""
    if type(out).__module__ != "ipykernel.iostream":
        return False
    try:
        listened = out.echo is not None or bool(out._hooks)
        waiting = out._flush_pending or bool(out._buffers)
        forked = os.getpid() != out._master_pid
        sends = out.pub_thread.thread.is_alive() and out.pub_thread.thread is not threading.current_thread()
    except AttributeError:  # a later ipykernel
        return False
    return sends and not (listened or waiting or forked)
