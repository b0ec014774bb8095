"""Libraries of the person's that flags name: they are told, since the guest holds them, and count for the cache."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

__all__ = ["linked", "linked_by_rust"]

_FORMS: Final = ("lib{}.a", "lib{}.so", "lib{}.wasm")
_RUST_FOLDER: Final = re.compile(r"(?:-L)?native=(.+)", re.DOTALL)
_RUST_LIBRARY: Final = re.compile(r"(?:-l)?(?:[\w:+,-]+=)?([\w.+-]+)(?::([\w.+-]+))?")
_RUST_NAMED: Final = re.compile(r"\bname\s*=\s*\"([^\"\n]+)\"")  # in #[link(name = "…")]


def linked(flags: Sequence[str]) -> tuple[str, ...]:
    """Return the files that ``-lNAME`` can mean in the folders of ``-L/FOLDER``."""
    folders = [flag[2:] for flag in flags if flag.startswith("-L")]
    return _files(folders, (flag[2:] for flag in flags if flag.startswith("-l")))


def linked_by_rust(flags: Sequence[str], texts: Iterable[str]) -> tuple[str, ...]:
    """Return the files that rustc's flags, or attributes in a cell's texts, can mean in the folders of its flags."""
    folders = [found[1] for flag in flags if (found := _RUST_FOLDER.fullmatch(flag))]
    if not folders:
        return ()
    return _files(folders, [*_names(flags), *(name for text in texts for name in _RUST_NAMED.findall(text))])


def _names(flags: Sequence[str]) -> Iterator[str]:
    for last, flag in zip(("", *flags), flags, strict=False):
        found = _RUST_LIBRARY.fullmatch(flag) if last == "-l" or flag.startswith("-l") else None
        if found is not None:
            yield from filter(None, found.groups())


def _files(folders: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return all that there are: which of them a linker takes, where there are several, only it knows."""
    forms = [[name[1:]] if name.startswith(":") else [form.format(name) for form in _FORMS] for name in names]
    places = (Path(folder, file) for folder in folders for files in forms for file in files)
    return tuple(dict.fromkeys(str(place.resolve()) for place in places if place.is_file()))
