"""Words that an executor brings back, made harmless: somebody may have taken over the process that they are from.

Those of a guest's own process were made so where it is held; here they may come from another machine (attack X22).
"""

from __future__ import annotations

from typing import Any

import msgspec

from ssvm_kernel.display.text import inert
from ssvm_kernel.parallel.tasks import MapRun, TaskResult

__all__ = ["harmless", "harmless_text"]

_OF_LINES = "message"
"""The field whose text may have several lines, in an error and in a trap."""


def harmless(result: TaskResult) -> TaskResult:
    """Return a result in which no word would act on a screen instead of being read."""
    runs = tuple(map(_run, result.runs))
    found = {name: _plain(getattr(result, name)) for name in ("refused", "ledger", "problem")}
    return msgspec.structs.replace(result, runs=runs, **found)


def harmless_text(text: str) -> str:
    """Return a text of several lines that does not act on a screen."""
    return inert(text).replace("\r", "\\r")


def _run(run: MapRun) -> MapRun:
    """Return a run as `harmless`; of most of them there is nothing to say."""
    if run.failure is None and run.trap_info is None and not (run.denials or run.attempts):
        return run
    plain: MapRun = _plain(run)
    return plain


def _plain(value: Any, field: str = "") -> Any:
    if isinstance(value, str):
        text = harmless_text(value)
        return text if field == _OF_LINES else text.replace("\n", "\\n")
    if isinstance(value, tuple | list):
        return type(value)(_plain(each, field) for each in value)
    if isinstance(value, msgspec.Struct):
        fields = {name: _plain(getattr(value, name), name) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    return value
