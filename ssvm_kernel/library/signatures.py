"""What a guest's functions take and return, read from the module's own bytes."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ssvm_kernel.capabilities.binary import Binary, Export
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import UsageError
from ssvm_kernel.library.values import NUMBERS, ValueType, type_of
from ssvm_kernel.sandbox.callmessages import Shape
from ssvm_kernel.sandbox.rows import BYTES

__all__ = ["ALLOCATE", "FREE", "Named", "Signature", "core_of", "plain", "python_names", "signed"]

ALLOCATE: Final = "ssvm_alloc"
"""The export by which a guest gives memory for arguments: takes a size, returns an address."""
FREE: Final = "ssvm_free"
"""The export by which it takes memory back: takes address and size."""
_CORE: Final = re.compile(r"\((?P<params>.*?)\) -> \((?P<results>.*?)\)")
# A guest wrote what it reads: no two parts of it can take the same blanks, or a million of them would take hours.
_LINE: Final = re.compile(
    r"(?P<name>[^\s(]+)\s*\((?P<params>[^()]*)\)(?:\s*->\s*(?P<result>[^\s;#]+))?\s*(?:[;#](?P<doc>.*))?"
)


@dataclass(frozen=True)
class Signature:
    """One function.

    Parameters
    ----------
    name : str
        What it is called by.
    names : tuple of str
        Its parameters' names.
    params, results : tuple of ValueType
        Their types.
    shape : Shape
        How they are passed.
    doc : str
        What the guest says of it; its own text.
    trouble : str
        Why it cannot be called; empty when it can.
    export : str
        The export's own name, where it is another.
    """

    name: str
    names: tuple[str, ...]
    params: tuple[ValueType, ...]
    results: tuple[ValueType, ...]
    shape: Shape
    doc: str = ""
    trouble: str = ""
    export: str = ""

    @property
    def text(self) -> str:
        """The function in one line, safe to show."""
        pairs = zip(self.names, self.params, strict=True)
        params = ", ".join(f"{visible(name, 60)}: {type_.text}" for name, type_ in pairs)
        result = ", ".join(type_.text for type_ in self.results)
        end = f" -> {f'({result})' if len(self.results) > 1 else result}" if result else ""
        return f"{visible(self.name, 200)}({params}){end}"

    def python(self) -> inspect.Signature:
        """Return it as Python's own help shows it."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = python_names(self.names)
        params = [
            inspect.Parameter(name, kind, annotation=Named(type_.text))
            for name, type_ in zip(names, self.params, strict=True)
        ]
        fresh = inspect.Parameter("fresh", inspect.Parameter.KEYWORD_ONLY, default=False)
        returns: Any = Named(", ".join(type_.text for type_ in self.results) or "None")
        return inspect.Signature([*(params if "fresh" not in names else ()), fresh], return_annotation=returns)


def python_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return what Python can call some parameters: their own names, ``in_`` for ``in``, or numbers where that fails."""
    own = tuple(f"{name}_" if keyword.iskeyword(name) else name for name in names)
    if all(name.isidentifier() for name in own) and len(set(own)) == len(own):
        return own
    return tuple(f"a{index}" for index in range(len(own)))


class Named:
    """An annotation that is shown as its name."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def core_of(export: Export) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the parameters and results of an exported function; None where they are not known."""
    found = _CORE.fullmatch(export.type)
    if found is None:
        return None
    params, results = (tuple(part.split(", ")) if part else () for part in found.groups())
    return params, results


def plain(export: Export) -> Signature:
    """Return the signature of a function of numbers, which is all that its export says."""
    core = core_of(export)
    if core is None:
        return Signature(export.name, (), (), (), Shape(), trouble="its type is not known")
    params, results = core
    unfit = [kind for kind in (*params, *results) if kind not in ("i32", "i64", "f32", "f64")]
    if unfit:
        return Signature(export.name, (), (), (), Shape(), trouble=f"its type {export.type} has {unfit[0]}")
    names = tuple(f"a{index}" for index in range(len(params)))
    types, returns = (tuple(NUMBERS[kind] for kind in side) for side in core)
    return Signature(export.name, names, types, returns, Shape(params, results))


def signed(section: bytes, binary: Binary) -> Mapping[str, Signature]:
    """Return the signatures that a module states, by export: in its section ``ssvm_sig``, and as names of exports.

    A line of the section, or a name, is ``function(parameter: type, ...) -> type # what it does``.  One that does not
    fit its export says so when the function is called.
    """
    exports = {item.name: item for item in binary.exports if item.kind == "function"}
    found = {}
    for line in re.split(r"[\0\n]", section.decode("utf-8", "replace")):
        match = _LINE.fullmatch(line.strip())
        if match is not None and match["name"] in exports:
            found[match["name"]] = _stated(match, exports[match["name"]], exports)
    for export in exports.values():
        match = _LINE.fullmatch(export.name)
        if match is not None:
            found[export.name] = _stated(match, export, exports)
    return found


def _stated(match: re.Match[str], export: Export, exports: Mapping[str, Export]) -> Signature:
    try:
        return _signature(match, export, exports)
    except UsageError as error:
        trouble = f"the signature that it states, {visible(match[0], 200)}, is of no use: {error}"
        return Signature(match["name"], (), (), (), Shape(), trouble=trouble, export=export.name)


def _signature(match: re.Match[str], export: Export, exports: Mapping[str, Export]) -> Signature:
    core = core_of(export)
    if core is None:
        raise UsageError("its type is not known")
    stated = [part.partition(":") for part in match["params"].split(",") if part.strip()]
    left = list(core[0])
    params = tuple(_take(type_.strip() or "?", left) for _, _, type_ in stated)
    if left:
        raise UsageError(f"the function takes {', '.join(core[0])}")
    result = match["result"] or ""
    results = (type_of(result, "packed"),) if result else ()
    expected = tuple({"packed": "i64"}.get(type_.core, type_.core) for type_ in results)
    if expected != core[1]:
        raise UsageError(f"the function returns {', '.join(core[1]) or 'nothing'}")
    takes = any(type_.core in BYTES for type_ in params)
    if takes and ALLOCATE not in exports:
        raise UsageError(f"there is no export {ALLOCATE}")
    shape = Shape(
        tuple(type_.core for type_ in params),
        tuple(type_.core for type_ in results),
        tuple(type_.size for type_ in (*params, *results)),
        ALLOCATE if takes else "",
        FREE if FREE in exports else "",
        lends=True,
    )
    names = tuple(name.strip() for name, _, _ in stated)
    doc = visible((match["doc"] or "").strip(), 1000)
    return Signature(match["name"], names, params, results, shape, doc, export=export.name)


def _take(stated: str, left: list[str]) -> ValueType:
    """Return the type of the next parameter, and take what it is passed as off the front of `left`."""
    type_ = type_of(stated)
    if type_.core != "pair":
        if left[:1] != [type_.core]:
            raise UsageError(f"{stated} is not passed as {left[0] if left else 'nothing'}")
        del left[0]
        return type_
    if left[:1] == ["i64"]:
        del left[0]
        return type_of(stated, "packed")
    if left[:2] != ["i32", "i32"]:
        raise UsageError(f"{stated} is passed as an i64, or as two i32: address and count")
    del left[:2]
    return type_
