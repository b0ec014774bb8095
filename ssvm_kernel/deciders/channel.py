"""One comm of ours, heard in a busy kernel on every way that this kernel offers."""

from __future__ import annotations

import uuid
from typing import Any

from ssvm_kernel.deciders.commtap import Callback, tap_of

__all__ = ["Channel"]


class Channel:
    """Hears a comm through the tap and, where there is none, through the ordinary path and the front end's subshells.

    It listens before the comm exists: a quick front end answers before the thread that opened it goes on.

    Parameters
    ----------
    kernel : ipykernel.kernelbase.Kernel
        The running kernel.
    callback : callable
        Gets each message of the comm, and its close; on whichever thread it arrives.

    Attributes
    ----------
    comm_id : str
        The id that the comm must be opened with.
    """

    def __init__(self, kernel: Any, callback: Callback) -> None:
        self.comm_id = uuid.uuid4().hex
        self._comm: Any = None
        self._callback = callback
        self._tap = tap_of(kernel)
        if self._tap is not None:
            self._tap.watch(self.comm_id, callback)

    def attach(self, comm: Any) -> None:
        """Take over the comm, now that it is open; nobody else hears it from now on."""
        self._comm = comm
        # ipykernel 7.4 sends a comm's messages to the shell that last published on it: the busy one.  None is what the
        # other versions have.
        comm._reply_subshell_for = None
        # Replaces a widget's own handler: nothing that a page sends may set a trait (rule 12, U12).
        comm.on_msg(lambda message: self._callback("comm_msg", message["content"].get("data")))
        comm.on_close(lambda message: self._callback("comm_close", message["content"].get("data")))

    def close(self, late: Callback | None = None) -> None:
        """Close the comm on both sides; messages that were under way are dropped, or go to `late`."""
        if self._tap is not None:
            self._tap.retire(self.comm_id, late)
        if self._comm is not None:
            self._comm.on_msg(None)
            self._comm.on_close(None)
            self._comm.close()
