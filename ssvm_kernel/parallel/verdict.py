"""What the end of one item means: the same errors as for a run of its own."""

from __future__ import annotations

from collections.abc import Iterable

from ssvm_kernel import errors
from ssvm_kernel.capabilities.folders import effective_folders
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.context import Denial
from ssvm_kernel.ending import raise_for
from ssvm_kernel.errors import DeniedError, LimitReached, SsvmError
from ssvm_kernel.opens import missed_paths
from ssvm_kernel.parallel.tasks import Failure, MapRun, Refused
from ssvm_kernel.result import RunResult
from ssvm_kernel.runtime import Prepared
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.job import Outcome

__all__ = ["error_of", "raised"]


def error_of(run: MapRun, prepared: Prepared) -> SsvmError | None:
    """Return the error of an item, or None when it is well, as far as the options go."""
    options, guest = prepared.options, prepared.guest
    if run.failure is not None:
        return raised(run.failure)
    outcome = Outcome(run.exit_code, run.trap_info, 0.0, 0.0, 0.0, 0.0, 0.0, 0, options.engine)
    attempts = run.attempts[: protocol.MOST_ATTEMPTS]
    missed = missed_paths(attempts, effective_folders(prepared.grants.folders)) if attempts else ()
    result = RunResult(outcome, (), (), missed)
    lines = _refusals(guest.name, run.denials)
    for path in result.refused if result.failed else ():
        lines += path.lines(visible(guest.name))
    if lines and not (options.no_raise or options.deny_all):
        lines.append("Nobody is asked during a map: what it may use are its options, as in map(…, allow_command=[…])")
        return DeniedError("\n".join(lines))
    try:
        raise_for(RunResult(outcome, (), ()), options, guest)
    except SsvmError as error:
        return error
    return None


def _refusals(name: str, denials: Iterable[Refused]) -> list[str]:
    """Return what was denied, and what would grant it."""
    every = (Denial(refused.what, refused.reason, refused.grant_line) for refused in denials)
    return [line for denial in every for line in denial.lines(visible(name))]


def raised(failure: Failure) -> SsvmError:
    """Return the error that a failure is."""
    if failure.kind == "LimitReached":
        limit = LimitReached(failure.limit, failure.option, "")
        limit.args = (failure.message,)  # which names the option already
        return limit
    found = getattr(errors, failure.kind, None) if failure.kind in errors.__all__ else None
    kind = found if isinstance(found, type) and issubclass(found, SsvmError) else SsvmError
    error = kind.__new__(kind)
    error.args = (failure.message,)
    return error
