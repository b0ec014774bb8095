"""All functions of a module, each with the best that is known of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

from ssvm_kernel.capabilities.binary import BinaryKind
from ssvm_kernel.capabilities.custom import custom_section
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.library.signatures import ALLOCATE, FREE, Signature, plain, signed

__all__ = ["signatures_of"]

_SECTION: Final = "ssvm_sig"
_OWN: Final = frozenset({ALLOCATE, FREE, "_start", "_initialize", "malloc", "free"})
"""Exports that are no functions for people."""


@functools.lru_cache(maxsize=32)
def signatures_of(wasm: bytes) -> Mapping[str, Signature]:
    """Return the signatures of a module's functions, by name, in the module's order.

    Raises
    ------
    LoadError
        When it is no module.
    """
    binary = read_binary(wasm)
    if binary.kind is BinaryKind.COMPONENT:
        return {}
    stated = signed(custom_section(wasm, _SECTION), binary) if _SECTION in binary.custom else {}
    found = {}
    for export in binary.exports:
        if export.kind == "function" and export.name not in _OWN and not export.name.startswith("__"):
            found[export.name] = stated.get(export.name) or plain(export)
    return found
