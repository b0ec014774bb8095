"""The imports and exports of a component: interfaces by name, e.g. ``wasi:cli/stdout@0.2.0``."""

from __future__ import annotations

from functools import partial

from ssvm_kernel.capabilities.binary import Binary, BinaryKind, Export, Import
from ssvm_kernel.capabilities.reader import Reader
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import LoadError

__all__ = ["TYPES_ALONE", "read_component"]

TYPES_ALONE = "types alone"
"""What an import is said to be that needs nothing of the host: a type, or an interface of which only types are used."""
_FUNCTION, _INSTANCE = 0x01, 0x05

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
    uses = _Uses()
    while reader.at < reader.end:
        section = reader.byte()
        body = reader.part()
        if section == 5:
            body.items("instances", partial(uses.instance, body), least=2)
        elif section == 6:
            body.items("aliases", partial(uses.alias, body), least=3)
        elif section == 10:
            found = body.items("imports", partial(_import, body), least=4)
            uses.imported(found, len(imports))
            imports += found
        elif section == 11:
            found_exports = body.items("exports", partial(_export, body), least=4)
            uses.count += sum(item.kind == "instance" for item in found_exports)
            exports += found_exports
    return Binary(BinaryKind.COMPONENT, tuple(uses.told(imports)), tuple(exports))


class _Uses:
    """Follows which of the imported interfaces a component uses for more than their types.

    Instances are numbered in the order in which they are imported, made, taken out of others and exported.
    """

    def __init__(self) -> None:
        self.count = 0
        self._imports: dict[int, int] = {}
        self._used: set[int] = set()

    def imported(self, found: list[Import], first: int) -> None:
        """Give the instances among some imports their numbers; `first` imports came before them."""
        for at, item in enumerate(found, first):
            if item.kind == "instance":
                self._imports[self.count] = at
                self.count += 1

    def instance(self, body: Reader) -> None:
        """Read how an instance is made; what is given to it whole may be used."""
        whole = body.byte() == 0x00
        if whole:
            body.unsigned()
        for _ in range(body.count("parts", least=3)):
            if whole:
                body.text()
            else:
                _name(body)
            sort = body.byte()
            if sort == 0x00:
                body.byte()
            index = body.unsigned()
            if sort == _INSTANCE:
                self._used.add(index)
        self.count += 1

    def alias(self, body: Reader) -> None:
        """Read what is taken out of an instance."""
        sort = body.byte()
        if sort == 0x00:
            body.byte()
        target = body.byte()
        index = body.unsigned()
        if target == 0x02:
            body.unsigned()
        else:
            body.text()
        if target == 0x00 and sort in (_FUNCTION, _INSTANCE):
            self._used.add(index)
        self.count += sort == _INSTANCE

    def told(self, imports: list[Import]) -> list[Import]:
        """Return the imports, with those that are types alone called so."""
        unused = {at for index, at in self._imports.items() if index not in self._used}
        return [item._replace(type=TYPES_ALONE) if at in unused else item for at, item in enumerate(imports)]


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
    start = body.at
    kind = _external(body, name)
    is_equal = kind == "type" and body.data[start + 1] == 0x00  # any other is a resource, which the host has to have
    return Import("", name, kind, TYPES_ALONE if is_equal else "")


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
