"""The beginning of a map: what is granted is frozen, and the way to where the guest runs is chosen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final

from ssvm_kernel.errors import UsageError
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import RunTraits
from ssvm_kernel.parallel.local import LocalProcesses
from ssvm_kernel.parallel.mapping import Books, GuestMap
from ssvm_kernel.parallel.policy import freeze
from ssvm_kernel.parallel.senders import LocalSender, RemoteSender, Sender
from ssvm_kernel.parallel.tasks import RunLimits, Setting
from ssvm_kernel.parallel.work import Work
from ssvm_kernel.runtime import Prepared
from ssvm_kernel.sandbox.engines import ENGINES

__all__ = ["map_guest"]

_MOST_KEPT: Final = 1 << 30
"""Bytes of all output together that a map keeps (attack X05)."""
_KIBI: Final = 1 << 10
_MEBI: Final = 1 << 20
_NOT_HERE: Final = ("call", "profile", "profile_out", "pick", "interactive", "display", "result_name", "ins", "outs")
"""Options that make no sense for many runs at once."""


def map_guest(
    books: Books,
    guest: Guest,
    options: RunTraits,
    work: Work,
    *,
    args: tuple[str, ...] = (),
    executor: Executor | None = None,
    processes: Callable[[], LocalProcesses],
    batch: int = 0,
    return_exceptions: bool = False,
    cell: str = "",
) -> list[Any]:
    """Run a guest, or call one of its functions, for each item.

    Parameters
    ----------
    books : Books
        The session's grants and ledger.
    guest : Guest
        The module.
    options : RunTraits
        What is granted to each run, and its limits.
    work : Work
        The items.
    args : tuple of str
        Arguments that all runs get first.
    executor : Executor or None
        Where it runs; by default in processes of this machine.
    processes : callable
        Returns those.
    batch : int
        Items that travel together; 0 finds it out.
    return_exceptions : bool
        Whether an item's error stands in its place.
    cell : str
        The cell that maps.

    Raises
    ------
    SsvmError, GuestInterrupted
        See `ssvm_kernel.parallel.mapping.GuestMap.run`.
    """
    if options.engine not in ENGINES:
        raise UsageError(f"a map runs in one engine: {', '.join(ENGINES)}")
    for name in _NOT_HERE:
        if getattr(options, name):
            raise UsageError(f"a map cannot have the option {name}")
    if batch < 0:
        raise UsageError(f"batch is the number of items that travel together, and {batch} is none")
    if not work.items:
        return []
    with Prepared(books.grants, guest, options, args, cell) as prepared:
        policy = freeze(prepared.in_force(), books.remembered.grants(), guest.sha256)
        keep = min(options.result_limit, _MOST_KEPT // len(work.items))
        setting = Setting(guest.name, guest.sha256, cell, args, policy, _limits(options, keep))
        sender: Sender
        if executor is None:
            sender = LocalSender(processes(), setting, guest.wasm)
        else:
            sender = RemoteSender(executor, setting, guest.wasm)
        once = GuestMap(prepared, books, work, sender, policy.ids, batch=batch, return_exceptions=return_exceptions)
        return once.run()


def _limits(options: RunTraits, keep: int) -> RunLimits:
    return RunLimits(
        engine=options.engine,
        memory_bytes=options.memory_limit * _MEBI,
        table_elements=options.table_limit,
        stack_bytes=options.stack_limit * _KIBI,
        fuel=options.fuel,
        seconds=options.time_limit,
        command_timeout_ms=options.command_timeout,
        command_output_bytes=options.command_output_limit * _MEBI,
        max_commands=options.max_commands,
        signal_codes=options.signal_codes,
        deny_all=options.deny_all,
        keep=keep,
    )
