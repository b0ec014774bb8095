"""What could stand at the cursor, from tables alone (attack P34): nothing that was typed is run, looked up or opened.

The one thing read besides is the names in a folder, after ``%ssvm load`` and ``inspect``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from traitlets import Bool

from ssvm_kernel.capabilities.abilities import PROCESS_MODULES
from ssvm_kernel.errors import UsageError
from ssvm_kernel.kernel.cells import PYTHON, first_line, language_of
from ssvm_kernel.kernel.known import Known
from ssvm_kernel.kernel.syntax import Syntax, language_names, syntax_of
from ssvm_kernel.kernel.words import COMMAND_METHODS, PROCESS
from ssvm_kernel.options import CompileTraits, LineTraits, flags_of

__all__ = ["Match", "complete"]

_MOST_FILES: Final = 1000
_METHOD: Final = re.compile(r"Command::(\w*)\Z")
_WORD: Final = re.compile(r"[#@$]?\w*\Z")
_WAT_WORD: Final = re.compile(r"[$\w.]*\Z")
_NAME: Final = re.compile(r"[$]?[A-Za-z_]\w{2,}")


class Match(NamedTuple):
    """One possible text, and what it is."""

    text: str
    kind: str


def complete(code: str, cursor: int, known: Known) -> tuple[list[Match], int]:
    """Return what could stand at the cursor, and where the text begins that it would replace.

    Parameters
    ----------
    code : str
        The cell; not one for IPython.
    cursor : int
        A place in it.
    known : Known
        What the session knows.
    """
    line = code[code.rfind("\n", 0, cursor) + 1 : cursor]
    if line.startswith("%"):
        word = line[len(line) - len(line.lstrip()) :] if " " not in line else re.split(r"\s", line)[-1]
        before = line[: len(line) - len(word)].split()
        if word.startswith("--") and "=" in word:
            flag, _, word = word.partition("=")
            before.append(flag)
        return _matching(_after(before, word, known), word), cursor - len(word)
    return _in_text(code, cursor, known)


def _matching(matches: Iterable[Match], prefix: str) -> list[Match]:
    return sorted({match for match in matches if match.text.startswith(prefix) and match.text != prefix})


def _after(before: list[str], word: str, known: Known) -> Iterable[Match]:
    """Return what can follow the words of a directive."""
    if not before:
        return _directives()
    first = before[0]
    if "--" in before or first[2:] in PYTHON:
        return ()
    if first == "%ssvm":
        return _after_command(before[1:], word, known)
    if first in ("%lang", "%%ssvm") and len(before) == 1 and not word.startswith("-"):
        return _all("class", language_names())
    return _options(before, word, CompileTraits, known)


def _directives() -> Iterator[Match]:
    yield from _all("magic", ("%lang", "%ssvm", "%%ssvm", "%%python"))
    yield from _all("magic", (f"%%{name}" for name in language_names()))


def _after_command(before: list[str], word: str, known: Known) -> Iterable[Match]:
    from ssvm_kernel import commands  # brings the whole session

    if not before:
        return _all("keyword", commands.NAMES)
    try:
        command = commands.find(before[0])
    except UsageError:
        return ()
    options = list(_options(before, word, command.traits, known))
    if options or word.startswith("-"):
        return options
    if len(list(_plain(before[1:], command.traits))) >= command.words[1]:
        return ()  # it takes no more
    name = before[0]
    if name == "revoke":
        return _all("value", [*known.grant_ids, "all"])
    if name in ("load", "inspect"):
        return [*(_all("guest", known.guests) if name == "inspect" else ()), *_files(word)]
    if command.choices is not None:
        return _all("value", command.choices())
    return _all("guest", map(shlex.quote, known.guests))


def _plain(words: list[str], traits: type[LineTraits]) -> Iterator[str]:
    """Yield the words that are no option, and no option's value."""
    before = ""
    for word in words:
        if not word.startswith("-") and not _takes_value(before, traits):
            yield word
        before = word


def _takes_value(flag: str, traits: type[LineTraits]) -> bool:
    name = flags_of(traits).get(flag, "")
    return bool(name) and not isinstance(traits.class_traits()[name], Bool)


def _options(before: list[str], word: str, traits: type[LineTraits], known: Known) -> Iterable[Match]:
    """Return options, or the values of the one that waits for its value."""
    flags = flags_of(traits)
    if _takes_value(before[-1], traits):
        name = flags[before[-1]]
        return _all("value", _values(name, traits.class_traits()[name], known))
    return _all("option", (*flags, "--help")) if word.startswith("-") else ()


def _values(name: str, trait: Any, known: Known) -> Iterable[str]:
    choices: list[str] = trait.metadata.get("metavar", "").split("|")
    if len(choices) > 1 and all(map(str.islower, choices)):
        return choices
    if name in ("revoke", "forget"):
        return [*known.grant_ids, "all"]
    if name in ("stdin_var", "result_name", "ins", "outs"):
        return known.variables
    return os.environ if name == "env" else ()  # names only: completion shows no value


def _files(prefix: str) -> Iterator[Match]:
    """Yield folders, and files that can be modules."""
    folder = prefix[: prefix.rfind("/") + 1]
    try:
        with os.scandir(Path(folder or ".").expanduser()) as entries:
            for entry in islice(entries, _MOST_FILES):
                if (
                    entry.name.isprintable()
                    and not entry.name.startswith(".")
                    and shlex.quote(entry.name) == entry.name
                ):
                    if entry.is_dir():
                        yield Match(f"{folder}{entry.name}/", "folder")
                    elif entry.name.endswith(".wasm"):
                        yield Match(folder + entry.name, "file")
    except (OSError, RuntimeError):  # no such folder, or no such person's
        return


def _in_text(code: str, cursor: int, known: Known) -> tuple[list[Match], int]:
    """Complete in a guest's text."""
    method = _METHOD.search(code, 0, cursor)
    if method is not None:
        return _matching(_all("function", COMMAND_METHODS), method[1]), method.start(1)
    directive, rest, _ = first_line(code)
    syntax = syntax_of(language_of(directive, rest) or known.language)
    found = (_WAT_WORD if syntax.line_comment == ";;" else _WORD).search(code, 0, cursor)
    word = found[0] if found else ""
    if not word:
        return [], cursor
    others = code[: cursor - len(word)] + code[cursor:]
    return _matching(_words(others, syntax, known), word), cursor - len(word)


def _words(others: str, syntax: Syntax, known: Known) -> Iterator[Match]:
    yield from _all("keyword", syntax.keywords)
    yield from _all("function", (f"{PROCESS_MODULES[0]}_{name}" for name in PROCESS))
    known_words = {*syntax.keywords}
    yield from _all("name", (name for name in set(_NAME.findall(others)) if name not in known_words))
    yield from _all("function", (name for name in known.exports() if name not in known_words))


def _all(kind: str, texts: Iterable[str]) -> Iterator[Match]:
    return (Match(text, kind) for text in texts)
