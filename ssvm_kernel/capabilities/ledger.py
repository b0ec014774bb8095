"""`Ledger`: the append-only record of every request, what was decided and how it ended (rule 17)."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any, Literal

import msgspec

from ssvm_kernel.capabilities.model import Asker, CommandRequest, Decision, DisplayGrant, ModelGrant
from ssvm_kernel.capabilities.network import ConnectionRequest
from ssvm_kernel.capabilities.records import (
    DecisionRecord,
    Ended,
    LedgerLine,
    OutcomeRecord,
    RequestRecord,
    connection_records,
    decision_record,
    display_records,
    model_records,
    outcome_record,
    request_record,
    unresolved_records,
)
from ssvm_kernel.capabilities.resolved import Resolved

__all__ = ["KEPT_LINES", "Ledger", "is_ledger"]

KEPT_LINES = 10_000
"""Lines that stay in memory; a guest that asks for ever must not fill it. `Ledger.dropped` tells how many went."""


class Ledger:
    """Lines are added, never changed or taken out; only the oldest go when there are too many.

    Parameters
    ----------
    kept : int
        Most lines in memory.
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, kept: int = KEPT_LINES, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: deque[LedgerLine] = deque(maxlen=kept)
        self._written = 0

    def record(self, request: CommandRequest, decision: Decision, ended: Ended | None = None) -> LedgerLine:
        """Write what became of a request.

        Parameters
        ----------
        request : CommandRequest
            What was asked.
        decision : Decision
            What was answered.
        ended : Ended or None
            How the command ended; None when it was denied, or interrupted before its end was known.
        """
        return self._append(request_record(request), decision_record(decision), outcome_record(decision, ended))

    def record_unresolved(self, asker: Asker, argv: Sequence[bytes], resolved: Resolved) -> LedgerLine:
        """Write that a guest asked for something that is not a program of this host."""
        return self._append(*unresolved_records(asker, argv, resolved))

    def record_display(
        self,
        asker: Asker,
        mime: bytes,
        size: int,
        grant: DisplayGrant | None,
        outcome: Literal["denied", "shown", "unusable"],
    ) -> LedgerLine:
        """Write that a guest wanted to show something; `grant` is what allowed it."""
        return self._append(*display_records(asker, mime, size, grant, outcome))

    def adopt(self, line: LedgerLine) -> LedgerLine:
        """Write a line of another ledger, where the guest ran; it keeps its time and gets a number of this one."""
        return self._append(line.request, line.decision, line.outcome, line.time)

    def record_models(
        self, asker: Asker, library: str, grant: ModelGrant | None, outcome: Literal["denied", "lent", "unusable"]
    ) -> LedgerLine:
        """Write that a guest was lent a library for models, or wanted one; `grant` is what allowed it."""
        return self._append(*model_records(asker, library, grant, outcome))

    def record_connection(
        self,
        request: ConnectionRequest,
        decision: Decision,
        address: str,
        outcome: Literal["denied", "connected", "unreachable"],
        status: int | None = None,
    ) -> LedgerLine:
        """Write that a guest wanted a connection; `address` is where it was made to, `status` an errno."""
        return self._append(*connection_records(request, decision, address, outcome, status))

    def lines(self) -> tuple[LedgerLine, ...]:
        """Return all lines that are kept, oldest first."""
        with self._lock:
            return tuple(self._lines)

    @property
    def written(self) -> int:
        """How many lines were ever written; also the number of the last one."""
        return self._written

    def since(self, number: int) -> tuple[LedgerLine, ...]:
        """Return the kept lines after line `number`, oldest first."""
        with self._lock:
            return tuple(itertools.islice(self._lines, max(0, len(self._lines) - (self._written - number)), None))

    @property
    def dropped(self) -> int:
        """How many of the oldest lines are not kept any more."""
        with self._lock:
            return self._written - len(self._lines)

    def to_jsonl(self) -> bytes:
        """Return the lines as JSON, one to a line, each valid by the shipped schema of a ledger line."""
        return b"".join(msgspec.json.encode(line) + b"\n" for line in self.lines())

    def rows(self, after: int = 0, most: int = KEPT_LINES) -> list[dict[str, Any]]:
        """Return the lines as flat dictionaries, e.g. for ``pandas.DataFrame(ledger.rows())``.

        Parameters
        ----------
        after : int
            Only those after this line's number.
        most : int
            Only so many, the newest.
        """
        return [_flat(line) for line in self.since(after)[-most:]]

    def __len__(self) -> int:
        with self._lock:
            return len(self._lines)

    def _append(
        self, request: RequestRecord, decision: DecisionRecord, outcome: OutcomeRecord, at: str = ""
    ) -> LedgerLine:
        with self._lock:
            self._written += 1
            line = LedgerLine(
                seq=self._written,
                time=at or _rfc3339(self._clock()),
                request=request,
                decision=decision,
                outcome=outcome,
            )
            self._lines.append(line)
        return line


def is_ledger(data: bytes) -> bool:
    """Tell whether a file holds the lines of a ledger and nothing else; its last line may be torn."""
    lines = data.split(b"\n")
    try:
        for line in lines[:-1]:
            msgspec.json.decode(line, type=LedgerLine)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return len(lines) > 1


def _rfc3339(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _flat(line: LedgerLine) -> dict[str, Any]:
    request, decision, outcome = line.request, line.decision, line.outcome
    return {
        "seq": line.seq,
        "time": line.time,
        "kind": request.kind,
        "guest": request.guest,
        "module_sha256": request.module_sha256,
        "cell": request.cell,
        "program": request.program,
        "argv": request.argv,
        "env_names": request.env_names,
        "cwd": request.cwd,
        "stdin_bytes": request.stdin_bytes,
        "decision": decision.effect,
        "scope": decision.scope,
        "origin": decision.origin,
        "reason": decision.reason,
        "grant": decision.grant,
        "outcome": outcome.kind,
        "status": outcome.status,
        "signal": outcome.signal,
        "stdout_bytes": outcome.stdout_bytes,
        "stderr_bytes": outcome.stderr_bytes,
        "ms": outcome.ms,
    }
