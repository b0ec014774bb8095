"""A widget in the running cell's output, for as long as something is asked or told there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ssvm_kernel.deciders.channel import Channel
from ssvm_kernel.deciders.commtap import Callback

__all__ = ["Published"]


class Published:
    """Nothing before `show`, and nothing of the widget after `replace` (U13).

    Each step is noted when it is done, so that `replace` also tidies up after an interrupt in the middle of `show`.
    """

    def __init__(self) -> None:
        self._channel: Channel | None = None
        self._widget: Any = None
        self._handle: Any = None

    def show(self, kernel: Any, receive: Callback, make: Callable[..., Any], text: str) -> None:
        """Publish a widget.

        Parameters
        ----------
        kernel : ipykernel.kernelbase.Kernel
            The running kernel.
        receive : callable
            Gets each message of the widget's comm, and its close; on whichever thread it arrives.
        make : callable
            Makes the widget, given its ``model_id``.
        text : str
            What clients see that see text only.
        """
        from IPython.display import display

        self._channel = Channel(kernel, receive)
        self._widget = make(model_id=self._channel.comm_id)
        self._channel.attach(self._widget.comm)
        bundle, metadata = self._widget._repr_mimebundle_()
        bundle["text/plain"] = f"[ssvm] {text}"
        self._handle = display(bundle, metadata=metadata, raw=True, display_id=True)

    def send(self, content: dict[str, Any]) -> None:
        """Send a message to the views."""
        self._widget.send(content)

    def replace(self, bundle: dict[str, Any]) -> None:
        """Put an output in the widget's place, where there is one, and leave nothing of the widget behind."""
        if self._handle is not None:
            self._handle.update(bundle, raw=True)
        if self._channel is not None:
            self._channel.close()
        if self._widget is not None:
            self._widget.layout.close()
            self._widget.close()
