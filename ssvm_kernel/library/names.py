"""``ssvm`` in a notebook: the session's guests by name.  Nothing is imported for it before it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ssvm_kernel.errors import NoSuchFunction

if TYPE_CHECKING:
    from ssvm_kernel.library.face import Library
    from ssvm_kernel.session import Session

__all__ = ["Guests"]


class Guests(Mapping[str, "Library"]):
    """The guests of a session by name, as libraries: ``ssvm["fib"].fib(30)``.

    Parameters
    ----------
    owner : object
        What has the session, as ``session``; asked for it when a guest is.
    """

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._libraries: dict[str, Library] = {}

    def __getitem__(self, name: str) -> Library:
        from ssvm_kernel.library.face import Library, found_in

        guest = found_in(self._session, name)
        kept = self._libraries.get(name)
        if kept is None or kept.sha256 != guest.sha256:  # the same cell again is the same guest, with its state
            if kept is not None:
                kept.close()
            kept = self._libraries[name] = Library(self._session, guest, cell=f"ssvm[{name!r}]")
        return kept

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self:
            raise NoSuchFunction(f"a guest is found by its name in brackets: ssvm[{name!r}]")
        raise AttributeError(f"the guests of a session have no {name!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._started.guests if self._started is not None else ())

    def __len__(self) -> int:
        return len(self._started.guests) if self._started is not None else 0

    def __contains__(self, name: object) -> bool:
        return self._started is not None and name in self._started.guests

    def __repr__(self) -> str:
        return f"<guests of this session: {', '.join(self) or 'none yet'}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    @property
    def _session(self) -> Session:
        session: Session = self._owner.session
        return session

    @property
    def _started(self) -> Session | None:
        started: Session | None = self._owner.started
        return started
