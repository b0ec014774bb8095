"""A guest's manifest as an output: one line of what it can ask for and cannot do, and the reasons below it."""

from __future__ import annotations

from ssvm_kernel.capabilities.manifest import Manifest, Statement
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.display.fold import FOLD_MIME, fold
from ssvm_kernel.display.style import MUTED, ROW
from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.display.text import escape

__all__ = ["manifest_bundle"]


def manifest_bundle(name: str, manifest: Manifest, facts: tuple[str, ...] = ()) -> Bundle:
    """Return a manifest as an output, short in text and closed in HTML; with `facts`, whole and open.

    Parameters
    ----------
    name : str
        The guest.
    manifest : Manifest
        Of its module.
    facts : tuple of str
        More to tell (size, exports ...); safe to show.
    """
    shown = visible(name, 100)
    if manifest.unknown:
        summary = [f"ssvm · {shown} cannot be started here: it imports what this host does not offer"]
    else:
        summary = [
            f"ssvm · {shown} can {_list(manifest.can) or 'do nothing but compute'}",
            f"       it cannot, whatever it does: {_list(manifest.cannot) or 'nothing is ruled out'}",
        ]
    details = [*manifest.lines(), *facts]
    text = [*summary, *(f"  {line}" for line in details)] if facts else summary
    rows = "".join(f"<li>{escape(line)}</li>" for line in details)
    label = "; ".join(line.strip().removeprefix("ssvm · ") for line in summary)
    html = (
        f'<details style="{ROW}"{" open" if facts else ""}><summary style="{MUTED}">{escape(label)}</summary>'
        f"<ul>{rows}</ul></details>"
    )
    behind = fold(label, "\n".join(details), opened=bool(facts))
    return {"text/plain": "\n".join(text), "text/html": html, FOLD_MIME: behind}


def _list(statements: tuple[Statement, ...]) -> str:
    return ", ".join(statement.text.partition(";")[0] for statement in statements)
