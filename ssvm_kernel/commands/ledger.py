"""``%ssvm ledger``: every request of this session, what was decided and how it ended (rule 17)."""

from __future__ import annotations

import shlex
from typing import Any, Final

from traitlets import Unicode

from ssvm_kernel.capabilities.ledger import Ledger, is_ledger
from ssvm_kernel.commands.base import Command, say
from ssvm_kernel.display.table import Table
from ssvm_kernel.display.text import counted, duration, size
from ssvm_kernel.errors import UsageError
from ssvm_kernel.host.named import named_path, own_content, write_whole
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session

__all__ = ["COMMAND", "LedgerView"]

_SHOWN = 200
_WHAT: Final = "the ledger"


class _Traits(LineTraits):
    jsonl = Unicode(
        "", help="Also write the lines as JSON to a file, behind those of earlier sessions that it holds."
    ).tag(flag="--jsonl", metavar="FILE")


class LedgerView:
    """A session's ledger, for looking at and for computing with."""

    def __init__(self, ledger: Ledger) -> None:
        self._rows = ledger.rows()
        self._dropped = ledger.dropped

    def rows(self) -> list[dict[str, Any]]:
        """Return the lines as flat dictionaries."""
        return [dict(row) for row in self._rows]

    def dataframe(self) -> Any:
        """Return the lines as a ``pandas.DataFrame``.

        Raises
        ------
        UsageError
            Where pandas is not installed.
        """
        try:
            import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            raise UsageError("pandas is not installed (pip install pandas); .rows() gives plain dictionaries") from None
        return pandas.DataFrame(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        missing = self._dropped + max(0, len(self._rows) - _SHOWN)
        title = "requests of this session" if self._rows else "no guest has asked for anything in this session"
        return Table(
            title + (f" (the last {_SHOWN}; {missing:,} older ones are not shown)" if missing else ""),
            ("time (UTC)", "guest", "command", "decision", "by", "outcome", "took", "stdin", "stdout", "stderr"),
            [_cells(row) for row in self._rows[-_SHOWN:]],
        )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    outcome = row["outcome"].replace("_", " ")
    outcome += f" {row['signal'] or row['status']}" if row["signal"] or row["status"] is not None else ""
    ran = row["decision"] == "allow"
    return (
        row["time"].partition("T")[2].rstrip("Z"),
        f"{row['guest']} {row['cell']}".strip(),
        shlex.join(row["argv"]),  # an argument with a space in it is another request than two
        f"{row['decision']} {row['scope']}",
        row["origin"],
        outcome,
        duration(row["ms"] / 1000) if ran else "",
        *(size(row[f"{stream}_bytes"]) if ran else "" for stream in ("stdin", "stdout", "stderr")),
    )


def _run(session: Session, parsed: Parsed[_Traits], label: str) -> LedgerView:
    del label
    if parsed.options.jsonl:
        _write(session.ledger, parsed.options.jsonl)
    return LedgerView(session.ledger)


def _write(ledger: Ledger, name: str) -> None:
    """Write a ledger's lines behind those of earlier sessions; what a guest asked for is nobody else's to read (U42).

    Raises
    ------
    UsageError
        When the file is something else than a ledger, or cannot be written.
    """
    path = named_path(name)
    before = own_content(path, _WHAT, is_ledger, (".jsonl", ".json"))
    lines = ledger.to_jsonl().splitlines(keepends=True)
    own = set(lines)
    kept = [line for line in before.splitlines(keepends=True) if line not in own]
    if kept and not kept[-1].endswith(b"\n"):
        kept[-1] += b"\n"
    write_whole(path, b"".join([*kept, *lines]), _WHAT)
    more = f", behind {len(kept):,} that it had" if kept else ""
    say(f"wrote {counted(len(lines), 'line')} to {path}{more}")


COMMAND = Command(
    "%ssvm ledger [--jsonl FILE]", "Show every request and its outcome; the result has .rows() and .dataframe().",
    _Traits, (0, 0), _run,
)  # fmt: skip
