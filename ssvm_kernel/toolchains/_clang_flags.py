"""Which of the person's flags go to clang, which to wasm-ld, and which make no guest."""

from __future__ import annotations

import re
from pathlib import Path

from ssvm_kernel.errors import UsageError
from ssvm_kernel.toolchains._flags import check_flags
from ssvm_kernel.toolchains._tools import ALLOW_ASSEMBLY

__all__ = ["REACTOR", "split_flags"]

REACTOR = "-mexec-model=reactor"
_PATH_FLAG = re.compile(r"(-I|-L|-iquote|-isystem|-include)(.*)", re.DOTALL)
_LINKER_FLAG = re.compile(r"-Wl,|-l|-L")
_IN_THE_LIBRARY = re.compile(r"-l(?:c|m|rt|dl|pthread|c\+\+|c\+\+abi|stdc\+\+|wasi-emulated-[\w-]+)")
# -M tells which files were read, -x makes assembly of the cell, -X and -Wa are for the programs inside, a configuration
# has more flags, and an overlay or a module lets one file pass for another.
_REFUSED = re.compile(
    r"-(?:[cES]|o.*|M.*|X.*|x.*|W[ap],.*|cc1.*|fsyntax-only|f(?:pass-)?plugin.*|fmodule.*|i?vfsoverlay.*"
    r"|working-directory.*|-(?:output|write-|language|for-|config|driver-mode|assemble|compile|precompile|preprocess"
    r"|print-|user-|dependencies).*)",
    re.DOTALL,
)
_WITH_PATH = re.compile(r"-(?:[DUIL]|iquote|isystem|idirafter|include(?!-pch)|imacros|f\w+-prefix-map=).*", re.DOTALL)
_BEFORE_PATH = ("-D", "-U", "-I", "-iquote", "-isystem", "-idirafter", "-include", "-imacros")


def split_flags(flags: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the flags for the compiler and those for the linker, in the form that each understands.

    Raises
    ------
    UsageError
        For a flag that changes what is made, that could touch other files, or that means another folder than the
        person thinks.
    """
    check_flags(flags, _REFUSED, _WITH_PATH, _BEFORE_PATH)
    compiler: list[str] = []
    linker: list[str] = []
    for flag, following in zip(flags, (*flags[1:], ""), strict=False):
        path = _PATH_FLAG.fullmatch(flag)
        if path is not None and not Path(path[2] or following).is_absolute():
            raise UsageError(f"{flag}: the path must be absolute, because a cell is compiled in a folder of its own")
        if flag.startswith("-Wl,"):
            linker += flag.split(",")[1:]
        elif _LINKER_FLAG.match(flag):
            linker += [] if _IN_THE_LIBRARY.fullmatch(flag) else [flag]
        elif flag == ALLOW_ASSEMBLY:
            compiler.append("-fgnu-inline-asm")
        elif flag != REACTOR:
            compiler.append(flag)
    return compiler, linker
