"""A guest: a module with a name, ready to run."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from ssvm_kernel.capabilities.manifest import Manifest, manifest_of
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.errors import LoadError

__all__ = ["Guest"]

_MAGIC = b"\0asm"


@dataclass(frozen=True)
class Guest:
    """A WebAssembly module that has a name.

    Parameters
    ----------
    name : str
        What prompts and reports call it, and ``%ssvm run`` finds it by.
    wasm : bytes
        The module.
    compile_seconds : float
        What compiling its source took, seconds; 0 from the cache and for a loaded file.
    source_name : str
        Name of the source in the module's line tables (``"cell.rs"``), empty for a loaded file.
    """

    name: str
    wasm: bytes = field(repr=False)
    compile_seconds: float = 0.0
    source_name: str = ""

    @cached_property
    def sha256(self) -> str:
        """Hash of the module, 64 hexadecimal digits; grants and caches are bound to it."""
        return _sha256(self.wasm)

    @cached_property
    def manifest(self) -> Manifest | None:
        """What it can ask for and cannot do, from its imports; None where only the engine understands them."""
        try:
            return manifest_of(read_binary(self.wasm))
        except LoadError:
            return None

    @property
    def is_module(self) -> bool:
        """Whether the bytes begin as WebAssembly does."""
        return self.wasm.startswith(_MAGIC)


@functools.lru_cache(maxsize=8)
def _sha256(wasm: bytes) -> str:
    """Hash a module; the same cell run again has the very same bytes, and finding them costs no look at them."""
    return hashlib.sha256(wasm).hexdigest()
