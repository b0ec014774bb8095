"""What one run of a guest is given, and what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, Protocol

from ssvm_kernel.capabilities.binary import is_component
from ssvm_kernel.capabilities.coremodule import has_start
from ssvm_kernel.capabilities.folders import effective_folders
from ssvm_kernel.capabilities.model import Access, FolderGrant
from ssvm_kernel.host.process import CommandReply
from ssvm_kernel.host.shelf import GuestEnd
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.engines import STACK_BYTES, EngineSettings, engine_tag

__all__ = ["NOT_ENDED", "CommandHandler", "InputHandler", "Job", "Outcome", "Output", "preopens_of"]

_OWN_MEMORY: Final = 1 << 30
"""Bytes that a worker may use beside one guest memory: engine, compiler, a command's stdin."""
_LIBRARY_MEMORY: Final[Mapping[str, int]] = {"tensorflow": 3 << 30}
"""Bytes more that a worker may use where it lends a library; a model's own are among them."""
_SOME_LIBRARY: Final = 1 << 30


def preopens_of(folders: Iterable[FolderGrant]) -> tuple[protocol.Preopen, ...]:
    """Return granted folders as the guest gets them: of one that was granted twice, by the stricter grant (W13)."""
    return tuple(
        protocol.Preopen(folder.host, folder.guest, folder.access is Access.READ_WRITE)
        for folder in effective_folders(folders)
    )


@lru_cache(maxsize=64)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Job:
    """What is to run, with all that was granted to it.

    Parameters
    ----------
    wasm : bytes
        The module.
    sha256 : str
        Its hash, 64 hexadecimal digits.
    engine : str
        One of `ssvm_kernel.sandbox.engines.ENGINES`.
    argv : tuple of str
        The guest's arguments, its name first.
    env : tuple of (str, str)
        Its environment.
    preopens : tuple of Preopen
        Its folders.
    memory_bytes : int
        Most bytes of each linear memory.
    table_elements : int
        Most elements of each table.
    stack_bytes : int
        Most bytes of stack for the guest's calls.
    fuel : int
        Most fuel; 0 does not count it.
    call : Call or None
        What to call instead of ``_start``.
    measured : bool
        Whether its times are compared with others: it reads its machine code from the cache anew.
    profiled : bool
        Whether it is sampled where it spends its time.
    stdin : bytes or None
        What it reads as its stdin.
    extras : tuple of str
        Libraries for models that it is lent.
    network : bool
        Whether it may ask for connections.
    """

    wasm: bytes = field(repr=False)
    sha256: str
    engine: str = "jit"
    argv: tuple[str, ...] = ("guest",)
    env: tuple[tuple[str, str], ...] = ()
    preopens: tuple[protocol.Preopen, ...] = ()
    memory_bytes: int = 4 << 30
    table_elements: int = 1_000_000
    stack_bytes: int = STACK_BYTES
    fuel: int = 0
    call: protocol.Call | None = None
    measured: bool = False
    profiled: bool = False
    stdin: bytes | None = field(default=None, repr=False)
    extras: tuple[str, ...] = ()
    network: bool = False

    @property
    def settings(self) -> EngineSettings:
        """The engine, as far as machine code depends on it."""
        return EngineSettings(self.engine, self.fuel > 0, self.stack_bytes, self.profiled)

    @cached_property
    def machine_code_key(self) -> str:
        """Name of this module's machine code in the cache."""
        return _digest(f"{self.sha256}/{engine_tag(self.settings)}")

    @cached_property
    def can_wait(self) -> bool:
        """Whether an instance can be made before it is wanted: none of its code runs then."""
        return not self.is_component and not has_start(self.wasm)

    @property
    def is_component(self) -> bool:
        """Whether it is a component and no module."""
        return is_component(self.wasm)

    @cached_property
    def domain(self) -> str:
        """Trust domain: the same module with the same folders and libraries may use the same worker again."""
        return _digest(repr((self.sha256, self.preopens, self.memory_bytes, self.extras, self.network)))

    def called(self, name: str) -> Job:
        """Return the same job for a guest of another name; what is known of its machine code stays known."""
        other = object.__new__(Job)
        vars(other).update(vars(self), argv=(name, *self.argv[1:]))
        return other

    def request(self, *, machine_code: bool, **more: Any) -> protocol.Run:
        """Return the request for a worker, with what there is of it besides the job; one place for all that is granted.

        Parameters
        ----------
        machine_code : bool
            Whether the machine code goes with it.
        **more
            Further fields of `ssvm_kernel.sandbox.protocol.Run`.
        """
        return protocol.Run(
            engine=self.settings,
            key=self.machine_code_key,
            machine_code=machine_code,
            argv=self.argv,
            env=self.env,
            preopens=self.preopens,
            memory_bytes=self.memory_bytes,
            table_elements=self.table_elements,
            fuel=self.fuel,
            component=self.is_component,
            network=self.network,
            **more,
        )

    @property
    def lock(self) -> protocol.Lock:
        """What a worker for this job gives up the rest for."""
        libraries = sum(_LIBRARY_MEMORY.get(extra, _SOME_LIBRARY) for extra in self.extras)
        data_bytes = self.memory_bytes + _OWN_MEMORY + libraries
        return protocol.Lock(self.preopens, data_bytes, self.extras, self.is_component, self.network)


@dataclass(frozen=True)
class Outcome:
    """How a run ended; times in seconds.

    Parameters
    ----------
    exit_code : int or None
        The guest's status, None when it trapped.
    trap : TrapInfo or None
        The trap.
    compile : float
        Making machine code, 0 when it came from the cache.
    load, instantiate, run, host : float
        Reading machine code, instantiating, inside the guest, and of that inside commands.
    memory_bytes : int
        Linear memory at the end.
    engine : str
        What it ran in, one of `ssvm_kernel.sandbox.engines.ENGINES`.
    attempts : tuple of Attempt
        Paths that the guest did not get; not trusted.
    more_attempts : int
        How many more there were.
    opened : tuple of OpenedPath
        Paths that it opened; not trusted.
    more_opened : int
        How many times more it opened one.
    no_folders : bool
        Whether it looked for granted folders, and had none.
    results : tuple of str
        What the called function returned; not trusted.
    fuel : int
        Fuel that was used, 0 when it is not counted.
    profile : bytes
        Where it spent its time, in the Firefox profiler's form; empty when it was not sampled; not trusted.
    missed, notes : tuple of str
        Libraries that it wanted and was not lent, and what went wrong with its models; not trusted.
    """

    exit_code: int | None
    trap: protocol.TrapInfo | None
    compile: float
    load: float
    instantiate: float
    run: float
    host: float
    memory_bytes: int
    engine: str
    attempts: tuple[protocol.Attempt, ...] = ()
    more_attempts: int = 0
    opened: tuple[protocol.OpenedPath, ...] = ()
    more_opened: int = 0
    no_folders: bool = False
    results: tuple[str, ...] = ()
    fuel: int = 0
    profile: bytes = field(default=b"", repr=False)
    missed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


NOT_ENDED: Final = Outcome(None, None, 0.0, 0.0, 0.0, 0.0, 0.0, 0, "")
"""Of a run whose process was ended: nobody told how it went."""


class Output(Protocol):
    """Where a guest's output goes."""

    def stdout(self, data: bytes) -> None:
        """Take bytes of the guest's stdout."""

    def stderr(self, data: bytes) -> None:
        """Take bytes of the guest's stderr."""

    def display(self, mime: bytes, data: bytes) -> int:
        """Show something that is not text, after all that was printed before; return a code of `host.display`."""

    def poll(self) -> float | None:
        """Show what is due; return the seconds until there is more to show, None when nothing waits."""

    def flush(self) -> None:
        """Show all that is there."""


InputHandler = Callable[[Wait], bytes | None]
"""Returns the next that a guest reads as its stdin, or None when there is no more; it gets a way to wait."""

CommandHandler = Callable[[protocol.CommandCall, bytes, Wait, GuestEnd, Callable[[CommandReply], None]], None]
"""Decides and runs one command.

It gets the call, its stdin, a way to wait for the person, the process of the guest, and what to call with the reply:
once, before it writes down what happened, so that the guest goes on meanwhile.
"""
