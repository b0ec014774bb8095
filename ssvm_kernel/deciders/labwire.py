"""What the JupyterLab extension may say to the kernel: versioned, exactly these fields, and nothing that grants.

Any script on a page can send these, and so can whoever has the connection file.  They read, they take back, and they
answer the one question that is open, with its nonce; the answer is judged like that of the widget
(`ssvm_kernel.deciders.pending`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

__all__ = ["VERSION", "Answer", "Export", "Hello", "Look", "Message", "Revoke", "refusal", "understand"]

VERSION: Literal[1] = 1
_MOST = 200  # characters of an id, a nonce or a choice

_Text = Annotated[str, msgspec.Meta(max_length=_MOST)]


class _Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    version: Literal[1]


class Hello(_Message, frozen=True, tag="hello"):
    """A page is there; with `prompts`, it shows questions in a dialog."""

    prompts: bool


class Answer(_Message, frozen=True, tag="answer"):
    """Something about the open question: that it is on the screen, or what the person chose."""

    id: _Text
    nonce: _Text
    choice: _Text | None = None
    """None says that the question is on the screen."""


class Look(_Message, frozen=True, tag="look"):
    """The grants in force, and the ledger after line `since`."""

    since: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0


class Revoke(_Message, frozen=True, tag="revoke"):
    """Take a grant back, by its id."""

    grant: _Text


class Export(_Message, frozen=True, tag="export"):
    """The options that give the same grants."""


Message: TypeAlias = Hello | Answer | Look | Revoke | Export


def understand(content: Any) -> Message:
    """Return what a front end says.

    Raises
    ------
    ValueError
        When it is not exactly one of our messages.
    """
    return msgspec.convert(content, Hello | Answer | Look | Revoke | Export)


def refusal(why: str) -> dict[str, Any]:
    """Return the reply to what cannot be done."""
    return {"version": VERSION, "status": "error", "error": why}
