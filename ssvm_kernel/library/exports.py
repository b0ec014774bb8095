"""The functions of a guest, as a mapping that shows itself."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.display.style import ROW
from ssvm_kernel.display.text import escape
from ssvm_kernel.errors import UsageError

__all__ = ["Exports", "GuestFunction"]


class GuestFunction(Protocol):
    """A function of a guest, of a module or of a component."""

    def __call__(self, *args: Any, fresh: bool = False, **named: Any) -> Any:
        """Call it."""

    @property
    def text(self) -> str:
        """The function in one line, safe to show."""

    @property
    def note(self) -> str:
        """What a list says besides."""


class Exports(Mapping[str, Any]):
    """The functions of a guest, by name.

    Parameters
    ----------
    functions : mapping of str to GuestFunction
        In the guest's own order.
    """

    def __init__(self, functions: Mapping[str, GuestFunction]) -> None:
        self._functions = functions

    def __getitem__(self, name: str) -> Any:
        try:
            return self._functions[name]
        except KeyError:
            near = difflib.get_close_matches(name, self._functions, 1, 0.5)
            hint = f"; did you mean {visible(near[0])}?" if near else ""
            raise UsageError(f"there is no function {name!r}{hint}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __repr__(self) -> str:
        shown = (f"{each.text}  # {each.note}" if each.note else each.text for each in self._functions.values())
        return "\n".join(shown) or "no functions"

    def _repr_html_(self) -> str:
        rows = (f"<li><code>{escape(each.text)}</code> {escape(each.note)}</li>" for each in self._functions.values())
        return f'<div style="{ROW}"><ul>{"".join(rows)}</ul></div>' if self._functions else "no functions"
