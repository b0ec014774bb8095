"""Which of the person's flags zig gets: a list of those, because zig has many more that write files (attack X27)."""

from __future__ import annotations

import re
from typing import Final

from ssvm_kernel.errors import UsageError
from ssvm_kernel.toolchains._tools import ALLOW_ASSEMBLY

__all__ = ["checked"]

_SWITCHES: Final = (
    "PI[CE]|allow-shlib-undefined|async-unwind-tables|builtin|clang|compiler-rt|data-sections|error-tracing"
    "|function-sections|libllvm|lld|llvm|lto|omit-frame-pointer|reference-trace|sanitize-c|sanitize-thread"
    "|single-threaded|stack-check|stack-protector|strip|ubsan-rt|unwind-tables"
)
_FOR_LINKER: Final = (
    "build-id|(?:no-)?gc-sections|export|(?:import|export)-(?:memory|symbols|table)|growable-table|shared-memory"
    "|(?:initial|max)-memory|global-base|compress-debug-sections"
)
# Each is one word: after one that wants another, zig would take ours for that. A folder is only read: a relative one
# would be in that of the compile.
_ALLOWED: Final = re.compile(
    rf"-f(?:no-)?(?:{_SWITCHES}|entry)(?:=[\w.-]+)?"
    rf"|--(?:{_FOR_LINKER})(?:=[\w.$-]+)?"
    r"|-O\w+|-m(?:cpu|cmodel|exec-model)=[\w.+-]+|-j\d+|-rdynamic|-D\w.*|-[IL]/.+|-l[\w.+-]+",
    re.DOTALL,
)
_RELATIVE: Final = re.compile(r"-[IL][^/].*", re.DOTALL)


def checked(flags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the flags for zig.

    Raises
    ------
    UsageError
        For one that makes something other than a guest, names a file, or that nobody looked at yet.
    """
    wanted = tuple(flag for flag in flags if flag != ALLOW_ASSEMBLY)
    for flag in wanted:
        if _ALLOWED.fullmatch(flag):
            continue
        if _RELATIVE.fullmatch(flag):
            raise UsageError(f"{flag}: the path must be absolute, because a cell is compiled in a folder of its own")
        raise UsageError(
            f"the flag {flag} is none that a Zig cell can have: it names a file, makes something other than a guest, "
            "or is not known to be harmless. Those for code (-f…, -mcpu=…), for memory and exports, and -L/FOLDER with "
            "-lNAME can be given, each as one word"
        )
    return wanted
