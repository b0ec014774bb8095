"""Which of the person's flags go to clang, which to wasm-ld, and which make no guest."""

from __future__ import annotations

import re
from pathlib import Path

from ssvm_kernel.errors import UsageError
from ssvm_kernel.toolchains._tools import ALLOW_ASSEMBLY

__all__ = ["REACTOR", "split_flags"]

REACTOR = "-mexec-model=reactor"
_PATH_FLAG = re.compile(r"(-I|-L|-iquote|-isystem|-include)(.*)", re.DOTALL)
_LINKER_FLAG = re.compile(r"-Wl,|-l|-L")
_IN_THE_LIBRARY = re.compile(r"-l(?:c|m|rt|dl|pthread|c\+\+|c\+\+abi|stdc\+\+|wasi-emulated-[\w-]+)")
_REFUSED = frozenset({"-o", "-c", "-S", "-E", "-fsyntax-only", "-M", "-MM"})


def split_flags(flags: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the flags for the compiler and those for the linker, in the form that each understands.

    Raises
    ------
    UsageError
        For a flag that changes what is made, or that means another folder than the person thinks.
    """
    compiler: list[str] = []
    linker: list[str] = []
    for flag, following in zip(flags, (*flags[1:], ""), strict=False):
        path = _PATH_FLAG.fullmatch(flag)
        if path is not None and not Path(path[2] or following).is_absolute():
            raise UsageError(f"{flag}: the path must be absolute, because a cell is compiled in a folder of its own")
        if flag in _REFUSED:
            raise UsageError(f"the flag {flag} makes something other than a guest")
        if flag.startswith("-Wl,"):
            linker += flag.split(",")[1:]
        elif _LINKER_FLAG.match(flag):
            linker += [] if _IN_THE_LIBRARY.fullmatch(flag) else [flag]
        elif flag == ALLOW_ASSEMBLY:
            compiler.append("-fgnu-inline-asm")
        elif flag != REACTOR:
            compiler.append(flag)
    return compiler, linker
