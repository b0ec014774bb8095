"""A command that the guest runs, under its own label in the cell, while it runs."""

from __future__ import annotations

import codecs
from typing import Final

from ssvm_kernel.display.fold import FOLD_MIME, fold
from ssvm_kernel.display.style import MUTED, PRE, ROW
from ssvm_kernel.display.surface import Bundle, Handle, Surface
from ssvm_kernel.display.text import escape, inert

__all__ = ["CommandBlock"]

_SHOWN: Final = 64_000
_LONG: Final = 24


class CommandBlock:
    """The label and output of one command.

    Parameters
    ----------
    surface : Surface
        Where to show it.
    argv : str
        The command as the person may read it (already inert).
    path : str
        The program's real path (already inert).
    """

    def __init__(self, surface: Surface, argv: str, path: str) -> None:
        self._surface = surface
        self._argv = argv
        self._path = path
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("stdout", "stderr")}
        self._text = ""
        self._cut = False
        self._handle: Handle | None = None
        if surface.live:
            self._handle = surface.show(self._bundle("running"))
        else:
            surface.write("stdout", self._head() + "\n")

    def output(self, stream: str, data: bytes) -> None:
        """Take bytes that the command printed and show them at once; the caller paces."""
        text = self._decoders[stream].decode(data)
        room = _SHOWN - len(self._text)
        self._cut = self._cut or len(text) > room
        text = inert(text[: max(0, room)])
        self._text += text
        if self._handle is None:
            self._surface.write(stream, text)
        elif text:
            self._handle.update(self._bundle("running"))

    def close(self, state: str) -> None:
        """Show how it ended, e.g. ``"exit 0 · 12 ms · 1.2 kB"``."""
        if self._handle is not None:
            self._handle.update(self._bundle(state))
        else:
            newline = "" if not self._text or self._text.endswith("\n") else "\n"
            self._surface.write("stdout", f"{newline}└ {state}\n")

    def _head(self) -> str:
        return f"┌ {self._argv}  ({self._path})"

    def _bundle(self, state: str) -> Bundle:
        body = self._text.rstrip("\n")
        lines = body.split("\n") if body else []
        if self._cut:
            lines.append("… (the rest is not shown)")
        short = len(lines) <= _LONG
        pre = f'<pre style="{PRE}">{escape(chr(10).join(lines))}</pre>' if lines else ""
        note = f"{self._path} · {state}"
        label = f'<code>{escape(self._argv)}</code> <span style="{MUTED}">{escape(note)}</span>'
        return {
            "text/plain": "\n".join([self._head(), *(f"│ {line}" for line in lines), f"└ {state}"]),
            "text/html": f'<details{" open" if short else ""} style="{ROW}"><summary>{label}</summary>{pre}</details>',
            FOLD_MIME: fold(note, "\n".join(lines), code=self._argv, opened=short),
        }
