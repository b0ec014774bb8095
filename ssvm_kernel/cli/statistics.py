"""What a run took, in the lines that WasmEdge logs."""

from __future__ import annotations

from datetime import datetime

from ssvm_kernel.cli.options import RunLine
from ssvm_kernel.sandbox.runner import Outcome

__all__ = ["statistics"]

_TITLE = "====================  Statistics  ===================="
_END = "=======================   End   ======================"


def statistics(outcome: Outcome, options: RunLine, now: datetime) -> list[str]:
    """Return the lines that were asked for; none when none were.

    Instructions and gas are one count, the engine's: nearly one for each instruction.
    """
    every = options.enable_all_statistics
    lines = []
    if every or options.enable_time_measuring:
        run, host = _nanoseconds(outcome.run), _nanoseconds(min(outcome.host, outcome.run))
        lines.append(f" Total execution time: {run} ns")
        lines.append(f" Wasm instructions execution time: {run - host} ns")
        lines.append(f" Host functions execution time: {host} ns")
    if every or options.enable_instruction_count:
        lines.append(f" Executed wasm instructions count: {outcome.fuel}")
    if every or options.enable_gas_measuring:
        lines.append(f" Gas costs: {outcome.fuel}")
    if every or (options.enable_instruction_count and options.enable_time_measuring):
        guest = max(outcome.run - outcome.host, 1e-9)
        lines.append(f" Instructions per second: {int(outcome.fuel / guest)}")
    if not lines:
        return []
    stamp = f"[{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d}] [info] "
    return [stamp + line for line in (_TITLE, *lines, _END)]


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
