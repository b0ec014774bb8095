"""One comm of ours, heard in a busy kernel on every way that this kernel offers."""

from __future__ import annotations

from typing import Any

from ssvm_kernel.deciders.commtap import Callback, tap_of

__all__ = ["Channel"]


class Channel:
    """Hears a comm through the tap and, where there is none, through the ordinary path and the front end's subshells.

    Parameters
    ----------
    kernel : ipykernel.kernelbase.Kernel
        The running kernel.
    comm : comm.base_comm.BaseComm
        An open comm that nobody else needs to hear.
    """

    def __init__(self, kernel: Any, comm: Any) -> None:
        self._comm = comm
        self._tap = tap_of(kernel)
        # ipykernel 7.4 sends a comm's messages to the shell that last published on it: the busy one.  None is what the
        # other versions have.
        comm._reply_subshell_for = None

    def listen(self, callback: Callback) -> None:
        """Send each message of the comm, and its close, to `callback`; on whichever thread it arrives."""
        # Replaces a widget's own handler: nothing that a page sends may set a trait (rule 12, U12).
        self._comm.on_msg(lambda message: callback("comm_msg", message["content"].get("data")))
        self._comm.on_close(lambda message: callback("comm_close", message["content"].get("data")))
        if self._tap is not None:
            self._tap.watch(self._comm.comm_id, callback)

    def close(self, late: Callback | None = None) -> None:
        """Close the comm on both sides; messages that were under way are dropped, or go to `late`."""
        self._comm.on_msg(None)
        self._comm.on_close(None)
        if self._tap is not None:
            self._tap.retire(self._comm.comm_id, late)
        self._comm.close()
