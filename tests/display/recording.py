"""A surface that remembers."""

from __future__ import annotations

from typing import Any


class Recording:
    """Remembers what was written and shown, in order."""

    def __init__(self, *, live: bool = True) -> None:
        self.live = live
        self.written: list[tuple[str, str]] = []
        self.shown: list[list[dict[str, Any]]] = []

    def write(self, stream: str, text: str) -> None:
        self.written.append((stream, text))

    def show(self, bundle: dict[str, Any]) -> Recording._Handle:
        versions = [bundle]
        self.shown.append(versions)
        return self._Handle(versions)

    def text(self, stream: str) -> str:
        return "".join(text for name, text in self.written if name == stream)

    class _Handle:
        def __init__(self, versions: list[dict[str, Any]]) -> None:
            self._versions = versions

        def update(self, bundle: dict[str, Any]) -> None:
            self._versions.append(bundle)
