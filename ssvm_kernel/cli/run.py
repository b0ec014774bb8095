"""``ssvm [run]``: one guest, from its file to the exit status of this process."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from ssvm_kernel.broker import CommandBroker
from ssvm_kernel.capabilities.binary import Binary
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.models import EXTRAS
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.capabilities.wording import remedy
from ssvm_kernel.cli.files import Loaded, load
from ssvm_kernel.cli.options import RunLine
from ssvm_kernel.cli.passing import PassThrough
from ssvm_kernel.cli.statistics import statistics
from ssvm_kernel.deciders.chain import DeciderChain
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.deciders.tty import TtyDecider
from ssvm_kernel.ending import limit_of, trap_text
from ssvm_kernel.errors import LimitReached, LoadError, UsageError
from ssvm_kernel.host.grantfile import GrantFile
from ssvm_kernel.host.store import store_blob
from ssvm_kernel.modeling import model_words
from ssvm_kernel.runtime import Prepared
from ssvm_kernel.sandbox.deadline import Deadline
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.protocol import Call
from ssvm_kernel.sandbox.runner import Job, Outcome, Runner

__all__ = ["ABORTED", "run"]

ABORTED: Final = 134
"""What WasmEdge exits with (128 + SIGABRT) when execution traps, or its time or gas is over."""
_STDIN: Final = 0
_PAGE: Final = 1 << 16
_UNLIMITED: Final = 1 << 62
_READS_STDIN: Final = {"fd_read", "poll_oneoff"}
_GAS_IS_OVER: Final = "Cost exceeded limit. Force terminate the execution."


def run(options: RunLine, file: str, args: tuple[str, ...]) -> int:
    """Run the guest in a file and return its exit status.

    Raises
    ------
    SsvmError
        When it could not be run.
    BrokenPipeError
        When nobody reads its stdout any more.
    """
    if options.reactor and not args:
        raise UsageError("--reactor needs the name of an exported function: ssvm --reactor FILE FUNCTION [ARG ...]")
    pool = WorkerPool()
    try:
        pool.warm()  # starts while the file is read
        loaded = load(Path(file), options.engine)
        ended = _run(pool, loaded, options, args)
    finally:
        pool.close()
    if isinstance(ended, LimitReached):
        return _limit_reached(ended)
    return _report(ended, loaded, options)


def _call(options: RunLine, args: tuple[str, ...], binary: Binary | None) -> Call | None:
    """Return what is called in the place of ``_start``: as WasmEdge does, also where there is no ``_start``."""
    without_start = binary is not None and all(item.name != "_start" for item in binary.exports)
    return Call(args[0], args[1:]) if args and (options.reactor or without_start) else None


def _run(pool: WorkerPool, loaded: Loaded, options: RunLine, args: tuple[str, ...]) -> Outcome | LimitReached:
    options.allow_models = not options.deny_models
    book = GrantBook()
    broker = CommandBroker(book, DeciderChain([TtyDecider(), NobodyDecider()]), Ledger(), GrantFile())
    with Prepared(book, loaded.guest, options, args) as prepared:
        context = prepared.context
        context.surface, context.introduce = None, None  # nothing of ours among the guest's output
        context.deadline = Deadline(options.time_limit / 1000)
        binary = _read(loaded.guest.wasm)
        job = _job(prepared.job(options.engine or loaded.engine or "jit"), options, _call(options, args, binary))
        if loaded.code and job.fuel == 0:
            store_blob("machine-code", job.machine_code_key, loaded.code)  # where the runner looks first
        stdin = _STDIN if _reads_stdin(binary) else None
        try:
            handler = broker.handler(context)
            streams = PassThrough()
            with broker.connections.serving(context, wanted=job.network) as network:
                outcome = Runner(pool).run(
                    job,
                    streams,
                    handler,
                    context.deadline,
                    stdin,
                    one_stream=streams.one_stream,
                    on_network=network,
                )
        except LimitReached as limit:
            return limit
        name = visible(loaded.guest.name)  # a file's name may be escape sequences (U30)
        for denial in context.denials:
            if denial.verb != "run":
                hint = f" ({remedy(denial.grant_line)})" if denial.grant_line else ""
                _say(f"ssvm: {name} may not {denial.deed}: {denial.reason}{hint}")
        for text in model_words(loaded.guest, outcome, job.extras, granted=prepared.may_use_models):
            _say(f"ssvm: {text}")
        for extra in outcome.missed if options.deny_models else ():
            _say(f"ssvm: {name} may not use {EXTRAS.get(extra, 'that')}: --deny-models was given")
        return outcome


def _job(job: Job, options: RunLine, call: Call | None) -> Job:
    return replace(
        job,
        memory_bytes=options.memory_page_limit * _PAGE,
        fuel=options.gas_limit or (_UNLIMITED if options.counts else 0),
        call=call,
    )


def _read(wasm: bytes) -> Binary | None:
    """Return what the guest says about itself; None where only the engine understands it."""
    try:
        return read_binary(wasm)
    except LoadError:
        return None


def _reads_stdin(binary: Binary | None) -> bool:
    """Whether a guest can read its stdin at all; if not, ours is left for others."""
    return binary is None or any(item.name in _READS_STDIN for item in binary.imports)


def _limit_reached(limit: LimitReached) -> int:
    """Say which limit; one that kept the guest from starting is no end of its execution."""
    _say("ssvm: " + str(limit).replace("--memory-limit", "--memory-page-limit"))
    return 1 if limit.limit in ("memory", "table") else ABORTED


def _report(outcome: Outcome, loaded: Loaded, options: RunLine) -> int:
    """Print what is to be said about the end, and return the status."""
    for result in outcome.results:
        sys.stdout.write(f"{result}\n")
    sys.stdout.flush()
    for line in statistics(outcome, options, datetime.now().astimezone()):
        _say(line)
    if outcome.trap is None:
        return (outcome.exit_code or 0) & 0xFF
    if limit_of(outcome.trap) == "fuel":
        _say(f"ssvm: {_GAS_IS_OVER}")
    else:
        _say(f"ssvm: {trap_text(outcome.trap, loaded.guest)}")
    return ABORTED


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
