"""The kernel's side of the display interface: may a guest show this, is it what it says, and what is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import DisplayGrant
from ssvm_kernel.capabilities.records import DisplayOutcome
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wording import DISPLAY
from ssvm_kernel.context import Denial
from ssvm_kernel.display.rich import Refused, rich
from ssvm_kernel.display.text import size
from ssvm_kernel.errors import LimitReached
from ssvm_kernel.host.display import NOT_GRANTED, SHOWN, TOO_MUCH

if TYPE_CHECKING:
    from ssvm_kernel.runtime import Prepared

__all__ = ["Exhibits"]

_MOST_ITEMS: Final = 100
_MOST_CALLS: Final = 1000
_TOLD: Final = 10


class Exhibits:
    """What one run shows besides text.

    Parameters
    ----------
    prepared : Prepared
        The run.
    ledger : Ledger
        Where each request is written.
    """

    def __init__(self, prepared: Prepared, ledger: Ledger) -> None:
        self._prepared = prepared
        self._ledger = ledger
        self._room = prepared.options.display_limit << 20
        self._calls = 0
        self._refused = 0
        self.shown: list[str] = []
        """What was shown."""

    def show(self, mime: bytes, data: bytes) -> int:
        """Show something and return what the guest is told, a code of `ssvm_kernel.host.display`.

        Raises
        ------
        LimitReached
            When the guest's process asks without end; an honest one stops by itself.
        """
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise LimitReached("display", "--display-limit", "the guest was ended: it shows without end")
        grant = self._grant()
        if grant is None:
            return self._deny(mime, data)
        try:
            self._show(mime, data)
        except Refused as refused:
            self._record(mime, data, grant, "unusable")
            self._tell(str(refused))
            return refused.code
        self._record(mime, data, grant, "shown")
        return SHOWN

    def _grant(self) -> DisplayGrant | None:
        """Return the grant that is in force now: it may have been taken back."""
        if self._prepared.context.deny_all:
            return None
        return next(iter(self._prepared.in_force().display), None)

    def _deny(self, mime: bytes, data: bytes) -> int:
        self._record(mime, data, None, "denied")
        denial = Denial(visible(mime, 100), "it was not granted to show anything but text", DISPLAY, "show")
        if denial not in self._prepared.context.denials:
            self._prepared.context.denials.append(denial)
        return NOT_GRANTED

    def _show(self, mime: bytes, data: bytes) -> None:
        if len(self.shown) >= _MOST_ITEMS:
            raise Refused(TOO_MUCH, f"it has shown {_MOST_ITEMS} things, and no more are shown")
        if len(data) > self._room:
            raise Refused(TOO_MUCH, f"{size(len(data))} are more than is left of --display-limit")
        item = rich(visible(self._prepared.guest.name, 100), mime, data)
        self._room -= len(data)
        self.shown.append(item.what)
        for bundle in item.bundles:
            self._prepared.surface.show(bundle)

    def _record(self, mime: bytes, data: bytes, grant: DisplayGrant | None, outcome: DisplayOutcome) -> None:
        self._ledger.record_display(self._prepared.context.asker, mime, len(data), grant, outcome)

    def _tell(self, why: str) -> None:
        """Say why something is not shown; not for ever."""
        self._refused += 1
        if self._refused <= _TOLD:
            more = "; further ones are not told" if self._refused == _TOLD else ""
            self._prepared.notice(f"{visible(self._prepared.guest.name, 100)} could not show {why}{more}")
