"""What a WebAssembly binary says about itself, as data."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["Binary", "BinaryKind", "Export", "Import", "is_component"]

_COMPONENT: Final = b"\x0d\0\x01\0"
"""The bytes of a component where a module has its version."""


class BinaryKind(enum.Enum):
    """The two layers that share one header."""

    MODULE = "module"
    COMPONENT = "component"


def is_component(data: bytes) -> bool:
    """Tell whether a binary is a component, by its header alone."""
    return data[4:8] == _COMPONENT


class Import(NamedTuple):
    """Something that a binary needs from its host.

    ``type`` is ``"(i32, i32) -> (i32)"`` for a function, a description for others, empty where it was not read.
    """

    module: str
    name: str
    kind: str
    type: str = ""


class Export(NamedTuple):
    """Something that a binary offers."""

    name: str
    kind: str
    type: str = ""


@dataclass(frozen=True)
class Binary:
    """What the sections say; names are the guest's own text and must be shown with `visible`.

    Parameters
    ----------
    kind : BinaryKind
        Module or component.
    imports : tuple of Import
        In the order of the binary.
    exports : tuple of Export
        In the order of the binary.
    name : str
        The module's name from its name section, or empty.
    custom : tuple of str
        Names of the custom sections.
    """

    kind: BinaryKind
    imports: tuple[Import, ...] = ()
    exports: tuple[Export, ...] = ()
    name: str = ""
    custom: tuple[str, ...] = ()
