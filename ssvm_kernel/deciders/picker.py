"""The folder picker: a list of this computer's folders below the cell, from which a person gives one to a guest.

What the view may send is judged in `ssvm_kernel.deciders.picking`, which folders can be granted in
`ssvm_kernel.deciders.places`; a folder is listed when the person opens it, and no other.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from ssvm_kernel.capabilities.model import Access
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.base import Wait
from ssvm_kernel.deciders.facts import who_asks
from ssvm_kernel.deciders.pending import HUMAN_SECONDS, Closed, Mailbox, Ready
from ssvm_kernel.deciders.picking import Cancelled, Opened, Picked, PickEvent, Picking
from ssvm_kernel.deciders.places import PickAnswer, PickQuestion, Places, above
from ssvm_kernel.deciders.presence import running_kernel
from ssvm_kernel.deciders.published import Published
from ssvm_kernel.deciders.record import answer_bundle
from ssvm_kernel.deciders.screen import Screen, next_event, script, style
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.listing import Folder, Listing, list_folders

__all__ = ["WidgetPicker"]

_SHOWN = 300  # characters of a name or path


class WidgetPicker(Screen):
    """Lets a person pick a folder in an anywidget in the running cell's output.

    Attributes
    ----------
    human_seconds : float
        A folder cannot be picked sooner than this after its listing was shown.
    ignored : int
        Messages to pickers that were not believed, over the life of this object.
    """

    name = "widget"
    human_seconds = HUMAN_SECONDS

    def __init__(self) -> None:
        super().__init__()
        self.ignored = 0

    def pick(self, question: PickQuestion, wait: Wait) -> PickAnswer | None:
        """Show the picker and return what the person picked, or None where no widget can be shown.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts the cell; the picker has become a record.
        """
        kernel = running_kernel()
        session = self.client(kernel, wait)
        if session is None:
            return None
        _picker_class()  # is imported before the time to read begins, or that would be over when the picker is there
        with Mailbox[PickEvent]() as mailbox:
            view = _View(kernel, question, Picking(mailbox, self.human_seconds))
            try:
                return self._pick(view, mailbox, session, wait)
            except KeyboardInterrupt:
                view.verdict = "No folder granted (interrupted)"
                raise
            finally:
                view.close()
                self.ignored += view.picking.ignored

    def _pick(self, view: _View, mailbox: Mailbox[PickEvent], session: str, wait: Wait) -> PickAnswer | None:
        view.show()
        event = next_event(mailbox, wait, self.seconds_to_show(session))
        if event is None or isinstance(event, Closed):
            self.rendered(session, False)
            view.verdict = "The folder picker could not be shown here"
            return None
        self.rendered(session, True)
        while True:
            match event:
                case Opened(path):
                    view.open(path)
                case Picked():
                    answer = view.picked(event)
                    if answer is not None:
                        return answer
                case Cancelled():
                    return PickAnswer(None, self.name)
                case Closed():
                    view.verdict = "No folder granted (the picker was closed)"
                    return PickAnswer(None, self.name, "the picker was closed")
                case None | Ready():
                    pass
            event = next_event(mailbox, wait, None)


class _View:
    """One picker on the screen: first a widget, at the end the record in its place."""

    def __init__(self, kernel: Any, question: PickQuestion, picking: Picking) -> None:
        self.picking = picking
        self.verdict = "No folder granted"
        self._picked = ""
        self._kernel = kernel
        self._question = question
        self._places = Places(question)
        self._shown = question.start
        self._published = Published()

    def show(self) -> None:
        """Publish the widget, with a text for clients that see text only."""
        asker = self._question.asker
        data = {
            "id": self.picking.id,
            "nonce": self.picking.nonce,
            "who": {
                "guest": visible(asker.name, _SHOWN),
                "module": visible(asker.module_sha256[:12]),
                "cell": visible(asker.cell, _SHOWN),
            },
            "grants": self._question.meaning,
            "listing": self._listing(),
        }
        waiting = f"waiting for a folder for {who_asks(asker)}"
        make = functools.partial(_picker_class(), picker=data)
        self._published.show(self._kernel, self.picking.receive, make, waiting)

    def open(self, path: str, error: str = "") -> None:
        """Show the folders inside `path`."""
        self._shown = path
        self._published.send({"listing": self._listing(), "error": error})

    def picked(self, event: Picked) -> PickAnswer | None:
        """Return the grant of a picked folder; or show why there is none, and return None."""
        try:
            grant = self._places.grant(event.path, event.access, event.name)
        except GrantError as error:
            self.open(self._shown, str(error))
            return None
        self.verdict = f"Folder granted for this session, to {grant.access.value}, as {visible(grant.guest, _SHOWN)}"
        self._picked = visible(grant.host, _SHOWN)
        return PickAnswer(grant, WidgetPicker.name)

    def close(self) -> None:
        """Put the record in the widget's place, and leave nothing of the widget behind (U13)."""
        self.picking.close()
        who = who_asks(self._question.asker)
        self._published.replace(answer_bundle(self.verdict, self._picked, who, allowed=bool(self._picked)))

    def _listing(self) -> dict[str, Any]:
        """List the shown folder; from now on its lines, and no others, can be opened and picked."""
        listing = list_folders(self._shown)
        over = above(listing.path)
        folders = [Folder(_last(listing.path), listing.path), *listing.folders]
        over_ids, ids = self.picking.show(over, [folder.path for folder in folders])
        return {
            "name": visible(_last(listing.path), _SHOWN),
            "above": [
                {"id": key, "name": visible(_last(path), _SHOWN)} for key, path in zip(over_ids, over, strict=True)
            ],
            "folders": [self._line(key, folder) for key, folder in zip(ids, folders, strict=True)],
            **_state(listing),
        }

    def _line(self, key: str, folder: Folder) -> dict[str, Any]:
        judged = [self._places.judge(folder.path, access) for access in (Access.READ, Access.READ_WRITE)]
        return {
            "id": key,
            "name": visible(folder.name, _SHOWN),
            "path": visible(folder.path, 4 * _SHOWN),
            "link": folder.link,
            "suggested": self._places.suggested(folder.path),
            "refused": [refused for refused, _ in judged],
            "warnings": [warning for _, warning in judged],
        }


def _state(listing: Listing) -> dict[str, Any]:
    return {"complete": listing.complete, "trouble": visible(listing.trouble, _SHOWN)}


def _last(path: str) -> str:
    return os.path.basename(path) or path  # noqa: PTH119 - as the text that it is


@functools.cache
def _picker_class() -> Any:
    """Return the widget's class; made late, because the import is slow and nobody may be there to see a widget."""
    import anywidget
    import traitlets

    class FolderPicker(anywidget.AnyWidget):
        """The view of one picker; `picker` goes to the page and nothing ever comes back through a trait."""

        _esm = script("parts", "strip", "picker")
        _css = style("prompt", "picker")
        picker = traitlets.Dict().tag(sync=True)

    return FolderPicker
