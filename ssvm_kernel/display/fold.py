"""A label with text folded behind it, for JupyterLab: HTML that every viewer keeps cannot fold (`survive`)."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["FOLD_MIME", "fold"]

FOLD_MIME: Final = "application/vnd.ssvm.fold+json"


def fold(note: str, text: str, *, code: str = "", opened: bool = False) -> dict[str, Any]:
    """Return the data of a folded output; it is text only, and nothing in it is ever read back.

    Parameters
    ----------
    note, text : str
        What stands in the label, and behind it; both inert.
    code : str
        What stands before the note as code: a command.
    opened : bool
        Whether it starts unfolded.
    """
    return {"version": 1, "code": code, "note": note, "text": text, "open": opened}
