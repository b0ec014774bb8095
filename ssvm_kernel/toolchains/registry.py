"""Which languages there are, and the toolchain for a name."""

from __future__ import annotations

import contextlib
import difflib
import functools
import importlib
from importlib.metadata import EntryPoint, entry_points

from ssvm_kernel.errors import UsageError
from ssvm_kernel.toolchains.base import Toolchain

__all__ = ["GROUP", "aliases", "get", "names"]

GROUP = "ssvm_kernel.toolchains"
"""Entry point group: a package that adds a language names its toolchain (a class without parameters) here."""

# Known without metadata and without importing them; a plug-in cannot take the place of one of these.
_BUILT_IN = {
    "assemblyscript": "ssvm_kernel.toolchains.assemblyscript:AssemblyScriptToolchain",
    "c": "ssvm_kernel.toolchains.c:CToolchain",
    "c++": "ssvm_kernel.toolchains.cpp:CppToolchain",
    "go": "ssvm_kernel.toolchains.go:GoToolchain",
    "rust": "ssvm_kernel.toolchains.rust:RustToolchain",
    "wat": "ssvm_kernel.toolchains.wat:WatToolchain",
    "zig": "ssvm_kernel.toolchains.zig:ZigToolchain",
}
_ALIASES = {
    "as": "assemblyscript",
    "asc": "assemblyscript",
    "cpp": "c++",
    "cxx": "c++",
    "golang": "go",
    "rs": "rust",
    "wast": "wat",
}


def names() -> tuple[str, ...]:
    """Return the names of all languages, sorted."""
    return tuple(sorted({*_BUILT_IN, *_plugins()}))


def aliases() -> tuple[str, ...]:
    """Return the other names of the built-in languages, sorted; a plug-in's are known only when it is loaded."""
    return tuple(sorted(_ALIASES))


def get(language: str) -> Toolchain:
    """Return the toolchain for a language's name or alias, always the same object.

    Raises
    ------
    UsageError
        For an unknown name, with the nearest known one; for a plug-in that does not load.
    """
    name = language.strip().lower()
    name = _ALIASES.get(name, name)
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        return _built_in(module, attribute)
    plugins = _plugins()
    if name in plugins:
        return _plugin(plugins[name])
    for plugin in plugins.values():  # a plug-in's aliases are known only when it is loaded
        with contextlib.suppress(UsageError):  # a broken one is named when it is asked for by its own name
            toolchain = _plugin(plugin)
            if name in toolchain.aliases:
                return toolchain
    raise UsageError(_unknown(language))


def _unknown(language: str) -> str:
    near = difflib.get_close_matches(language.lower(), [*names(), *_ALIASES], n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? Known are" if near else "known are"
    return f"unknown language {language!r}: {hint} {', '.join(names())}."


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in _BUILT_IN}


@functools.cache
def _built_in(module: str, attribute: str) -> Toolchain:
    toolchain: Toolchain = getattr(importlib.import_module(module), attribute)()
    return toolchain


@functools.cache
def _plugin(point: EntryPoint) -> Toolchain:
    try:
        toolchain: Toolchain = point.load()()
    except Exception as error:  # whatever a plug-in raises, it is the plug-in that is broken
        raise UsageError(f"the toolchain {point.name!r} ({point.value}) does not load: {error}") from error
    return toolchain
