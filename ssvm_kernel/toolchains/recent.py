"""The last compiled cells, in memory: a cell that runs again does not touch the disk for its module."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from ssvm_kernel.toolchains.base import Compiled, CompileOptions, Found, Toolchain
from ssvm_kernel.toolchains.cache import compile_cached

__all__ = ["RecentlyCompiled"]

_KEPT: Final = 8
_LARGEST: Final = 8 << 20
"""Bytes of a module that is kept; a larger one takes long enough to run."""

_Key = tuple[str, Found, str, CompileOptions, int]


class RecentlyCompiled:
    """A few results before those on disk, by the same key.

    What a cell read besides its own text may change at any time, so such a cell is looked up on disk, with the digests
    of what it read.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Compiled] = OrderedDict()

    def peek(self, toolchain: Toolchain, source: str, options: CompileOptions, line_offset: int) -> Compiled | None:
        """Return what `compile` would return from memory, None when it would look on disk or compile.

        Raises
        ------
        ToolchainMissing
            As from there.
        """
        return self._kept.get((toolchain.name, toolchain.find(), source, options, line_offset))

    def compile(self, toolchain: Toolchain, source: str, options: CompileOptions, *, line_offset: int = 0) -> Compiled:
        """Compile as `compile_cached` does, or return what it returned before.

        Raises
        ------
        ToolchainMissing, CompileError
            As from there; nothing is kept then.
        """
        key = toolchain.name, toolchain.find(), source, options, line_offset
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        compiled = compile_cached(toolchain, source, options, line_offset=line_offset)
        if compiled.cached and not compiled.read_files and len(compiled.wasm) <= _LARGEST:
            self._kept[key] = compiled
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return compiled
