"""What is known of the name at the cursor, or before a ``?``: options, commands, guests, exports, imports."""

from __future__ import annotations

import re
from typing import Final

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.errors import SsvmError, UsageError
from ssvm_kernel.kernel.cells import first_line
from ssvm_kernel.kernel.known import Known
from ssvm_kernel.kernel.syntax import language_names
from ssvm_kernel.kernel.words import about_name
from ssvm_kernel.options import CompileTraits, LineTraits, flags_of, help_text, option_help

__all__ = ["inspect_at", "inspect_name"]

_NAME: Final = re.compile(r"[\w%.:+-]+")
_USAGE: Final = {
    "%lang": "%lang LANGUAGE [options]\nThe cells from here on are guests in this language, with these options.",
    "%%python": "%%python\nThe cell is Python, run in this kernel's own IPython.",
    "%%ssvm": "%%ssvm LANGUAGE [options] [-- guest arguments]\nThe cell is a guest in this language.",
}


def inspect_at(code: str, cursor: int, known: Known) -> Bundle | None:
    """Return what is known of the name at a place of a cell, or None."""
    start = code.rfind("\n", 0, cursor) + 1
    line = code[start:].partition("\n")[0]
    at = cursor - start
    name = next((found[0] for found in _NAME.finditer(line) if found.start() <= at <= found.end()), "")
    words = line.split()
    if line.startswith("%ssvm") and len(words) > 1:
        return _of_command(words[1], name, known)
    if name.startswith("-") and not line.startswith("%"):
        return None  # an operator
    return inspect_name(name, known)


def inspect_name(name: str, known: Known) -> Bundle | None:
    """Return what is known of a name, or None."""
    if name in known.guests:
        return _guest(name, known)
    text = _directive(name) or _option(name, CompileTraits) or about_name(name) or _export(name, known)
    return {"text/plain": text} if text else None


def _of_command(command_name: str, name: str, known: Known) -> Bundle | None:
    from ssvm_kernel import commands  # brings the whole session

    try:
        command = commands.find(command_name)
    except UsageError:
        return inspect_name(name, known)
    if name == command_name:
        return {"text/plain": f"{help_text(command.usage, command.traits)}\n\n{command.summary}"}
    option = _option(name, command.traits)
    return {"text/plain": option} if option else inspect_name(name, known)


def _option(name: str, traits: type[LineTraits]) -> str:
    flag = name.partition("=")[0]
    return option_help(traits, flag) if flag in flags_of(traits) else ""


def _directive(name: str) -> str:
    if name in _USAGE:
        return _USAGE[name]
    if name == "%ssvm":
        from ssvm_kernel import commands

        return f"%ssvm COMMAND\n{commands.overview()}"
    language = name.removeprefix("%%")
    if language in language_names():
        usage = f"%%{language} [options] [-- guest arguments]" if name != language else f"%lang {language} [options]"
        return help_text(usage, CompileTraits)
    return _USAGE["%%python"] if first_line(name)[0] == "%%py" else ""


def _guest(name: str, known: Known) -> Bundle | None:
    from ssvm_kernel.commands.inspect import describe

    try:
        return describe(name, known.guests[name].wasm)
    except SsvmError as error:
        return {"text/plain": f"guest {visible(name)}: {error}"}


def _export(name: str, known: Known) -> str:
    return "\n".join(
        f"{export.name} {export.type or export.kind}\nexport of guest {visible(guest)}"
        for guest, export in known.exports().get(name, [])
    )
