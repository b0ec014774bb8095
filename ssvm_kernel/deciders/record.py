"""The permanent record that takes the place of an answered prompt: text, without script and without authority (U13)."""

from __future__ import annotations

import html
from dataclasses import dataclass

from ssvm_kernel.deciders.base import Offer
from ssvm_kernel.deciders.facts import AnyFacts, command_line

__all__ = ["Record", "answer_bundle", "record_bundle"]

# Inline styles, because a saved notebook, an export and GitHub have no style sheet of ours; theme variables first, so
# that the record follows JupyterLab's theme, and plain inheritance where there is none.  The sanitiser for notebooks
# that are not trusted drops declarations with variables, so that the colour is also there without one.
# Elements that every viewer keeps: without its style this is a quotation that reads the same.
_SMALL = "display:block;font-style:normal;font-size:smaller"
_BOX = (
    "max-width:none;border-left:3px solid {plain};border-left-color:{themed};padding:4px 10px;margin:4px 0;"
    "font-family:var(--jp-ui-font-family,sans-serif);font-size:var(--jp-ui-font-size1,13px)"
)
_CODE = (
    "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);"
    "background:none;overflow-wrap:anywhere"
)
_GREEN = {"plain": "#388e3c", "themed": "var(--jp-success-color1,#388e3c)"}
_RED = {"plain": "#d32f2f", "themed": "var(--jp-error-color1,#d32f2f)"}


@dataclass(frozen=True)
class Record:
    """How one prompt ended.

    Parameters
    ----------
    facts : Facts or ConnectionFacts
        What was asked.
    offer : Offer or None
        The answer, or None when none was given.
    remark : str
        What happened instead of an answer (``"interrupted"`` ...), or more about it.
    """

    facts: AnyFacts
    offer: Offer | None = None
    remark: str = ""

    @property
    def verdict(self) -> str:
        """``"Allowed once"``, ``"Denied"`` and so on, as one phrase."""
        if self.offer is None or not self.offer.allow:
            verdict = self.offer.label.replace("Deny", "Denied", 1) if self.offer else "Denied"
        else:
            verdict = self.offer.label.replace("Allow", "Allowed", 1)
        return f"{verdict} ({self.remark})" if self.remark else verdict

    @property
    def allowed(self) -> bool:
        """Whether it was allowed."""
        return self.offer is not None and self.offer.allow


def record_bundle(record: Record) -> dict[str, str]:
    """Return the MIME bundle of a record: ``text/html`` without script, event attribute or form, and ``text/plain``."""
    return answer_bundle(record.verdict, command_line(record.facts), record.facts.who, allowed=record.allowed)


def answer_bundle(verdict: str, what: str, who: str, *, allowed: bool) -> dict[str, str]:
    """Return the MIME bundle of any answer, from text that is safe to show."""
    style = _BOX.format(**(_GREEN if allowed else _RED))
    rich = (
        f'<blockquote style="{style}"><b>{html.escape(verdict)}</b> <code style="{_CODE}">{html.escape(what)}</code>'
        f'<i style="{_SMALL}">asked by {html.escape(who)}</i></blockquote>'
    )
    return {"text/html": rich, "text/plain": f"[ssvm] {verdict}: {what} (asked by {who})"}
