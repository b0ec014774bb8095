"""The engines that run a guest: Cranelift's machine code, and the Pulley interpreter.

No epoch checks, and fuel only when it is asked for: they slow tight loops to a third, and the worker process makes them
needless, because an interrupt or the end of the time ends the whole process.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import wasmtime

__all__ = ["ENGINES", "STACK_BYTES", "EngineSettings", "engine_tag", "make_engine"]

ENGINES: Final = ("jit", "interpreter")
"""Names of the engines, as options spell them."""


STACK_BYTES: Final = 512 << 10
"""Stack for a guest's calls, as the engine has it by itself."""


@dataclass(frozen=True)
class EngineSettings:
    """What changes the machine code that an engine makes.

    Parameters
    ----------
    name : str
        ``"jit"`` or ``"interpreter"``.
    fuel : bool
        Whether instructions are counted.
    stack_bytes : int
        Most bytes of stack for the guest's calls.
    """

    name: str
    fuel: bool = False
    stack_bytes: int = STACK_BYTES


def make_engine(settings: EngineSettings) -> wasmtime.Engine:
    """Return a new engine.

    ``WASMTIME_BACKTRACE_DETAILS`` must be set before: a trap then carries source lines, and machine code made with and
    without it does not mix.

    Raises
    ------
    ValueError
        For a name that is not in `ENGINES`.
    """
    import wasmtime

    if settings.name not in ENGINES:
        raise ValueError(f"no engine is called {settings.name!r}")
    os.environ["WASMTIME_BACKTRACE_DETAILS"] = "1"
    config = wasmtime.Config()
    if settings.name == "interpreter":
        config.target = "pulley64"
    if settings.fuel:
        config.consume_fuel = True
    if settings.stack_bytes != STACK_BYTES:
        config.max_wasm_stack = settings.stack_bytes
    return wasmtime.Engine(config)


@functools.cache
def engine_tag(settings: EngineSettings) -> str:
    """Return what machine code depends on besides the module: engine, its version and its settings."""
    from importlib.metadata import version

    more = ("/fuel" if settings.fuel else "") + (
        f"/stack-{settings.stack_bytes}" if settings.stack_bytes != STACK_BYTES else ""
    )
    return f"{settings.name}/wasmtime-{version('wasmtime')}/backtrace-1{more}"
