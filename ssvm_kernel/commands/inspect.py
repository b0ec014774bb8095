"""``%ssvm inspect``: what a guest can ask for and what is impossible for it, without running it (rule 2)."""

from __future__ import annotations

import hashlib

from ssvm_kernel.capabilities.manifest import Manifest, manifest_of
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wasm import Binary, read_binary
from ssvm_kernel.commands.base import Command
from ssvm_kernel.display.abilities import manifest_bundle
from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.display.table import Shown
from ssvm_kernel.display.text import size
from ssvm_kernel.errors import UsageError
from ssvm_kernel.host.named import named_path, read_whole
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session

__all__ = ["COMMAND", "describe"]

_LISTED = 50


def _run(session: Session, parsed: Parsed[LineTraits], label: str) -> Shown:
    del label
    return Shown(describe(*_module(session, parsed.words[0])))


def describe(name: str, wasm: bytes) -> Bundle:
    """Return all that a module says about itself, to show.

    Raises
    ------
    LoadError
        When it is none.
    """
    binary = read_binary(wasm)
    manifest = manifest_of(binary)
    return manifest_bundle(name, manifest, _facts(wasm, binary, manifest))


def _module(session: Session, word: str) -> tuple[str, bytes]:
    """Return name and bytes of a guest of the session, or of a file."""
    if word in session.guests:
        return word, session.guests[word].wasm
    path = named_path(word)
    try:
        return path.name, read_whole(path)
    except OSError as error:
        known = ", ".join(session.guests) or "none yet"
        raise UsageError(
            f"{word} is neither a guest of this session (there are: {known}) nor a file that can be read "
            f"({error.strerror})"
        ) from None


def _facts(wasm: bytes, binary: Binary, manifest: Manifest) -> tuple[str, ...]:
    imports = [f"{item.module}.{item.name} {item.type or item.kind}" for item in binary.imports]
    exports = [f"{item.name} {item.type or item.kind}" for item in binary.exports]
    return (
        f"{binary.kind.value}, {size(len(wasm))}, sha256 {hashlib.sha256(wasm).hexdigest()}",
        f"entry: {manifest.entry}" + (f"; process interface: {manifest.interface}" if manifest.interface else ""),
        *_listed("imports", imports),
        *_listed("exports", exports),
    )


def _listed(what: str, items: list[str]) -> tuple[str, ...]:
    """Return a list in one line; its names are the guest's own text."""
    if not items:
        return (f"{what}: none",)
    more = f", and {len(items) - _LISTED} more" if len(items) > _LISTED else ""
    return (f"{what} ({len(items)}): " + ", ".join(visible(item, 200) for item in items[:_LISTED]) + more,)


COMMAND = Command(
    "%ssvm inspect NAME|FILE.wasm", "Tell what a guest can ask for, and what is impossible for it.", LineTraits, (1, 1),
    _run,
)  # fmt: skip
