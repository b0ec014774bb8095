"""``%ssvm cache``: what is kept on disk to be used again, and its removal."""

from __future__ import annotations

import difflib
from typing import Final

from traitlets import Bool

from ssvm_kernel.commands.base import Command, say
from ssvm_kernel.display.table import Table
from ssvm_kernel.display.text import size
from ssvm_kernel.errors import UsageError
from ssvm_kernel.host import store
from ssvm_kernel.host.tidy import Kept, clear, kept
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session

__all__ = ["COMMAND"]

_MEANS: Final = {
    "adapter": "the adapter of modules to components",
    "assemblyscript": "the compiler of AssemblyScript, from npm",
    "cargo": "crates that Rust cells declare, compiled: a few sets, those used last",
    "compiled": "cells that were compiled",
    "go-build": "what Go keeps of its library and of cells, for some days",
    "machine-code": "what an engine made of guests",
    "mapped": "guests that maps brought here",
    "precompiled": "headers of C++, compiled",
    "rlib": "the crates of this package for Rust cells, compiled",
    "sysroot": "libraries of C and C++ for another ziglang than this package was built with",
    "tools": "what compilers said about themselves",
    "zig": "what zig keeps of its library",
}
_DATA: Final = "-data"  # the files of a kind, beside the names of what they are


class _Traits(LineTraits):
    clear = Bool(
        False,
        help="Remove what is kept, of the kinds named or of all: it is then made again when it is needed.",
    ).tag(flag="--clear")


def _run(session: Session, parsed: Parsed[_Traits], label: str) -> Table | None:
    del session, label
    place = store.root()
    if place is None:
        say("nothing is kept: give the cache a folder of your own that others cannot change (SSVM_CACHE_DIR)")
        return None
    found = _by_kind(kept())
    for word in parsed.words:
        if word not in found and word not in _MEANS:
            near = difflib.get_close_matches(word, [*_MEANS, *found], 1, 0.5)
            hint = f"did you mean {near[0]}? There are" if near else "there are"
            raise UsageError(f"there is nothing of the kind {word!r} in the cache: {hint} {', '.join(found) or 'none'}")
    chosen = {kind: item for kind, item in found.items() if not parsed.words or kind in parsed.words}
    if parsed.options.clear:
        freed = clear([name for kind in chosen for name in (kind, kind + _DATA)])
        say(f"removed {size(freed)} from {place}")
        return None
    rows = [(kind, str(item.files), size(item.size), _MEANS.get(kind, "")) for kind, item in chosen.items()]
    total = size(sum(item.size for item in chosen.values()))
    most = f"{total} in {place}; beyond {size(store.LIMIT)} of a kind the least recently used goes"
    most += ", but for what cargo, go and zig keep themselves"
    return Table(f"cache: {most}", ("kind", "files", "size", "what it is"), rows)


def _by_kind(items: tuple[Kept, ...]) -> dict[str, Kept]:
    """Return what is kept, with the files of a kind counted to it."""
    found: dict[str, Kept] = {}
    for item in items:
        kind = item.kind.removesuffix(_DATA)
        before = found.get(kind, Kept(kind, 0, 0))
        found[kind] = Kept(kind, before.files + item.files, before.size + item.size)
    return dict(sorted(found.items(), key=lambda pair: -pair[1].size))


COMMAND = Command(
    "%ssvm cache [KIND ...] [--clear]", "Show or remove what is kept on disk.", _Traits, (0, 20), _run, _MEANS.keys
)
