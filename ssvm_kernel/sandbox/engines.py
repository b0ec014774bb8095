"""The engines that run a guest: Cranelift's machine code, and the Pulley interpreter.

No epoch checks and no fuel: they slow tight loops to a third, and the worker process makes them needless, because an
interrupt ends the whole process.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import wasmtime

__all__ = ["ENGINES", "engine_tag", "make_engine"]

ENGINES: Final = ("jit", "interpreter")
"""Names of the engines, as options spell them."""


def make_engine(name: str) -> wasmtime.Engine:
    """Return a new engine.

    ``WASMTIME_BACKTRACE_DETAILS`` must be set before: a trap then carries source lines, and machine code made with and
    without it does not mix.

    Raises
    ------
    ValueError
        For a name that is not in `ENGINES`.
    """
    import wasmtime

    if name not in ENGINES:
        raise ValueError(f"no engine is called {name!r}")
    os.environ["WASMTIME_BACKTRACE_DETAILS"] = "1"
    config = wasmtime.Config()
    if name == "interpreter":
        config.target = "pulley64"
    return wasmtime.Engine(config)


@functools.cache
def engine_tag(name: str) -> str:
    """Return what machine code depends on besides the module: engine, its version and its settings."""
    from importlib.metadata import version

    return f"{name}/wasmtime-{version('wasmtime')}/backtrace-1"
