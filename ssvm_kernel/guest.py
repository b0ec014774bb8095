"""A guest: a module with a name, ready to run."""

from __future__ import annotations

import functools
import hashlib
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from ssvm_kernel.capabilities.binary import Binary, is_component
from ssvm_kernel.capabilities.custom import custom_section
from ssvm_kernel.capabilities.manifest import Manifest, manifest_of
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.errors import LoadError

__all__ = ["Guest"]

_STARTS = b"\x06_start\x00"  # the export of a function of that name
_ALLOCATOR = ("ssvm_alloc", "ssvm_free")
"""Exports for the host and not for people."""
_MAGIC = b"\0asm"
_SIGNATURES = "ssvm_sig"


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
    with_lines : callable or None
        Compiles the same source to a module whose traps tell lines, when this one's do not.
    """

    name: str
    wasm: bytes = field(repr=False)
    compile_seconds: float = 0.0
    source_name: str = ""
    with_lines: Callable[[], bytes] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def sha256(self) -> str:
        """Hash of the module, 64 hexadecimal digits; grants and caches are bound to it."""
        return _sha256(self.wasm)

    @cached_property
    def manifest(self) -> Manifest | None:
        """What it can ask for and cannot do, from its imports; None where only the engine understands them."""
        return _manifest(self.wasm)

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The functions that a library offers, each with its type; empty for a program, which is run and not called."""
        if _STARTS in self.wasm:  # at the front of a program, so this looks at no more than that
            return ()
        try:
            binary = read_binary(self.wasm)
            stated = _stated(self.wasm, binary)
        except LoadError:
            return ()
        exports = binary.exports
        if self.is_component:
            runs = any(item.name.startswith("wasi:cli/run@") for item in exports)
            return (
                () if runs else tuple(visible(item.name) for item in exports if item.kind in ("function", "instance"))
            )
        # A name that is a signature says all by itself (`ssvm_export.h`).
        return tuple(
            visible(stated.get(item.name) or (item.name if "(" in item.name else f"{item.name} {item.type}".strip()))
            for item in exports
            if item.kind == "function" and not item.name.startswith("_") and item.name not in _ALLOCATOR
        )

    def library_text(self, command: str = "run") -> str:
        """Return what a library offers, and how to use it: from Python, or by a command of ``%ssvm``."""
        name = visible(self.name)
        first = self.functions[0].partition(" ")[0].partition("(")[0]
        call = f'ssvm["{name}"].{first}(…)' if first.isidentifier() else f'ssvm["{name}"].exports'
        head = f"{name} is a library; call its functions with: {call}"
        if not self.is_component:
            head += f", or %ssvm {command} {shlex.quote(name)} --call {first} -- ARGUMENTS"
        return "\n".join([head, *(f"  {function}" for function in self.functions)])

    @property
    def is_component(self) -> bool:
        """Whether it is a component (WASI 0.2) and no core module."""
        return is_component(self.wasm)

    @property
    def is_module(self) -> bool:
        """Whether the bytes begin as WebAssembly does."""
        return self.wasm.startswith(_MAGIC)

    @property
    def why_no_module(self) -> str:
        """Why they do not, in words."""
        if not self.wasm:
            return "it is empty"
        is_text = self.wasm.lstrip()[:1] == b"("
        hint = "; this looks like its text form, which is compiled first, by a cell with %%ssvm wat" if is_text else ""
        return f"it does not begin with the bytes \\0asm{hint}"


def _stated(wasm: bytes, binary: Binary) -> dict[str, str]:
    """Return the signatures that a module's section states, by export, as they are written (``docs/calls.md``)."""
    if _SIGNATURES not in binary.custom:
        return {}
    lines = re.split(r"[\0\n]", custom_section(wasm, _SIGNATURES).decode("utf-8", "replace"))
    return {line.partition("(")[0].strip(): line.partition("#")[0].strip() for line in lines if "(" in line}


@functools.lru_cache(maxsize=8)
def _sha256(wasm: bytes) -> str:
    """Hash a module; the same cell run again has the very same bytes, and finding them costs no look at them."""
    return hashlib.sha256(wasm).hexdigest()


@functools.lru_cache(maxsize=8)
def _manifest(wasm: bytes) -> Manifest | None:
    """Read what a module can ask for; as above, once for the same cell run again."""
    try:
        return manifest_of(read_binary(wasm))
    except LoadError:
        return None
