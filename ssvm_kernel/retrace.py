"""The lines of a trap, for guests whose code has none: a second run of the same cell, compiled with line tables.

Code that is made in a tenth of a second has no line tables, and code that has them takes ten times as long to make, so
that is done only when there is a trap to explain.  The guest is run again only when nobody can notice: when it asked
the host for nothing, could change no file, and nobody typed its input.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Final, NoReturn

from ssvm_kernel.ending import limit_of
from ssvm_kernel.errors import SsvmError
from ssvm_kernel.result import RunResult
from ssvm_kernel.runtime import Prepared, Runtime
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.protocol import CommandCall, TrapInfo

__all__ = ["with_lines"]

_LONGEST: Final = 10.0  # seconds for the second run; code with line tables is slower


class _AsksForSomething(SsvmError):
    """The second run does what the first did not."""


class _Nowhere:
    """Output that was shown already."""

    def stdout(self, data: bytes) -> None:
        pass

    def stderr(self, data: bytes) -> None:
        pass

    def display(self, mime: bytes, data: bytes) -> int:
        raise _AsksForSomething(f"{mime!r} of {len(data)} bytes is not shown twice")

    def poll(self) -> float | None:
        return None

    def flush(self) -> None:
        pass


def with_lines(runtime: Runtime, prepared: Prepared, result: RunResult) -> RunResult:
    """Return the result with the lines of its trap, or as it is when they cannot be had."""
    trap, compile_again = result.outcome.trap, prepared.guest.with_lines
    if trap is None or compile_again is None or _unfit(trap, prepared, result):
        return result
    prepared.surface.write("stderr", "[ssvm] looking for the line of the trap; this takes a second\n")
    try:
        found = _trap_again(runtime, prepared, compile_again)
    except (SsvmError, KeyboardInterrupt):  # the trap is what the person is to know, and ends the cell as well
        return result
    if found is None or found.message != trap.message:
        return result
    return replace(result, outcome=replace(result.outcome, trap=found))


def _unfit(trap: TrapInfo, prepared: Prepared, result: RunResult) -> bool:
    """Whether the lines are there, or a second run could do something or come to another end."""
    return (
        any(frame.line for frame in trap.frames)
        or bool(limit_of(trap))
        or bool(result.commands)
        or prepared.typing is not None
        or any(preopen.writable for preopen in prepared.job("jit").preopens)
    )


def _trap_again(runtime: Runtime, prepared: Prepared, compile_again: Callable[[], bytes]) -> TrapInfo | None:
    guest = replace(prepared.guest, wasm=compile_again())
    job = replace(prepared.job("jit"), wasm=guest.wasm, sha256=guest.sha256)
    with prepared.lent() or nullcontext() as lent:
        begin = lent.begin if lent is not None else None
        return runtime.runner.run(job, _Nowhere(), _refuse, Deadline(_LONGEST), on_start=begin).trap


def _refuse(call: CommandCall, *rest: object) -> NoReturn:
    del rest
    raise _AsksForSomething(f"{call.name!r} was not asked for in the first run")
