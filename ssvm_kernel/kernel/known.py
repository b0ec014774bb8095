"""What a session knows, as tables that completion and inspection read: no guest, compiler or command runs for them."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ssvm_kernel.capabilities.wasm import Export, read_binary
from ssvm_kernel.errors import SsvmError

if TYPE_CHECKING:
    from ssvm_kernel.guest import Guest
    from ssvm_kernel.session import Session

__all__ = ["Known", "exports_of"]


class Known:
    """One kernel's session as far as there is one, and its notebook's language.

    Parameters
    ----------
    language : str
        What a cell without a directive is.
    session : Session or None
        None before the first guest: a question makes none.
    variables : iterable of str
        Names of Python's variables; none is looked at.
    """

    def __init__(self, language: str, session: Session | None, variables: Iterable[str] = ()) -> None:
        self.language = language
        self.variables = [name for name in variables if not name.startswith("_")]
        self._session = session

    @property
    def guests(self) -> dict[str, Guest]:
        """The session's guests by name."""
        return self._session.guests if self._session is not None else {}

    @property
    def grant_ids(self) -> list[str]:
        """What ``%ssvm revoke`` takes."""
        return [row.id for row in self._session.grant_rows()] if self._session is not None else []

    def exports(self) -> dict[str, list[tuple[str, Export]]]:
        """Return the guests' exports by name, each with the guest's name."""
        found: dict[str, list[tuple[str, Export]]] = {}
        for guest in self.guests.values():
            for export in exports_of(guest.wasm):
                found.setdefault(export.name, []).append((guest.name, export))
        return found


@functools.lru_cache(maxsize=32)
def exports_of(wasm: bytes) -> tuple[Export, ...]:
    """Return a module's exports with names that are plain words; others are not for typing, and could act (X04)."""
    try:
        exports = read_binary(wasm).exports
    except SsvmError:
        return ()
    return tuple(item for item in exports if item.name.isascii() and item.name.isidentifier())
