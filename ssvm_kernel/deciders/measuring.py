"""A measurement that is running, below its cell: a line that tells how far it is, and a button to stop it.

The button can end the measurement and nothing else: no authority hangs on it.  Its message arrives while the cell is
busy, on the thread that reads the shell channel.
"""

from __future__ import annotations

import functools
import secrets
import threading
import time
from typing import Any, Final, NamedTuple

from ssvm_kernel.deciders.pending import custom_content
from ssvm_kernel.deciders.presence import running_kernel
from ssvm_kernel.deciders.published import Published
from ssvm_kernel.deciders.screen import Screen, script, style
from ssvm_kernel.host.waiting import wait_without_guest

__all__ = ["KEEPS", "Button", "MeasuringScreen", "MeasuringView"]


class Button(NamedTuple):
    """What a button says, and says at more length."""

    label: str
    title: str


KEEPS: Final = Button("Stop and keep", "Stop measuring, and keep what was measured")


class MeasuringScreen(Screen):
    """Shows the view of a running measurement, where there is somebody to see it."""

    def open(self, text: str, button: Button = KEEPS) -> MeasuringView | None:
        """Show the view, or return None where no widget can be shown."""
        kernel = running_kernel()
        session = self.client(kernel, wait_without_guest)
        if session is None:
            return None
        return MeasuringView(kernel, text, self.ready_seconds, button)


class MeasuringView:
    """One view on the screen.

    Parameters
    ----------
    kernel : ipykernel.kernelbase.Kernel
        The running kernel.
    text : str
        What it says first.
    ready_seconds : float
        How long the page may take to render it.
    button : Button
        What ends it.
    """

    def __init__(self, kernel: Any, text: str, ready_seconds: float, button: Button = KEEPS) -> None:
        self._id = secrets.token_hex(8)
        self._nonce = secrets.token_urlsafe(24)
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._ready = threading.Event()
        self._blank_at = time.monotonic() + ready_seconds
        view = {"id": self._id, "nonce": self._nonce, "text": text, "stop": button.label, "title": button.title}
        self._published = Published()
        self._published.show(kernel, self._receive, functools.partial(_view_class(), view=view), text)

    @property
    def stopped(self) -> bool:
        """Whether the person pressed the button."""
        return self._stop.is_set()

    @property
    def lost(self) -> bool:
        """Whether it is not to be seen: the page cannot render it, or has closed it."""
        return self._lost.is_set() or not (self._ready.is_set() or time.monotonic() < self._blank_at)

    def tell(self, text: str) -> None:
        """Show another text."""
        self._published.send({"text": text})

    def close(self, bundle: dict[str, Any]) -> None:
        """Put `bundle` in the view's place, and leave nothing of the view behind."""
        self._published.replace(bundle)

    def _receive(self, kind: str, data: Any) -> None:
        """Judge one message; whatever is not exactly right changes nothing."""
        if kind == "comm_close":
            self._lost.set()
            return
        content = custom_content(data, self._id, self._nonce)
        if content == {"ready": True}:
            self._ready.set()
        elif content == {"stop": True}:
            self._stop.set()


@functools.cache
def _view_class() -> Any:
    """Return the widget's class; made late, because the import is slow and nobody may be there to see a widget."""
    import anywidget
    import traitlets

    class MeasuringWidget(anywidget.AnyWidget):
        """The view; `view` goes to the page and nothing ever comes back through a trait."""

        _esm = script("parts", "measure")
        _css = style("measure")
        view = traitlets.Dict().tag(sync=True)

    return MeasuringWidget
