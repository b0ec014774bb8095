"""Signatures of exported functions that a cell states in comments, where its language can write no section by itself.

``//ssvm:export greet(name: string) -> string # what it does`` goes into the module's section ``ssvm_sig``, from which
Python reads it (`ssvm_kernel.library.signatures`).
"""

from __future__ import annotations

import re
from typing import Final

from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.toolchains._sections import custom_section
from ssvm_kernel.toolchains.base import Diagnostic, Severity, place_in
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["with_signatures"]

_STATED: Final = re.compile(r"^[ \t]*//ssvm:export[ \t]+((\w+)[^\n\r]*)", re.MULTILINE)
_SECTION: Final = "ssvm_sig"


def with_signatures(wasm: bytes, source: str) -> bytes:
    """Return a module with the signatures that its source states.

    Raises
    ------
    CompileError
        When one is of a function that is not exported.
    """
    stated = list(_STATED.finditer(source))
    if not stated:
        return wasm
    exports = {item.name for item in read_binary(wasm).exports if item.kind == "function"}
    wrong = [_not_exported(source, found) for found in stated if found[2] not in exports]
    if wrong:
        raise compile_error(source, wrong)
    content = "\n".join(found[1].rstrip() for found in stated).encode("utf-8", "replace")
    return wasm + custom_section(_SECTION, content)


def _not_exported(source: str, found: re.Match[str]) -> Diagnostic:
    line, column = place_in(source, found.start(2))
    message = f"no function is exported as {found[2]}"
    return Diagnostic(Severity.ERROR, message, line, column, line, column + len(found[2]))
