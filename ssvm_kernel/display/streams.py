"""The guest's stdout and stderr on their way to the cell: coalesced, paced and capped.

The Jupyter server drops messages, a pending prompt among them, when a kernel sends more than 1,000 messages or 1 MB a
second.  So at most one message goes out every 50 ms, bytes are paced below that limit across all cells, and what is
over the cap of a run is read, counted and not shown: the guest never waits for the notebook.
"""

from __future__ import annotations

import codecs
import re
import time
from json.encoder import encode_basestring_ascii
from typing import Final

from ssvm_kernel.display.surface import Surface
from ssvm_kernel.display.text import PLAIN_COLOURS, leaves_colours, size
from ssvm_kernel.host.display import NOT_GRANTED, ShowFunction

__all__ = ["SHOWN_BYTES", "GuestStreams", "Pace"]

SHOWN_BYTES: Final = 1_000_000
"""Bytes of a run's output that a cell shows."""
_INTERVAL: Final = 0.05
_BEGUN: Final = re.compile(r"\x1b(?:\[[0-9;:]*)?\Z")
"""The beginning of a colour whose end has not come: shown by itself it would be no colour any more."""
_LONGEST: Final = 40
_Decoder: Final = codecs.getincrementaldecoder("utf-8")


class Pace:
    """A token bucket, in bytes, that all cells of a kernel share.

    Parameters
    ----------
    rate : float
        Bytes per second.
    burst : float
        Bytes that may go at once after a pause.
    """

    def __init__(self, rate: float = 700_000, burst: float = 700_000) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = time.monotonic()

    def allowance(self) -> int:
        """Return the bytes that may go now."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return int(self._tokens)

    def spend(self, count: int) -> None:
        """Count bytes that went."""
        self._tokens -= count


_PACE: Final = Pace()


class _Stream:
    """One stream: what is decoded and not shown yet."""

    def __init__(self) -> None:
        self.decoder = _Decoder("replace")
        self.text = ""
        self.coloured = False


class GuestStreams:
    """Shows a guest's output while it runs.

    Parameters
    ----------
    surface : Surface
        Where to show it.
    cap : int
        Bytes of both streams together that are shown.
    pace : Pace
        How much of it is shown in what time; one for all cells of a kernel.
    keep : int
        Bytes of each stream that are kept for the result.
    show : callable or None
        Takes what is not text, by type and content; see `ssvm_kernel.host.display`.
    """

    def __init__(
        self,
        surface: Surface,
        cap: int = SHOWN_BYTES,
        pace: Pace = _PACE,
        keep: int = 0,
        show: ShowFunction | None = None,
    ) -> None:
        self._surface = surface
        self._left = self._cap = cap
        self._pace = pace
        self._streams = {"stdout": _Stream(), "stderr": _Stream()}
        self._last = self._since = 0.0
        self._cut_shown = False
        self._keep = keep
        self.show = show
        """Takes what is not text; may be set before the first of it comes."""
        self.totals = {"stdout": 0, "stderr": 0}
        """Bytes that the guest wrote to each stream."""
        self.kept = {"stdout": bytearray(), "stderr": bytearray()}
        """The first of them."""

    def stdout(self, data: bytes) -> None:
        """Take bytes of the guest's stdout."""
        self._take("stdout", data)

    def stderr(self, data: bytes) -> None:
        """Take bytes of the guest's stderr."""
        self._take("stderr", data)

    def display(self, mime: bytes, data: bytes) -> int:
        """Show what is not text, below the text that came before it."""
        self.flush()
        return self.show(mime, data) if self.show is not None else NOT_GRANTED

    def poll(self) -> float | None:
        """Show what is due; return the seconds until there is more to show, None when nothing waits."""
        if not self._waiting():
            return None
        # A line that is not complete yet gets a moment to become so: in a saved notebook each piece is an output.
        complete = all(not stream.text or stream.text[-1] in "\n\r" for stream in self._streams.values())
        due = max(self._last, 0.0 if complete else self._since) + _INTERVAL - time.monotonic()
        if due > 0:
            return due
        self._emit()
        return _INTERVAL if self._waiting() else None

    def flush(self) -> None:
        """Show all that is there; takes up to a second or so when much waits to be paced.

        Something of ours may come next, a question too: the guest's colours end here, or they could hide it (X32).
        """
        while self._waiting():
            self._emit(whole=True)
            if self._waiting():
                time.sleep(_INTERVAL)
        for name, stream in self._streams.items():
            if stream.coloured:
                stream.coloured = False
                self._surface.write(name, PLAIN_COLOURS)

    def close(self) -> None:
        """Show the rest, and say what was cut; a half character at the end becomes a replacement character."""
        for stream in self._streams.values():
            stream.text += stream.decoder.decode(b"", True)
        self.flush()
        cut = sum(self.totals.values()) - self._cap
        if cut > 0 and not self._cut_shown:
            self._cut_shown = True
            note = f"{size(cut)} more were printed and are not shown (--output-limit sets this limit)"
            self._surface.write("stderr", f"\n[ssvm] {note}\n")

    def _take(self, name: str, data: bytes) -> None:
        self.totals[name] += len(data)
        room = self._keep - len(self.kept[name])
        if room > 0:
            self.kept[name] += data[:room]
        if self._left <= 0:
            return
        if not self._waiting():
            self._since = time.monotonic()
        part = data[: self._left]
        self._left -= len(part)
        stream = self._streams[name]
        stream.text += stream.decoder.decode(part)

    def _waiting(self) -> bool:
        return any(stream.text for stream in self._streams.values())

    def _emit(self, *, whole: bool = False) -> None:
        """Write as much as the pace allows; unless all of it is wanted, not the beginning of a colour alone."""
        self._last = time.monotonic()
        for name, stream in self._streams.items():
            allowance = self._pace.allowance()
            if not stream.text or allowance <= 0:
                continue
            text = _fitting(stream.text, allowance)
            begun = (
                _BEGUN.search(text, max(0, len(text) - _LONGEST)) if len(text) < len(stream.text) or not whole else None
            )
            if begun is not None:
                text = text[: begun.start()]
            if text:
                stream.text = stream.text[len(text) :]
                coloured = leaves_colours(text)
                stream.coloured = stream.coloured if coloured is None else coloured
                self._surface.write(name, text)
                self._pace.spend(_sent_bytes(text))


def _sent_bytes(text: str) -> int:
    """Return the most bytes that a text has in a message, where controls and quotation marks are escaped."""
    return len(encode_basestring_ascii(text)) - 2


def _fitting(text: str, most: int) -> str:
    """Return as much of the beginning of a text as has no more than `most` bytes in a message, at least a character."""
    text = text[:most]
    while (count := _sent_bytes(text)) > most and len(text) > 1:
        text = text[: max(1, len(text) * most // count)]
    return text
