"""What is written of a request, its decision and its end: JSON with a versioned schema, all text of it visible.

The structs are the schema: `ssvm_kernel.capabilities.schemas` makes the shipped JSON Schema files from them.  A change
of a struct is a new version.
"""

from __future__ import annotations

import functools
import signal as signals
from collections.abc import Sequence
from typing import Final, Literal, Protocol, get_args

import msgspec

from ssvm_kernel.capabilities.grants import describe
from ssvm_kernel.capabilities.model import (
    Asker,
    CommandGrant,
    CommandRequest,
    Decision,
    DisplayGrant,
    Effect,
    ModelGrant,
    NetworkGrant,
)
from ssvm_kernel.capabilities.network import ConnectionRequest
from ssvm_kernel.capabilities.resolved import Resolved, Trouble
from ssvm_kernel.capabilities.text import visible

__all__ = [
    "VERSION",
    "ConnectionOutcome",
    "DecisionRecord",
    "DisplayOutcome",
    "Ended",
    "LedgerLine",
    "ModelOutcome",
    "OutcomeKind",
    "OutcomeRecord",
    "RequestRecord",
    "connection_records",
    "decision_record",
    "display_records",
    "model_records",
    "outcome_record",
    "request_record",
    "signal_name",
    "unresolved_records",
]

VERSION: Literal[1] = 1

_ITEM = 1000  # characters of one text, and number of items, that a line keeps: a guest may ask without end
_ITEMS = 200

RequestKind = Literal["command", "display", "models", "connection"]
DisplayOutcome = Literal["denied", "shown", "unusable"]
ModelOutcome = Literal["denied", "lent", "unusable"]
ConnectionOutcome = Literal["denied", "interrupted", "connected", "unreachable"]
OutcomeKind = Literal[
    "denied",
    "not_found",
    "exited",
    "signalled",
    "timed_out",
    "exec_failed",
    "not_started",
    "wait_failed",
    "interrupted",
    "lent",
    "shown",
    "unusable",
    "connected",
    "unreachable",
]
_KINDS: Final[dict[str, OutcomeKind]] = {kind.upper(): kind for kind in get_args(OutcomeKind)}


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guest asked for; text as `visible` shows it, long ones with their middle left out."""

    version: Literal[1] = VERSION
    kind: RequestKind = "command"
    id: str
    guest: str
    module_sha256: str
    cell: str
    program: str
    """Absolute real path; empty when the name is no program."""
    argv: list[str]
    """For a display its type alone, for models the library that computes them, for a connection "connect", host and
    port, and the address that it was made to."""
    cwd: str
    env_names: list[str]
    stdin_bytes: int
    timeout_ms: int
    output_bytes: int


class DecisionRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to a request."""

    version: Literal[1] = VERSION
    request_id: str
    effect: Literal["allow", "deny"]
    scope: Literal["once", "run", "session", "always"]
    origin: Literal["option", "person", "file", "policy"]
    reason: str
    grant: str
    """The grant that decided, as an option; empty when none did."""
    grant_id: str


class OutcomeRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it ended."""

    kind: OutcomeKind
    status: int | None = None
    """Exit status, signal number or errno; null where there is none."""
    signal: str | None = None
    """Name of the signal that killed it."""
    stdout_bytes: int = 0
    """Bytes that it wrote, kept or not."""
    stderr_bytes: int = 0
    truncated: bool = False
    """Whether it wrote more than was kept for the guest."""
    ms: float = 0.0


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the ledger."""

    version: Literal[1] = VERSION
    seq: int
    """Number of the line in its session, from 1."""
    time: str
    """When it was written, UTC, RFC 3339 with milliseconds."""
    request: RequestRecord
    decision: DecisionRecord
    outcome: OutcomeRecord


class _Stream(Protocol):
    @property
    def total(self) -> int: ...
    @property
    def truncated(self) -> bool: ...


class _Kind(Protocol):
    @property
    def name(self) -> str: ...


class Ended(Protocol):
    """How a command ended, as the host layer tells it (`ssvm_kernel.host.execute.Completed`)."""

    @property
    def kind(self) -> _Kind:
        """The way it ended: an enum member whose name is one of the kinds of `OutcomeRecord`, in capitals."""

    @property
    def status(self) -> int:
        """Exit status, signal number or errno."""

    @property
    def stdout(self) -> _Stream:
        """What it wrote: ``total`` bytes, ``truncated`` or not."""

    @property
    def stderr(self) -> _Stream:
        """The same for stderr."""

    @property
    def seconds(self) -> float:
        """How long it took."""


def request_record(request: CommandRequest) -> RequestRecord:
    """Return the record of a request."""
    command = request.command
    return RequestRecord(
        id=_text(request.id),
        guest=_text(request.asker.name),
        module_sha256=_text(request.asker.module_sha256),
        cell=_text(request.asker.cell),
        program=_text(command.program.path),
        argv=_texts(command.argv, "arguments"),
        cwd=_text(command.cwd),
        env_names=_texts(command.env_names, "names"),
        stdin_bytes=len(command.stdin),
        timeout_ms=command.limits.timeout_ms,
        output_bytes=command.limits.output_bytes,
    )


def decision_record(decision: Decision) -> DecisionRecord:
    """Return the record of a decision."""
    return DecisionRecord(
        request_id=_text(decision.request_id),
        effect="allow" if decision.effect is Effect.ALLOW else "deny",
        scope=decision.scope.value,
        origin=decision.origin.value,
        reason=decision.reason[: 10 * _ITEM],
        grant=_described(decision.grant) if decision.grant else "",
        grant_id=decision.grant.id if decision.grant else "",
    )


@functools.lru_cache(maxsize=16)
def _described(grant: CommandGrant | NetworkGrant) -> str:
    return describe(grant)


def outcome_record(decision: Decision, ended: Ended | None) -> OutcomeRecord:
    """Return the record of an end; `ended` is None for what never ran or was interrupted."""
    if ended is None:
        return OutcomeRecord(kind="interrupted" if decision.effect is Effect.ALLOW else "denied")
    kind = _KINDS[ended.kind.name]
    return OutcomeRecord(
        kind=kind,
        status=ended.status if kind in ("exited", "signalled", "exec_failed", "not_started") else None,
        signal=signal_name(ended.status) if kind == "signalled" else None,
        stdout_bytes=ended.stdout.total,
        stderr_bytes=ended.stderr.total,
        truncated=ended.stdout.truncated or ended.stderr.truncated,
        ms=round(ended.seconds * 1000, 3),
    )


def unresolved_records(
    asker: Asker, argv: Sequence[bytes], resolved: Resolved
) -> tuple[RequestRecord, DecisionRecord, OutcomeRecord]:
    """Return the records of a request for something that is not a program of this host."""
    reason = _text(resolved.detail or (resolved.trouble.value if resolved.trouble else ""))
    decision = DecisionRecord(
        request_id="", effect="deny", scope="once", origin="policy", reason=reason, grant="", grant_id=""
    )
    missing = resolved.trouble in (Trouble.NOT_FOUND, Trouble.NOT_EXECUTABLE)
    request = _without_program("command", asker, _texts(argv, "arguments"))
    return request, decision, OutcomeRecord(kind="not_found" if missing else "denied")


def display_records(
    asker: Asker, mime: bytes, size: int, grant: DisplayGrant | None, outcome: DisplayOutcome
) -> tuple[RequestRecord, DecisionRecord, OutcomeRecord]:
    """Return the records of something that a guest wanted to show; `size` bytes are what it handed over."""
    request = _without_program("display", asker, [_text(mime)], stdin_bytes=size)
    return request, _by_grant(grant, "to show anything but text"), OutcomeRecord(kind=outcome)


def model_records(
    asker: Asker, library: str, grant: ModelGrant | None, outcome: ModelOutcome
) -> tuple[RequestRecord, DecisionRecord, OutcomeRecord]:
    """Return the records of a library for models that a guest was lent, or wanted."""
    request = _without_program("models", asker, [_text(library)])
    return request, _by_grant(grant, "to have models computed"), OutcomeRecord(kind=outcome)


def connection_records(
    request: ConnectionRequest, decision: Decision, address: str, outcome: ConnectionOutcome, status: int | None = None
) -> tuple[RequestRecord, DecisionRecord, OutcomeRecord]:
    """Return the records of a connection that a guest wanted; `address` is where it was made to, if anywhere."""
    words = ["connect", _text(request.destination.text), *([_text(address)] if address else [])]
    record = _without_program("connection", request.asker, words, request_id=request.id)
    return record, decision_record(decision), OutcomeRecord(kind=outcome, status=status)


def _without_program(
    kind: RequestKind, asker: Asker, argv: list[str], *, request_id: str = "", stdin_bytes: int = 0
) -> RequestRecord:
    """Return the record of a request that starts no program."""
    return RequestRecord(
        kind=kind,
        id=_text(request_id),
        guest=_text(asker.name),
        module_sha256=_text(asker.module_sha256),
        cell=_text(asker.cell),
        program="",
        argv=argv,
        cwd="",
        env_names=[],
        stdin_bytes=stdin_bytes,
        timeout_ms=0,
        output_bytes=0,
    )


def _by_grant(grant: DisplayGrant | ModelGrant | None, what: str) -> DecisionRecord:
    """Return the record of what a grant alone decides: nobody is asked, and without one it is denied."""
    if grant is None:
        reason = f"{what} was not granted"
        return DecisionRecord(
            request_id="", effect="deny", scope="run", origin="policy", reason=reason, grant="", grant_id=""
        )
    return DecisionRecord(
        request_id="",
        effect="allow",
        scope=grant.scope.value,
        origin=grant.origin.value,
        reason="granted",
        grant=describe(grant),
        grant_id=grant.id,
    )


def _text(data: bytes | str) -> str:
    return visible(data, _ITEM)


def _texts(items: Sequence[bytes], what: str) -> list[str]:
    shown = [_text(item) for item in items[:_ITEMS]]
    return shown if len(items) <= _ITEMS else [*shown, f"\\…({len(items) - _ITEMS} {what} not shown)"]


def signal_name(number: int) -> str:
    """Return the name of a signal; also of a real-time signal, which has none of its own."""
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"SIG{number}"
