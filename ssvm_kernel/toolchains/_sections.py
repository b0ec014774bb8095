"""Sections that are added to a module that a compiler made."""

from __future__ import annotations

__all__ = ["custom_section", "unsigned"]

_CUSTOM = 0


def custom_section(name: str, payload: bytes) -> bytes:
    """Return a custom section, to be put behind a module."""
    content = unsigned(len(name)) + name.encode() + payload
    return bytes([_CUSTOM]) + unsigned(len(content)) + content


def unsigned(value: int) -> bytes:
    """Return a number as WebAssembly and DWARF write it (LEB128)."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
