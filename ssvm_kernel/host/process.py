"""The process interface as a guest sees it: eleven functions and the state behind them.

It behaves as SSVM 0.6.6 and its successors did, odd parts included, because guests were built against them: the program
name accumulates, the first value of a variable wins, a failed start keeps the inputs.  The few things that are better
on purpose (limits, traps for bad pointers) cannot be noticed by a guest that worked there.

This runs in the worker.  It holds no authority: ``run`` hands a description of the command to a callable.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

from ssvm_kernel.errors import GuestTrap
from ssvm_kernel.host.shelf import Shelved
from ssvm_kernel.host.stored import StoredBytes

if TYPE_CHECKING:
    import wasmtime

__all__ = [
    "DEFAULT_TIMEOUT_MS",
    "MODULES",
    "CommandCall",
    "CommandReply",
    "Import",
    "Memory",
    "Printed",
    "ProcessState",
    "RunCommand",
    "StoredBytes",
    "bind_process_interface",
    "denied_reply",
    "exec_failed_reply",
]

DEFAULT_TIMEOUT_MS: Final = 10_000
"""Milliseconds that a command may take when the guest says nothing."""
MAX_STDIN_BYTES: Final = 256 * 1024 * 1024
"""Most pending bytes for a command's stdin."""
MAX_ARGUMENT_BYTES: Final = 6 * 1024 * 1024
"""Most bytes of name, arguments and environment together, as Linux starts no program with more of them.

They travel in one message, which must have room for them and for what is around `MAX_ITEMS` items.
"""
MAX_ITEMS: Final = 100_000
"""Most arguments and variables together."""
_FAILED: Final = -1
Printed: TypeAlias = bytes | Shelved | StoredBytes
"""What a command printed, wherever it is."""


class CommandCall(NamedTuple):
    """What a guest asks to run, exactly as it said it.

    Parameters
    ----------
    name : bytes
        The program.
    args : tuple of bytes
        Its arguments, without the name.
    env : tuple of (bytes, bytes)
        Its variables, in the order in which they were added, each name once.
    timeout_ms : int
        How long it may take, 0 to 2**32 - 1.
    stdin : bytes
        What it reads.
    """

    name: bytes
    args: tuple[bytes, ...]
    env: tuple[tuple[bytes, bytes], ...]
    timeout_ms: int
    stdin: bytes


class CommandReply(NamedTuple):
    """How a command ended, as the guest sees it.

    Parameters
    ----------
    code : int
        What ``run`` returns, signed.
    stdout, stderr : bytes, Shelved or StoredBytes
        What it printed; it belongs to the `ProcessState` from then on.
    keep_inputs : bool
        True when the host could not start any process: the name, arguments, variables and stdin stay pending.
    """

    code: int
    stdout: Printed = b""
    stderr: Printed = b""
    keep_inputs: bool = False


RunCommand: TypeAlias = Callable[[CommandCall], CommandReply]


def denied_reply(name: bytes) -> CommandReply:
    """Return what a guest sees of a command that was not allowed, byte for byte as SSVM 0.7.3 said it."""
    text = (
        b'Permission denied: Command "%b" is not in the white list. Please use --allow-command=%b or '
        b'--allow-command-all to add "%b" command into the white list.\n'
    )
    return CommandReply(_FAILED, stderr=text % (name, name, name))


def exec_failed_reply(error: int) -> CommandReply:
    """Return what a guest sees of a program that could not be executed, as SSVM 0.6.8 to WasmEdge 0.8.0 said it.

    Parameters
    ----------
    error : int
        The `errno` of the failure.
    """
    texts = {errno.ENOENT: b"Command not found.\n", errno.EACCES: b"Permission denied.\n"}
    return CommandReply(_FAILED, stderr=texts.get(error, b"Unknown error.\n"))


class ProcessState:
    """What the eleven functions share; one for each instance of a guest.

    Parameters
    ----------
    run_command : callable
        Called by `run`; blocks until the command has ended.  What it raises comes out of the call into the guest.
    """

    def __init__(self, run_command: RunCommand) -> None:
        self._run_command = run_command
        self._stdout: Printed = b""
        self._stderr: Printed = b""
        self.exit_code = 0
        self._reset_inputs()

    def _reset_inputs(self) -> None:
        self._name = bytearray()
        self._args: list[bytes] = []
        self._env: dict[bytes, bytes] = {}
        self._stdin: bytes | bytearray = b""
        self._timeout_ms = DEFAULT_TIMEOUT_MS
        self._argument_bytes = 0

    def _count(self, added: int) -> None:
        self._argument_bytes += added
        if self._argument_bytes > MAX_ARGUMENT_BYTES:
            raise GuestTrap(f"more than {MAX_ARGUMENT_BYTES} bytes of program name, arguments and environment")
        if len(self._args) + len(self._env) >= MAX_ITEMS:
            raise GuestTrap(f"more than {MAX_ITEMS} arguments and environment variables")

    def set_prog_name(self, name: bytes) -> None:
        """Append to the program's name: two calls with "ec" and "ho" give "echo"."""
        self._count(len(name))
        self._name += name

    def add_arg(self, value: bytes) -> None:
        """Append one argument."""
        self._count(len(value))
        self._args.append(value)

    def add_env(self, name: bytes, value: bytes) -> None:
        """Add a variable, unless one of this name was added before."""
        self._count(len(name) + len(value))
        self._env.setdefault(name, value)

    def add_stdin(self, data: bytes) -> None:
        """Append to what the command will read.

        Raises
        ------
        GuestTrap
            When it is more than one command may be given.
        """
        if len(self._stdin) + len(data) > MAX_STDIN_BYTES:
            raise GuestTrap(f"more than {MAX_STDIN_BYTES} bytes of stdin for one command")
        if not self._stdin:
            self._stdin = data  # the usual single call: no copy
            return
        if isinstance(self._stdin, bytes):
            self._stdin = bytearray(self._stdin)
        self._stdin += data

    def set_timeout(self, milliseconds: int) -> None:
        """Set how long the next command may take."""
        self._timeout_ms = milliseconds

    def run(self) -> int:
        """Run the command and return its exit code; the inputs are then empty, the outputs stay until the next run."""
        self._set_outputs(b"", b"")
        self.exit_code = _FAILED
        call = CommandCall(
            name=bytes(self._name),
            args=tuple(self._args),
            env=tuple(self._env.items()),
            timeout_ms=self._timeout_ms,
            stdin=bytes(self._stdin),
        )
        reply = self._run_command(call)
        self._set_outputs(reply.stdout, reply.stderr)
        self.exit_code = reply.code
        if not reply.keep_inputs:
            self._reset_inputs()
        return reply.code

    @property
    def stdout(self) -> Printed:
        """What the last command printed to its stdout."""
        return self._stdout

    @property
    def stderr(self) -> Printed:
        """What the last command printed to its stderr."""
        return self._stderr

    def close(self) -> None:
        """Forget the outputs."""
        self._set_outputs(b"", b"")

    def _set_outputs(self, stdout: Printed, stderr: Printed) -> None:
        for old in (self._stdout, self._stderr):
            if not isinstance(old, bytes):
                old.close()
        self._stdout, self._stderr = stdout, stderr


class Import(Protocol):
    """An entry of a module's import section, as `wasmtime.ImportType` is."""

    @property
    def module(self) -> str:
        """The first name."""

    @property
    def name(self) -> str | None:
        """The second name."""


MODULES: Final = ("ssvm_process", "wasmedge_process")
"""Import modules; each also is the prefix of its functions' names."""


def bind_process_interface(
    linker: wasmtime.Linker, state: ProcessState, imports: Iterable[Import], memory: str = "memory"
) -> None:
    """Define those of the eleven functions that a module imports, under either of the interface's two names.

    Parameters
    ----------
    linker : wasmtime.Linker
        Where to define them; it is then for one instance, as `state` is.
    state : ProcessState
        What they share.
    imports : iterable of Import
        The module's imports (``module.imports``); others than the eleven are left alone.
    memory : str
        The name under which the module exports its memory 0.
    """
    wanted = {(item.module, item.name) for item in imports if item.module in MODULES}
    if not wanted:
        return
    from ssvm_kernel.host.hostfunc import GuestMemory, Kind, define_raw  # loads the engine

    functions = _functions(state, GuestMemory(memory))
    for module in MODULES:
        for name, (params, results, function) in functions.items():
            if (module, f"{module}_{name}") in wanted:
                i32: list[Kind] = ["i32"]
                define_raw(linker, module, f"{module}_{name}", i32 * params, i32 * results, function)


class Memory(Protocol):
    """The calling guest's memory, as `ssvm_kernel.host.hostfunc.GuestMemory` gives it."""

    def read(self, caller: int, offset: int, length: int) -> bytes:
        """Return a copy of a range."""

    def view(self, caller: int, offset: int, length: int) -> memoryview:
        """Return a range to write to."""

    def write(self, caller: int, offset: int, data: bytes) -> None:
        """Copy bytes to a range."""


def _functions(state: ProcessState, memory: Memory) -> dict[str, tuple[int, int, Callable[..., int | None]]]:
    """Return each function by name, with the numbers of its parameters and results, all of them i32."""
    read = memory.read

    def copy(output: Printed, caller: int, pointer: int) -> None:
        if isinstance(output, bytes):  # without the objects around a range: that took longer than the rest of the call
            memory.write(caller, pointer, output)
        else:
            output.read_into(memory.view(caller, pointer, len(output)))

    return {
        "set_prog_name": (2, 0, lambda caller, at, size: state.set_prog_name(read(caller, at, size))),
        "add_arg": (2, 0, lambda caller, at, size: state.add_arg(read(caller, at, size))),
        "add_env": (4, 0, lambda caller, n, ns, v, vs: state.add_env(read(caller, n, ns), read(caller, v, vs))),
        "add_stdin": (2, 0, lambda caller, at, size: state.add_stdin(read(caller, at, size))),
        "set_timeout": (1, 0, lambda _, milliseconds: state.set_timeout(milliseconds)),
        "run": (0, 1, lambda _: state.run()),
        "get_exit_code": (0, 1, lambda _: state.exit_code),
        "get_stdout_len": (0, 1, lambda _: len(state.stdout)),
        "get_stdout": (1, 0, lambda caller, at: copy(state.stdout, caller, at)),
        "get_stderr_len": (0, 1, lambda _: len(state.stderr)),
        "get_stderr": (1, 0, lambda caller, at: copy(state.stderr, caller, at)),
    }
