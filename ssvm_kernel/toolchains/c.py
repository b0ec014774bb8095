"""C, by the ``ziglang`` package."""

from __future__ import annotations

from ssvm_kernel.toolchains._clang import Clang

__all__ = ["CToolchain"]


class CToolchain(Clang):
    """C17 with GNU extensions, WASI, SIMD."""

    name = "c"
    aliases: tuple[str, ...] = ()
    suffix = ".c"
    hello = '#include <stdio.h>\nint main(void) { puts("hello"); }\n'
    standard = ("-std=gnu17",)
