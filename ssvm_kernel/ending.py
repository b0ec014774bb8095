"""What the end of a run means for its cell: the notice of what was missed, and the error."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import groupby, islice
from typing import Final

from ssvm_kernel.capabilities.model import Access, FolderGrant
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wording import option
from ssvm_kernel.display.notice import Item, notice
from ssvm_kernel.display.surface import Surface
from ssvm_kernel.display.text import size
from ssvm_kernel.errors import DeniedError, GuestExit, GuestTrap, LimitReached, UsageError, status_text
from ssvm_kernel.guest import Guest
from ssvm_kernel.optionline import options_line
from ssvm_kernel.options import RunTraits
from ssvm_kernel.result import RunResult
from ssvm_kernel.sandbox.protocol import StackFrame, TrapInfo
from ssvm_kernel.sandbox.runner import Outcome

__all__ = ["ended_text", "limit_of", "raise_for", "show_missed", "trap_text"]

_HOST_FRAME: Final = re.compile(
    r"^(std|core|alloc|rust_begin_unwind|rust_panic|__rust|__original_main|_start|__main_void|~lib/|<?(std|core|alloc)::|(debug|process|start)\.)"
)
_RUST_HASH: Final = re.compile(r"::h[0-9a-f]{16}$")
_PANIC: Final = re.compile(
    r"panicked at (?:'(?P<old>.*?)', )?(?P<file>\S+?):(?P<line>\d+):\d+(?::\n(?P<new>.*))?", re.DOTALL
)
_PANIC_NOTE: Final = "\nnote: run with "
_UNSUPPORTED: Final = "operation not supported on this platform"
_INSTEAD: Final = (
    "WASI has no processes and no threads: std::process::Command is there and never works. A command of the host is "
    "asked for with `use rust_process_interface_library::Command;`"
)
_AGAIN: Final = 12  # the engine tells no more than some of very many
_LAST: Final = 4000
"""Characters of stderr in which a panic is looked for."""
_MEBI: Final = 1 << 20
_NO_FOLDERS: Final = (
    "the guest looked for folders and has none; if it needs files, --pick lets you pick a folder, and "
    "--dir GUEST:HOST[:ro] names one"
)


def show_missed(result: RunResult, options: RunTraits, guest: Guest, surface: Surface) -> None:
    """Show what the guest did not get, where no error of the cell says it; in a dry run, everything that it tried."""
    name = visible(guest.name)
    told_by_error = result.failed and not (options.no_raise or options.deny_all or limit_of(result.outcome.trap))
    refused = () if told_by_error else result.refused
    items = [Item(f"{path.path}: {path.why}", path.grant_line) for path in refused]
    if result.failed:
        items += [Item(f"{path.path}: {path.why}") for path in result.missed if not path.refused]
        if result.outcome.no_folders:
            items.append(Item(_NO_FOLDERS))
    if items and result.outcome.more_attempts:
        items.append(Item(f"and {result.outcome.more_attempts:,} more"))
    if options.deny_all:
        items = [*_denied(result), *items]
        title = f"dry run: {name} tried this" if items else f"dry run: {name} asked for nothing"
        surface.show(notice(title, items, run_again(result, options, guest)))
    elif result.denials and (options.no_raise or limit_of(result.outcome.trap)):
        items = [*_denied(result), *items]
        surface.show(notice(f"{name} was denied this", items, run_again(result, options, guest)))
    elif items:
        only = [item.text for item in items] == [_NO_FOLDERS]
        surface.show(notice(f"{name} {'has no folder' if only else 'did not get these files'}", items))


def _denied(result: RunResult) -> Iterator[Item]:
    """Yield what a run was denied, each once."""
    listed, more = result.listed()
    for denial in listed:
        yield Item(f"{denial.what or denial.verb}: {denial.reason}", denial.grant_line)
    if more:
        yield Item(f"and {more:,} more; the ledger has them")


def raise_for(result: RunResult, options: RunTraits, guest: Guest) -> None:
    """Raise what a run's end means for its cell; nothing for a dry run, which was asked for.

    A denial comes before the trap or exit status that it caused, since it says what to do.

    Raises
    ------
    DeniedError, LimitReached, GuestTrap, GuestExit
        See `errors`.
    """
    outcome = result.outcome
    if options.deny_all:
        return
    _raise_limit(outcome, options, guest)
    if not options.no_raise and (result.denials or (result.refused and result.failed)):
        raise DeniedError(_denied_text(result, options, guest))
    if outcome.trap is not None:
        text = trap_text(outcome.trap, guest, result.stderr) + _memory_hint(outcome, options)
        raise GuestTrap(text, outcome.trap.message)
    if outcome.exit_code and not options.no_raise:
        raise GuestExit(outcome.exit_code)


def run_again(result: RunResult, options: RunTraits, guest: Guest) -> str:
    """Return the line that grants what was refused and runs the guest again; empty when no option grants it."""
    lines = result.grant_lines()
    if not lines:
        return ""
    built = set(options.traits()) - set(RunTraits.class_traits())  # what compiled it is no option of a second run
    said = options_line(options, leave={"deny_all", "name", "dirs", *built})
    words = ["%ssvm run", shlex.quote(visible(guest.name)), said, *_kept_folders(result.folders, lines), *lines]
    if result.args:
        words += ["--", shlex.join(visible(arg) for arg in result.args)]
    return " ".join(word for word in words if word)


def _kept_folders(folders: tuple[FolderGrant, ...], lines: tuple[str, ...]) -> Iterator[str]:
    """Yield the options of the folders that none of `lines` widens: of two for one folder the stricter holds (W13)."""
    for folder in folders:
        with suppress(UsageError):
            if option(replace(folder, access=Access.READ_WRITE)) not in lines:
                yield option(folder)


def trap_text(trap: TrapInfo, guest: Guest, stderr: str = "") -> str:
    """Return a trap for people: what it was, and the guest's own stack with lines of the cell.

    Parameters
    ----------
    trap : TrapInfo
        The trap.
    guest : Guest
        What trapped.
    stderr : str
        What it printed there: a panic of Rust tells its line by itself.
    """
    frames = [frame for frame in trap.frames if not _HOST_FRAME.match(frame.function)] or trap.frames
    lines = (f"  in {_RUST_HASH.sub('', frame.function)}{_place(frame, guest)}" for frame in frames)
    return "\n".join(
        [f"{visible(guest.name)} trapped: {trap.message}", *_panic(stderr, guest), *islice(_counted(lines), 12)]
    )


def _counted(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines, of equal ones that follow each other the first: a function that calls itself fills its stack."""
    for line, same in groupby(lines):
        count = sum(1 for _ in same)
        yield line if count == 1 else f"{line}, {count} times" if count < _AGAIN else f"{line}, again and again"


def limit_of(trap: TrapInfo | None) -> str:
    """Return which limit of ours a trap was, ``"fuel"`` or ``"stack"``, or an empty string."""
    said = trap.message if trap is not None else ""  # the engine has no other word for it
    return "fuel" if "all fuel consumed" in said else "stack" if "call stack exhausted" in said else ""


def ended_text(outcome: Outcome) -> str:
    """Return how a run ended in a few words."""
    if outcome.trap is not None:
        return f"trap ({outcome.trap.message})"
    return "not ended" if outcome.exit_code is None else f"exit {status_text(outcome.exit_code)}"


def _raise_limit(outcome: Outcome, options: RunTraits, guest: Guest) -> None:
    """Raise for a trap that is a limit of ours."""
    limit = limit_of(outcome.trap)
    if limit == "fuel":
        raise LimitReached("fuel", "--fuel", f"{visible(guest.name)} used up its fuel of {options.fuel:,}")
    if limit == "stack" and outcome.trap is not None:
        message = f"{trap_text(outcome.trap, guest)}\nIts stack of {options.stack_limit} KiB is full"
        raise LimitReached("stack", "--stack-limit", message)


def _memory_hint(outcome: Outcome, options: RunTraits) -> str:
    """Say that memory may have been short: to grow fails quietly, and what follows is the guest's own trap."""
    limit = options.memory_limit * _MEBI
    if outcome.memory_bytes * 2 < limit:
        return ""
    return f"\nIts memory had grown to {size(outcome.memory_bytes)} of {size(limit)} (--memory-limit sets this limit)"


def _panic(stderr: str, guest: Guest) -> Iterator[str]:
    """Yield what the guest's last panic said, if it was in the cell."""
    _, panicked, said = stderr[-_LAST:].rpartition("panicked at ")
    found = _PANIC.match(panicked + said)
    if found is not None and guest.source_name and found["file"].rsplit("/", 1)[-1] == guest.source_name:
        message = f"\n{found['old'] or found['new'] or ''}".partition(_PANIC_NOTE)[0].strip()
        yield f"  panicked in line {found['line']} of the cell" + (f": {visible(message, 300)}" if message else "")
        if _UNSUPPORTED in message:
            yield f"  {_INSTEAD}"


def _place(frame: StackFrame, guest: Guest) -> str:
    if not frame.line:
        return ""
    file = frame.file.rsplit("/", 1)[-1]
    if guest.source_name and file == guest.source_name:
        return f", line {frame.line} of the cell"
    return f", {file}:{frame.line}"


def _denied_text(result: RunResult, options: RunTraits, guest: Guest) -> str:
    lines: list[str] = []
    listed, more = result.listed()
    for denial in listed:
        lines += denial.lines(guest.name)
    if more:
        lines.append(f"… and {more:,} more commands; the ledger has them")
    for path in result.refused:
        lines += path.lines(guest.name)
    lines.append(f"The guest was told so and ended: {ended_text(result.outcome)}.")
    again = run_again(result, options, guest)
    if again:
        lines.append(f"To grant all of this and run again: {again}")
    return "\n".join(lines)
