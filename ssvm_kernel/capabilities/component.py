"""The imports and exports of a component: interfaces by name, e.g. ``wasi:cli/stdout@0.2.0``."""

from __future__ import annotations

from functools import partial

from ssvm_kernel.capabilities.binary import Binary, BinaryKind, Export, Import
from ssvm_kernel.capabilities.reader import Reader
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import LoadError

__all__ = ["read_component"]

_EXTERNAL = {0x00: "core module", 0x01: "function", 0x02: "value", 0x03: "type", 0x04: "component", 0x05: "instance"}
_SORT = {**_EXTERNAL, 0x00: "core"}


def read_component(reader: Reader) -> Binary:
    """Return what a component says about itself; modules and components inside it are skipped.

    Raises
    ------
    LoadError
        When it is cut off or malformed where this reader looks.
    """
    imports: list[Import] = []
    exports: list[Export] = []
    while reader.at < reader.end:
        section = reader.byte()
        body = reader.part()
        if section == 10:
            imports += body.items("imports", partial(_import, body), least=4)
        elif section == 11:
            exports += body.items("exports", partial(_export, body), least=4)
    return Binary(BinaryKind.COMPONENT, tuple(imports), tuple(exports))


def _name(body: Reader) -> str:
    form = body.byte()
    if form not in (0x00, 0x01, 0x02):
        raise LoadError(f"the component holds a name of a form that is not known here ({form})")
    name = body.text()
    if form == 0x02:  # a version suffix stands by itself
        name += body.text()
    return name


def _import(body: Reader) -> Import:
    name = _name(body)
    return Import("", name, _external(body, name))


def _export(body: Reader) -> Export:
    name = _name(body)
    sort = body.byte()
    if sort not in _SORT:
        raise LoadError(f"the component exports {visible(name, 100)} of a sort that is not known here ({sort})")
    if sort == 0x00:
        body.byte()
    body.unsigned()
    if body.byte() == 0x01:
        _external(body, name)
    return Export(name, _SORT[sort])


def _external(body: Reader, name: str) -> str:
    """Read what an import or export is, and pass over its type."""
    kind = body.byte()
    if kind not in _EXTERNAL:
        raise LoadError(f"the component uses {visible(name, 100)} of a kind that is not known here ({kind})")
    if kind == 0x00:
        if body.byte() != 0x11:
            raise LoadError(f"the component uses {visible(name, 100)} of a core kind that is not known here")
        body.unsigned()
    elif kind in (0x02, 0x03):
        bound = body.byte()
        if bound == 0x00 or kind == 0x02:
            body.skip_signed()
    else:
        body.unsigned()
    return _EXTERNAL[kind]
