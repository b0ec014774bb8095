"""The messages between kernel and worker."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from ssvm_kernel.sandbox.callmessages import (
    CallComponent,
    CallExport,
    Describe,
    Described,
    Memory,
    MemoryPart,
    Opened,
    Renew,
    Renewed,
    Returned,
    Shape,
)
from ssvm_kernel.sandbox.engines import EngineSettings
from ssvm_kernel.sandbox.facts import (
    MOST_ATTEMPTS,
    MOST_OPENED,
    MOST_PATH_BYTES,
    Attempt,
    Message,
    OpenedPath,
    StackFrame,
    TrapInfo,
)
from ssvm_kernel.sandbox.manymessages import Given, Ran

__all__ = [
    "ANSWERING",
    "ASKING",
    "MOST_ATTEMPTS",
    "MOST_OPENED",
    "MOST_PATH_BYTES",
    "Attempt",
    "Call",
    "CallComponent",
    "CallExport",
    "CommandCall",
    "CommandReply",
    "Compile",
    "Compiled",
    "Describe",
    "Described",
    "DisplayCall",
    "DisplayReply",
    "Expect",
    "Failed",
    "Finished",
    "FromWorker",
    "Given",
    "Go",
    "InputCall",
    "InputReply",
    "Lock",
    "Locked",
    "Memory",
    "MemoryPart",
    "Opened",
    "OpenedPath",
    "Preopen",
    "Ran",
    "Ready",
    "Renew",
    "Renewed",
    "Returned",
    "Run",
    "Shape",
    "StackFrame",
    "ToWorker",
    "TrapInfo",
    "decode_from_worker",
    "decode_to_worker",
    "encode",
]


class Preopen(msgspec.Struct, frozen=True, array_like=True):
    """A granted folder: host path, path in the guest, and whether the guest may write."""

    host: str
    guest: str
    writable: bool


class Lock(Message, frozen=True):
    """To the worker, first of all: give up everything but these folders, for good.

    Parameters
    ----------
    preopens : tuple of Preopen
        All folders that guests in this worker may ever see.
    data_bytes : int
        Most bytes of private memory of the whole process.
    extras : tuple of str
        Libraries that are loaded before, to be lent to guests; see `ssvm_kernel.host.lending`.
    components : bool
        Whether it will run a component: what that needs is loaded before.
    network : bool
        Whether its calls for sockets wait for the kernel's answer.
    """

    preopens: tuple[Preopen, ...]
    data_bytes: int
    extras: tuple[str, ...] = ()
    components: bool = False
    network: bool = False


class Compile(Message, frozen=True):
    """To the worker: turn the module in the blob into machine code (or bytecode) of `engine`, and keep it as `key`."""

    engine: EngineSettings
    key: str


class Call(msgspec.Struct, frozen=True, array_like=True):
    """One exported function to be called instead of ``_start``, and its arguments as words."""

    function: str
    args: tuple[str, ...] = ()


class Run(Message, frozen=True):
    """To the worker: run a module once, in a fresh instance.

    The descriptors beside it are the write ends for stdout and stderr and, when `machine_code`, a file of machine code
    that this host made; otherwise the worker has the module already.  When `stdin`, a pipe to read is the last of them.

    Parameters
    ----------
    engine : EngineSettings
        Engine, and what its machine code depends on.
    key : str
        Hash of module and engine, under which the worker keeps the loaded module.
    machine_code : bool
        Whether the module is in the third descriptor.
    argv : tuple of str
        The guest's arguments, its name first.
    env : tuple of (str, str)
        The guest's environment.
    preopens : tuple of Preopen
        Granted folders.
    memory_bytes : int
        Most bytes for each linear memory.
    table_elements : int
        Most elements for each table.
    fuel : int
        Most fuel, when the engine counts it.
    stdin : bool
        Whether there is a descriptor for its stdin, which is empty otherwise.
    ask : bool
        Whether to say when the guest wants to read its stdin.
    call : Call or None
        What to call instead of ``_start``.
    measured : bool
        Whether its times are compared with others.
    component : bool
        Whether it is a component and no module.
    keep : bool
        Whether it is not run, but kept so that its functions can be called; its pipes stay open then.
    mark : bytes
        When not empty, it is run once for each item of the blob, and this is written after each; see
        `ssvm_kernel.sandbox.many`.
    network : bool
        Whether the guest may ask for connections.
    """

    engine: EngineSettings
    key: str
    machine_code: bool
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    preopens: tuple[Preopen, ...] = ()
    memory_bytes: int = 4 << 30
    table_elements: int = 1_000_000
    fuel: int = 0
    stdin: bool = False
    ask: bool = False
    call: Call | None = None
    measured: bool = False
    keep: bool = False
    component: bool = False
    mark: bytes = b""
    network: bool = False


class Expect(Message, frozen=True):
    """To the worker: the run that will probably come next, with its two descriptors; no answer comes.

    An instance may be made ahead for it, see `ssvm_kernel.sandbox.ready`.  Any message but `Go` ends that.
    """

    run: Run


class Go(Message, frozen=True):
    """To the worker: do the run that it was told to expect."""


class DisplayReply(Message, frozen=True):
    """To the worker: what became of what the guest wanted to show; see `ssvm_kernel.host.display`."""

    code: int


class InputReply(Message, frozen=True):
    """To the worker: there is something to read, or `end`: there will not be more."""

    end: bool


class CommandReply(Message, frozen=True):
    """To the worker: how the command ended, as the guest sees it.

    Outputs are in the blob, stdout first; one that is large is a descriptor beside it instead, and a `shelved` stdout
    lies on the worker's shelf, which is the last descriptor the first time.
    """

    code: int
    stdout_size: int
    stderr_size: int
    stdout_by_fd: bool = False
    stderr_by_fd: bool = False
    keep_inputs: bool = False
    shelved: bool = False


class Ready(Message, frozen=True):
    """From the worker: it is warm."""

    pid: int


class Locked(Message, frozen=True):
    """From the worker: what holds it now; see `ssvm_kernel.sandbox.oslock.LockReport`.

    With a guard, its two descriptors are beside it.
    """

    landlock_abi: int
    seccomp: bool
    no_new_privs: bool
    rlimits: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    no_network: str = ""


class Compiled(Message, frozen=True):
    """From the worker: machine code is in the blob; seconds that compiling took."""

    seconds: float


class CommandCall(Message, frozen=True):
    """From the worker: the guest called ``run``; its stdin is in the blob."""

    name: bytes
    args: tuple[bytes, ...]
    env: tuple[tuple[bytes, bytes], ...]
    timeout_ms: int


class DisplayCall(Message, frozen=True):
    """From the worker: the guest wants to show what is in the blob."""

    mime: bytes


class InputCall(Message, frozen=True):
    """From the worker: the guest is about to read its stdin."""


class Finished(Message, frozen=True):
    """From the worker: the run is over.

    Parameters
    ----------
    exit_code : int or None
        The guest's status; None when it trapped.
    trap : TrapInfo or None
        The trap.
    load, instantiate, run, host : float
        Seconds: reading machine code, instantiating, inside ``_start``, and of that inside commands.
    memory_bytes : int
        Size of the guest's linear memory at its end (memories never shrink, so this is the peak).
    attempts : tuple of Attempt
        Paths that it did not get.
    more_attempts : int
        How many more there were.
    opened, more_opened : tuple of OpenedPath, int
        Paths that it opened, and how often it opened something after the last of them.
    no_folders : bool
        Whether it looked for granted folders, and had none.
    results : tuple of str
        What the function of `Call` returned.
    fuel : int
        Fuel that was used, when the engine counts it.
    missed : tuple of str
        Libraries for models that the guest wanted and was not lent.
    notes : tuple of str
        What went wrong with its models.
    """

    exit_code: int | None
    trap: TrapInfo | None
    load: float
    instantiate: float
    run: float
    host: float
    memory_bytes: int
    attempts: tuple[Attempt, ...] = ()
    more_attempts: int = 0
    opened: tuple[OpenedPath, ...] = ()
    more_opened: int = 0
    no_folders: bool = False
    results: tuple[str, ...] = ()
    fuel: int = 0
    missed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Failed(Message, frozen=True):
    """From the worker: it could not do what was asked.

    Parameters
    ----------
    stage : str
        ``lock``, ``compile``, ``load``, ``link``, ``call`` (no such function), ``memory`` (no such part), ``stale``
        (machine code that this engine cannot use) or ``internal``.
    message : str
        Why.
    """

    stage: str
    message: str


_Calling: TypeAlias = CallExport | CallComponent | Describe | Memory | Renew
ToWorker: TypeAlias = Lock | Compile | Run | Expect | Go | _Calling | CommandReply | DisplayReply | InputReply
FromWorker: TypeAlias = (
    Ready
    | Locked
    | Compiled
    | CommandCall
    | DisplayCall
    | InputCall
    | Finished
    | Failed
    | Opened
    | Returned
    | MemoryPart
    | Renewed
    | Described
    | Ran
)

ASKING: Final = (CommandCall, DisplayCall, InputCall)
"""Messages after which a worker waits for an answer."""
ANSWERING: Final = (CommandReply, DisplayReply, InputReply)

_encoder: Final = msgspec.msgpack.Encoder()
_to_worker: Final[msgspec.msgpack.Decoder[ToWorker]] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: Final[msgspec.msgpack.Decoder[FromWorker]] = msgspec.msgpack.Decoder(FromWorker)


def encode(message: ToWorker | FromWorker) -> bytes:
    """Return a message's bytes."""
    return _encoder.encode(message)


def decode_to_worker(data: bytes) -> ToWorker:
    """Return the message that the kernel sent."""
    return _to_worker.decode(data)


def decode_from_worker(data: bytes) -> FromWorker:
    """Return the message that a worker sent.

    Raises
    ------
    msgspec.ValidationError, msgspec.DecodeError
        When it is none: the worker is broken or hostile.
    """
    return _from_worker.decode(data)
