"""`Ledger`: the append-only record of every request, what was decided and how it ended (rule 17)."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any, Final

import msgspec

from ssvm_kernel.capabilities.model import Asker, CommandRequest, Decision, DisplayGrant, ModelGrant
from ssvm_kernel.capabilities.network import ConnectionRequest
from ssvm_kernel.capabilities.records import (
    ConnectionOutcome,
    DecisionRecord,
    DisplayOutcome,
    Ended,
    LedgerLine,
    ModelOutcome,
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
_SMALL: Final = 4096
"""Bytes of a request that may stay as it is until somebody reads its line."""


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
        self._noted: deque[tuple[int, float, CommandRequest, Decision, OutcomeRecord]] = deque(maxlen=kept)
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

    def note(self, request: CommandRequest, decision: Decision, ended: Ended | None = None) -> None:
        """Write what `record` writes, in the same order; its text is made when somebody reads it.

        For commands that follow one another closely: nobody waits for that text between them.
        """
        command = request.command
        if len(command.stdin) + sum(map(len, command.argv)) + sum(map(len, command.env_names)) > _SMALL:
            self.record(request, decision, ended)
            return
        outcome = outcome_record(decision, ended)
        with self._lock:
            self._written += 1
            self._noted.append((self._written, self._clock(), request, decision, outcome))

    def record_unresolved(self, asker: Asker, argv: Sequence[bytes], resolved: Resolved) -> LedgerLine:
        """Write that a guest asked for something that is not a program of this host."""
        return self._append(*unresolved_records(asker, argv, resolved))

    def record_display(
        self,
        asker: Asker,
        mime: bytes,
        size: int,
        grant: DisplayGrant | None,
        outcome: DisplayOutcome,
    ) -> LedgerLine:
        """Write that a guest wanted to show something; `grant` is what allowed it."""
        return self._append(*display_records(asker, mime, size, grant, outcome))

    def record_models(self, asker: Asker, library: str, grant: ModelGrant | None, outcome: ModelOutcome) -> LedgerLine:
        """Write that a guest was lent a library for models, or wanted one; `grant` is what allowed it."""
        return self._append(*model_records(asker, library, grant, outcome))

    def record_connection(
        self,
        request: ConnectionRequest,
        decision: Decision,
        address: str,
        outcome: ConnectionOutcome,
        status: int | None = None,
    ) -> LedgerLine:
        """Write that a guest wanted a connection; `address` is where it was made to, `status` an errno."""
        return self._append(*connection_records(request, decision, address, outcome, status))

    def adopt(self, line: LedgerLine) -> LedgerLine:
        """Write a line of another ledger, where the guest ran; it keeps its time and gets a number of this one."""
        return self._append(line.request, line.decision, line.outcome, line.time)

    def lines(self) -> tuple[LedgerLine, ...]:
        """Return all lines that are kept, oldest first."""
        with self._lock:
            return tuple(self._all())

    @property
    def written(self) -> int:
        """How many lines were ever written; also the number of the last one."""
        return self._written

    def since(self, number: int) -> tuple[LedgerLine, ...]:
        """Return the kept lines after line `number`, oldest first."""
        with self._lock:
            lines = self._all()
            return tuple(itertools.islice(lines, max(0, len(lines) - (self._written - number)), None))

    @property
    def dropped(self) -> int:
        """How many of the oldest lines are not kept any more."""
        with self._lock:
            return self._written - len(self._all())

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
            return len(self._all())

    def _all(self) -> deque[LedgerLine]:
        """Return the lines, with all in it that was noted; called with the lock held."""
        while self._noted:
            number, at, request, decision, outcome = self._noted.popleft()
            records = request_record(request), decision_record(decision), outcome
            self._lines.append(_line(number, _rfc3339(at), *records))
        return self._lines

    def _append(
        self, request: RequestRecord, decision: DecisionRecord, outcome: OutcomeRecord, at: str = ""
    ) -> LedgerLine:
        with self._lock:
            lines = self._all()
            self._written += 1
            line = _line(self._written, at or _rfc3339(self._clock()), request, decision, outcome)
            lines.append(line)
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


def _line(number: int, at: str, request: RequestRecord, decision: DecisionRecord, outcome: OutcomeRecord) -> LedgerLine:
    return LedgerLine(seq=number, time=at, request=request, decision=decision, outcome=outcome)


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
