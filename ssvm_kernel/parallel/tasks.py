"""What travels to where the guest runs, and what comes back: msgpack of plain data, never an object of ours pickled."""

from __future__ import annotations

from typing import Final

import msgspec

from ssvm_kernel.capabilities.records import LedgerLine
from ssvm_kernel.parallel.policy import Policy
from ssvm_kernel.sandbox.callmessages import Shape
from ssvm_kernel.sandbox.facts import Attempt, TrapInfo
from ssvm_kernel.sandbox.manymessages import Given

__all__ = [
    "Batch",
    "Calls",
    "Failure",
    "MapRun",
    "Refused",
    "RunLimits",
    "Setting",
    "Task",
    "TaskResult",
    "encoder",
    "result_decoder",
    "task_decoder",
]


class RunLimits(msgspec.Struct, frozen=True, array_like=True):
    """The limits of each run, in the units of `ssvm_kernel.options.RunTraits`."""

    engine: str
    memory_bytes: int
    table_elements: int
    stack_bytes: int
    fuel: int
    seconds: float
    command_timeout_ms: int
    command_output_bytes: int
    max_commands: int
    signal_codes: bool
    deny_all: bool
    keep: int
    """Bytes of each stream that are kept of one run."""


class Setting(msgspec.Struct, frozen=True, array_like=True):
    """What is the same for all items of a map.

    Parameters
    ----------
    name : str
        The guest's name.
    sha256 : str
        Its module.
    cell : str
        The cell that maps.
    args : tuple of str
        Arguments that all runs get first.
    policy : Policy
        What is granted.
    limits : RunLimits
        The limits.
    """

    name: str
    sha256: str
    cell: str
    args: tuple[str, ...]
    policy: Policy
    limits: RunLimits


class Calls(msgspec.Struct, frozen=True, array_like=True):
    """Calls of one function, each in a fresh instance; see `ssvm_kernel.sandbox.callmessages.CallExport`."""

    function: str
    shape: Shape
    count: int
    rows: bytes


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Some of the items: runs, or calls."""

    runs: tuple[Given, ...] = ()
    calls: Calls | None = None

    @property
    def count(self) -> int:
        """How many."""
        return len(self.runs) if self.calls is None else self.calls.count


class Task(msgspec.Struct, frozen=True, array_like=True):
    """One batch, and all that is needed to run it; the module only where it was asked for."""

    setting: Setting
    batch: Batch
    wasm: bytes = b""


class Refused(msgspec.Struct, frozen=True, array_like=True):
    """A command that was denied; see `ssvm_kernel.context.Denial`."""

    what: str
    reason: str
    grant_line: str


class Failure(msgspec.Struct, frozen=True, array_like=True):
    """Why an item has no result: the name of an error of `ssvm_kernel.errors`, and its words."""

    kind: str
    message: str
    limit: str = ""
    option: str = ""


class MapRun(msgspec.Struct, frozen=True, array_like=True):
    """One run of a map.

    Parameters
    ----------
    exit_code : int or None
        Its status; None when it trapped or was ended.
    stdout_bytes, stderr_bytes : bytes
        What it printed, or the beginning of that.
    more_stdout, more_stderr : int
        Bytes that were not kept.
    trap_info : TrapInfo or None
        What trapped.
    attempts : tuple of Attempt
        Paths that it did not get, when it failed.
    denials : tuple of Refused
        Commands that were denied.
    failure : Failure or None
        Why it was ended.
    """

    exit_code: int | None
    stdout_bytes: bytes = b""
    stderr_bytes: bytes = b""
    more_stdout: int = 0
    more_stderr: int = 0
    trap_info: TrapInfo | None = None
    attempts: tuple[Attempt, ...] = ()
    denials: tuple[Refused, ...] = ()
    failure: Failure | None = None

    @property
    def stdout(self) -> str:
        """What it printed to stdout, as UTF-8 with U+FFFD for what is none; its beginning where it is long."""
        return self.stdout_bytes.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """The same for stderr."""
        return self.stderr_bytes.decode("utf-8", "replace")

    @property
    def truncated(self) -> bool:
        """Whether it printed more than was kept."""
        return bool(self.more_stdout or self.more_stderr)

    @property
    def trap(self) -> str:
        """What trapped, in the engine's words; empty when nothing did."""
        return self.trap_info.message if self.trap_info is not None else ""

    @property
    def failed(self) -> bool:
        """Whether it did not end with status 0."""
        return self.exit_code != 0

    def __repr__(self) -> str:
        ended = f"trap ({self.trap})" if self.trap else f"exit {self.exit_code}"
        return f"<run: {ended}, stdout {len(self.stdout_bytes) + self.more_stdout} B>"


class TaskResult(msgspec.Struct, frozen=True, array_like=True):
    """What came of a batch.

    Parameters
    ----------
    needs_module : bool
        Whether nothing was run because the module was not there.
    runs : tuple of MapRun
        One for each item; for calls one for each that did not return, see `failed`.
    failed : tuple of int
        For calls the numbers of those that did not return, rising.
    refused : tuple of (int, tuple of Refused)
        For calls that returned the commands that were denied to them, with the call's number.
    rows : tuple of (int, bytes)
        For calls the answers, each with how many calls it is for.
    printed : tuple of bytes
        For calls what the guest printed to its two streams, or the beginning of that.
    ledger : tuple of LedgerLine
        Every request, what was decided and how it ended.
    seconds : float
        How long it took there.
    """

    needs_module: bool = False
    runs: tuple[MapRun, ...] = ()
    failed: tuple[int, ...] = ()
    refused: tuple[tuple[int, tuple[Refused, ...]], ...] = ()
    rows: tuple[tuple[int, bytes], ...] = ()
    printed: tuple[bytes, bytes] = (b"", b"")
    ledger: tuple[LedgerLine, ...] = ()
    seconds: float = 0.0
    problem: Failure | None = None
    """Why nothing can be run there at all: the module is broken, or what is granted must not be granted there."""


encoder: Final = msgspec.msgpack.Encoder()
task_decoder: Final[msgspec.msgpack.Decoder[Task]] = msgspec.msgpack.Decoder(Task)
result_decoder: Final[msgspec.msgpack.Decoder[TaskResult]] = msgspec.msgpack.Decoder(TaskResult)
