"""evcxr's way to show things: blocks among what a guest prints, for guests that are written for it.

Off unless the person asks for it, and never without the display grant: what a guest prints is otherwise only text, so
that a program which passes on a stranger's words cannot be made to show a stranger's picture.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from ssvm_kernel.display.streams import GuestStreams
from ssvm_kernel.host.display import SHOWN

__all__ = ["EvcxrBlocks"]

_BEGIN: Final = b"EVCXR_BEGIN_CONTENT "
_END: Final = b"EVCXR_END_CONTENT"
_MOST: Final = 16 << 20


class EvcxrBlocks:
    """Passes what a guest prints on to its streams, and the blocks in it to their display.

    A block that is not shown (no such type, broken, too much) appears as the text that it is.

    Parameters
    ----------
    streams : GuestStreams
        Where text and displays go.
    """

    def __init__(self, streams: GuestStreams) -> None:
        self._streams = streams
        self._rest = b""
        self._inside_line = False
        self._block: bytearray | None = None
        self.stderr = streams.stderr
        self.display = streams.display
        self.poll = streams.poll
        self.flush = streams.flush

    def stdout(self, data: bytes) -> None:
        """Take bytes of the guest's stdout."""
        if self._inside_line:  # which has begun as text
            end = data.find(b"\n") + 1
            self._streams.stdout(data[:end] if end else data)
            if not end:
                return
            self._inside_line, data = False, data[end:]
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._line(line + b"\n")
        if self._block is None and not _BEGIN.startswith(self._rest[: len(_BEGIN)]):
            self._streams.stdout(self._rest)  # it begins no block, whatever comes
            self._rest, self._inside_line = b"", True
        elif len(self._rest) > _MOST:
            self._give_up()

    def close(self) -> None:
        """Show what is left as text; a block without an end is none."""
        self._give_up()

    def _line(self, line: bytes) -> None:
        if self._block is None:
            if line.startswith(_BEGIN):
                self._block = bytearray(line)
            else:
                self._streams.stdout(line)
            return
        self._block += line
        if line.strip() == _END:
            block, self._block = bytes(self._block), None
            head, _, body = block.partition(b"\n")
            if self._show(head.removeprefix(_BEGIN).strip(), body[: -len(line)].removesuffix(b"\n")) != SHOWN:
                self._streams.stdout(block)
        elif len(self._block) > _MOST:
            self._give_up()

    def _show(self, mime: bytes, body: bytes) -> int:
        """Show a block; binary types are in base64."""
        if mime.startswith(b"image/") and b"svg" not in mime:
            try:
                body = base64.b64decode(body, validate=False)
            except binascii.Error:
                return -1
        return self._streams.display(mime, body)

    def _give_up(self) -> None:
        """Pass on as text what was taken for a block."""
        text = bytes(self._block or b"") + self._rest
        self._block, self._rest = None, b""
        if text:
            self._streams.stdout(text)
