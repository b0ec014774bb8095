"""The content of a module's custom sections."""

from __future__ import annotations

from ssvm_kernel.capabilities.reader import Reader

__all__ = ["custom_section"]


def custom_section(wasm: bytes, name: str) -> bytes:
    """Return the content of all custom sections of one name, in their order.

    Raises
    ------
    LoadError
        When the module is cut off.
    """
    reader = Reader(wasm, 8)
    found = []
    while reader.at < reader.end:
        section = reader.byte()
        body = reader.part()
        if section == 0 and body.text() == name:
            found.append(wasm[body.at : body.end])
    return b"".join(found)
