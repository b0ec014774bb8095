"""The engines that run a guest: Cranelift's machine code, optimised and not, and the Pulley interpreter.

No epoch checks, and fuel only when it is asked for: they slow tight loops to a third, and the worker process makes them
needless, because an interrupt or the end of the time ends the whole process.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import wasmtime

__all__ = ["ENGINES", "STACK_BYTES", "USUAL", "EngineSettings", "engine_tag", "make_engine"]


def _jit(config: wasmtime.Config) -> None:
    """Keep what the engine is by itself: Cranelift, optimising for speed."""


def _jit_unoptimised(config: wasmtime.Config) -> None:
    config.cranelift_opt_level = "none"


def _interpreter(config: wasmtime.Config) -> None:
    config.target = "pulley64"


# All that is to be said of an engine. One more needs a line here, a name in `enginechoice`, and its name in a sentence
# in `display.timings`; it runs in the same locked worker, with the same WASI and the same process interface.
_CONFIGURE: Final[Mapping[str, Callable[[wasmtime.Config], None]]] = {
    "jit": _jit,
    "jit-o0": _jit_unoptimised,
    "interpreter": _interpreter,
}
ENGINES: Final = tuple(_CONFIGURE)
"""Names of the engines, as options spell them."""
USUAL: Final = ("jit", "interpreter")
"""Those that a worker makes before anybody asks for one."""


STACK_BYTES: Final = 512 << 10
"""Stack for a guest's calls, as the engine has it by itself."""


@dataclass(frozen=True)
class EngineSettings:
    """What changes the machine code that an engine makes.

    Parameters
    ----------
    name : str
        One of `ENGINES`.
    fuel : bool
        Whether instructions are counted.
    stack_bytes : int
        Most bytes of stack for the guest's calls.
    profiled : bool
        Whether the guest looks again and again whether it is time for a sample.
    """

    name: str
    fuel: bool = False
    stack_bytes: int = STACK_BYTES
    profiled: bool = False


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
    _CONFIGURE[settings.name](config)
    if settings.fuel:
        config.consume_fuel = True
    if settings.profiled:
        config.epoch_interruption = True
    if settings.stack_bytes != STACK_BYTES:
        config.max_wasm_stack = settings.stack_bytes
    return wasmtime.Engine(config)


@functools.cache
def engine_tag(settings: EngineSettings) -> str:
    """Return what machine code depends on besides the module: engine, its version and its settings."""
    from importlib.metadata import version

    more = ("/fuel" if settings.fuel else "") + ("/epoch" if settings.profiled else "")
    more += f"/stack-{settings.stack_bytes}" if settings.stack_bytes != STACK_BYTES else ""
    return f"{settings.name}/wasmtime-{version('wasmtime')}/backtrace-1{more}"
