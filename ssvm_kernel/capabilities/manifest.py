"""What a guest can ask for, and what is provably impossible for it, in people's words (rule 2).

A WebAssembly guest has no way to its host but its imports, so what it does not import it cannot do, whatever its code
says.  What it imports it can *ask* for; whether it gets it is decided by grants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ssvm_kernel.capabilities.abilities import (
    COMPONENT_ABILITIES,
    DISPLAY_MODULE,
    DISPLAY_TYPES,
    KNOWN_IMPORTS,
    MODULE_ABILITIES,
    PROCESS_MODULES,
    PROCESS_TYPES,
)
from ssvm_kernel.capabilities.binary import Binary, BinaryKind, Export, Import
from ssvm_kernel.capabilities.component import TYPES_ALONE
from ssvm_kernel.capabilities.javascript import is_of_javascript
from ssvm_kernel.capabilities.models import MODEL_TYPES, extras_of
from ssvm_kernel.capabilities.text import visible

__all__ = ["KNOWN_IMPORTS", "PROCESS_MODULES", "Manifest", "Statement", "Unknown", "manifest_of"]

_COMPONENT_PREFIXES = (
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:http/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
)


@dataclass(frozen=True)
class Statement:
    """One thing that a guest can ask for or cannot do.

    Parameters
    ----------
    id : str
        Stable name: ``"commands"``, ``"read-files"``, ``"change-files"``, ``"list-files"``, ``"environment"``,
        ``"arguments"``, ``"print"``, ``"display"``, ``"models"``, ``"stdin"``, ``"clock"``, ``"random"``, ``"wait"``,
        ``"network"``.
    text : str
        To be read after "this guest can" or "this guest cannot".
    because : str
        The imports that make it so, or what is missing; safe to show.
    """

    id: str
    text: str
    because: str


@dataclass(frozen=True)
class Unknown:
    """An import that this host does not offer: the guest cannot be started.

    Parameters
    ----------
    name : str
        ``module.name``, safe to show.
    reason : str
        What is wrong with it.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class Manifest:
    """What a guest can ask for and cannot do.

    Parameters
    ----------
    kind : BinaryKind
        Module or component.
    can, cannot : tuple of Statement
        Each ability is in one of the two; both are empty when there are unknown imports, since it cannot run at all.
    unknown : tuple of Unknown
        Imports that no module of this host offers.
    interface : str
        The process interface that it uses (one of `PROCESS_MODULES`), or empty.
    entry : str
        ``"command"`` (it runs from start to end), ``"reactor"`` or ``"library"`` (its functions are called).
    exports : tuple of Export
        What it offers; the names are the guest's own text.
    extras : tuple of str
        What it needs to have models computed, see `ssvm_kernel.capabilities.models.EXTRAS`.
    """

    kind: BinaryKind
    can: tuple[Statement, ...]
    cannot: tuple[Statement, ...]
    unknown: tuple[Unknown, ...]
    interface: str
    entry: str
    exports: tuple[Export, ...]
    extras: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Return the manifest as lines for a person."""
        if self.unknown:
            return tuple(f"cannot be started: {item.name}: {item.reason}" for item in self.unknown)
        return (
            *(f"can {item.text}" for item in self.can),
            *(f"cannot {item.text}: {item.because}" for item in self.cannot),
        )


def manifest_of(binary: Binary, known: Mapping[str, Iterable[str]] = KNOWN_IMPORTS) -> Manifest:
    """Return what a guest can ask for, from its imports and exports alone.

    Parameters
    ----------
    binary : Binary
        From `ssvm_kernel.capabilities.wasm.read_binary`.
    known : mapping of str to iterable of str
        The functions that the host offers, by module.
    """
    if binary.kind is BinaryKind.COMPONENT:
        return _of_component(binary)
    offered = {module: frozenset(names) for module, names in known.items()}
    unknown = tuple(item for item in (_unknown(each, offered) for each in binary.imports) if item is not None)
    imported = frozenset(_short_name(item) for item in binary.imports)
    statements = []
    for ability in MODULE_ABILITIES:
        found = ability.found(imported)
        text = ability.can if found else ability.cannot
        because = f"it imports {', '.join(sorted(found))}" if found else ability.missing
        statements.append((bool(found), Statement(ability.id, text, because)))
    interfaces = [item.module for item in binary.imports if item.module in PROCESS_MODULES]
    exported = {item.name for item in binary.exports if item.kind == "function"}
    entry = "command" if "_start" in exported else "reactor" if "_initialize" in exported else "library"
    return _manifest(binary, statements, unknown, interfaces[0] if interfaces else "", entry)


def _of_component(binary: Binary) -> Manifest:
    names = [item.name for item in binary.imports]
    unknown = tuple(
        Unknown(visible(name, 100), "this host has no interface of that name")
        for name, item in zip(names, binary.imports, strict=True)
        if not name.startswith(_COMPONENT_PREFIXES) and (item.type != TYPES_ALONE or name.startswith("wasi:"))
    )
    statements = []
    for key, can, cannot, prefixes in COMPONENT_ABILITIES:
        found = sorted(visible(name, 100) for name in names if prefixes and name.startswith(prefixes))
        missing = f"it imports no {prefixes[0]}" if prefixes else "there is no such interface for components"
        because = f"it imports {', '.join(found)}" if found else missing
        statements.append((bool(found), Statement(key, can if found else cannot, because)))
    entry = "command" if any(item.name.startswith("wasi:cli/run") for item in binary.exports) else "library"
    return _manifest(binary, statements, unknown, "", entry)


def _manifest(
    binary: Binary, statements: list[tuple[bool, Statement]], unknown: tuple[Unknown, ...], interface: str, entry: str
) -> Manifest:
    return Manifest(
        kind=binary.kind,
        can=tuple(item for possible, item in statements if possible and not unknown),
        cannot=tuple(item for possible, item in statements if not possible and not unknown),
        unknown=unknown,
        interface=interface,
        entry=entry,
        exports=binary.exports,
        extras=extras_of(item.module for item in binary.imports),
    )


def _type(item: Import) -> str:
    """Return the type that a function of an interface of ours must have; empty for WASI's, which the engine checks."""
    if item.module == DISPLAY_MODULE:
        return DISPLAY_TYPES.get(item.name, "")
    if item.module in MODEL_TYPES:
        return MODEL_TYPES[item.module].get(item.name, "")
    return PROCESS_TYPES.get(_short_name(item), "") if item.module in PROCESS_MODULES else ""


def _short_name(item: Import) -> str:
    """Return the function's name without the prefix of the process interface; of other interfaces with its module."""
    if item.module == DISPLAY_MODULE or item.module in MODEL_TYPES:
        return f"{item.module}.{item.name}"
    return item.name.removeprefix(f"{item.module}_") if item.module in PROCESS_MODULES else item.name


def _unknown(item: Import, offered: Mapping[str, frozenset[str]]) -> Unknown | None:
    name = f"{visible(item.module, 100)}.{visible(item.name, 100)}"
    if item.kind != "function":
        return Unknown(name, f"this host offers no {item.kind}, only functions")
    if is_of_javascript(item.module):  # it ends the guest when it is called, and many never call it
        return None
    if item.module not in offered:
        return Unknown(name, "this host has no module of that name")
    if item.name not in offered[item.module]:
        return Unknown(name, "this host's module of that name has no such function")
    expected = _type(item)
    if expected and item.type and item.type != expected:
        return Unknown(name, f"it has the type {item.type}, but should have {expected}")
    return None
