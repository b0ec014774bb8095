"""All functions of a module, each with the best that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ssvm_kernel.calls import OpenGuest
from ssvm_kernel.capabilities.binary import BinaryKind
from ssvm_kernel.capabilities.custom import custom_section
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.library import bindgen
from ssvm_kernel.library.component import component_functions
from ssvm_kernel.library.exports import GuestFunction
from ssvm_kernel.library.functions import Function
from ssvm_kernel.library.signatures import ALLOCATE, FREE, plain, signed

__all__ = ["functions_of"]

_SECTION: Final = "ssvm_sig"
_OWN: Final = frozenset({ALLOCATE, FREE, "_start", "_initialize", "malloc", "free"})
"""Exports that are no functions for people."""


def functions_of(opened: OpenGuest, wasm: bytes) -> Mapping[str, GuestFunction]:
    """Return a module's functions by name, in its own order.

    Raises
    ------
    LoadError
        When it is no module.
    """
    binary = read_binary(wasm)
    if binary.kind is BinaryKind.COMPONENT:
        return component_functions(opened)
    convention = bindgen.convention_of(binary)
    if convention is not None:
        return bindgen.functions_of(opened, binary, convention)
    stated = signed(custom_section(wasm, _SECTION) if _SECTION in binary.custom else b"", binary)
    found: dict[str, GuestFunction] = {}
    for export in binary.exports:
        if export.kind == "function" and export.name not in _OWN and not export.name.startswith("__"):
            signature = stated.get(export.name) or plain(export)
            found[signature.name] = Function(opened, signature)
    return found
