"""The part of zig's library that most cells use, as a library of its own.

Zig reads every file that an ``@import`` leads to, used or not: 560 of them for a cell that prints a line, a third of
its time.  The small library is a copy without three of four files, and what imported one of those is an error instead.
Zig looks at a declaration only when something needs it, so a cell either becomes the very bytes that it becomes with
the whole library, or is told of an error in the library; then the whole one has the last word (see `zig`).

Tried besides, without gain (zig 0.17.1): ``-fstrip``, ``-fsingle-threaded``, ``-fno-error-tracing``, a cache in memory,
``-fno-compiler-rt`` with a library of ours (2 of 140 ms); ReleaseSmall saves 10 ms and the safety checks.

Which files are kept is in ``sdk/zig``, for one version of zig; ``tools/zig_library.py`` makes that list.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from ssvm_kernel import sdk
from ssvm_kernel.toolchains._tools import signature
from ssvm_kernel.toolchains._ziglang import Ziglang

__all__ = ["LEFT_OUT", "kept_files", "make", "small_library", "wants_whole"]

LEFT_OUT: Final = "left out of the small library:"
"""What the error says that stands in for an import; the file and a semicolon follow."""
_LISTS: Final = Path(sdk.__file__).parent / "zig"
_ALSO: Final = ("compiler_rt.zig", "compiler_rt")  # what the backend's code calls, compiled once
_SIZES: Final = "sizes.txt"
_IMPORT: Final = re.compile(r'@import\("([^"\n]+\.zig)"\)')
_NAME: Final = re.compile(rf'^pub const (\w+) = .*"{LEFT_OUT} ', re.MULTILINE)


def small_library(zig: Ziglang, folder: Path) -> Path | None:
    """Return the small library, made in `folder` unless it is there; None when there is none for this zig.

    Parameters
    ----------
    zig : Ziglang
        Whose library it is a part of.
    folder : Path
        Where it is kept, private to this person.
    """
    files = kept_files(zig.version)
    if not files:
        return None
    parts = [signature(zig.program), LEFT_OUT, *sorted(files)]
    library = folder / f"library-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]}"
    try:
        if not _is_whole(library):
            shutil.rmtree(library, ignore_errors=True)
            _put(zig.lib, files, library)
    except OSError:  # a full disk, or a zig that was changed by hand
        return None
    return library


def _is_whole(library: Path) -> bool:
    try:
        return _looked_at(library, library.stat().st_ino)
    except OSError:
        return False


@functools.lru_cache(maxsize=8)
def _looked_at(library: Path, inode: int) -> bool:  # noqa: ARG001 - another inode is another library
    """Return whether every file is there with its size: after a power cut files can be there without content."""
    try:
        sizes = (library / _SIZES).read_text("utf-8")
        found = (line.split(" ", 1) for line in sizes.splitlines())
        return bool(sizes) and all((library / name).stat().st_size == int(size) for size, name in found)
    except (OSError, ValueError):
        return False


@functools.cache
def kept_files(version: str) -> frozenset[str]:
    """Return the files of the small library for a version of zig, by their names below ``std``; none for others."""
    try:
        return frozenset((_LISTS / f"library-{version}.txt").read_text("utf-8").split())
    except OSError:
        return frozenset()


def _put(lib: Path, files: Collection[str], library: Path) -> None:
    """Make a library under another name and rename it: another kernel sees all of it or nothing."""
    aside = Path(tempfile.mkdtemp(prefix=".library-", dir=library.parent))
    try:
        make(lib, files, aside)
        aside.rename(library)
    except OSError:
        if not library.is_dir():  # else another kernel was faster
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def make(lib: Path, files: Collection[str], folder: Path) -> None:
    """Make a library in `folder` of what is in `lib`, of its ``std`` only `files` and what they import of each other.

    Raises
    ------
    OSError
        When a file cannot be read or written.
    """
    done: set[str] = set()
    waiting = ["std.zig"]
    while waiting:
        name = waiting.pop()
        if name not in done:
            done.add(name)
            text, imported = _without(name, (lib / "std" / name).read_bytes().decode(), files)
            waiting += imported
            target = folder / "std" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
    for name in _ALSO:
        copy = shutil.copytree if (lib / name).is_dir() else shutil.copyfile
        copy(lib / name, folder / name)
    sizes = [f"{file.stat().st_size} {file.relative_to(folder).as_posix()}" for file in folder.rglob("*.zig")]
    (folder / _SIZES).write_text("\n".join(sizes), "utf-8")


def _without(name: str, text: str, files: Collection[str]) -> tuple[str, list[str]]:
    """Return a file's text with an error for each import of what is not in `files`, and the other imports."""
    imported: list[str] = []

    def kept(match: re.Match[str]) -> str:
        other = os.path.normpath(Path(name).parent / match[1]).replace(os.sep, "/")
        if other in files:
            imported.append(other)
            return match[0]
        # Zig refuses code after a bare @compileError in a function, before it knows whether anything calls it.
        return f'(if (true) @compileError("{LEFT_OUT} {other};") else struct {{}})'

    return _IMPORT.sub(kept, text), imported


def wants_whole(zig: Ziglang, texts: Iterable[str]) -> bool:
    """Return whether one of the texts names a part of ``std`` that is left out: no need to try the small one then."""
    names = _names_left_out(zig)
    return any(names.search(text) for text in texts)


@functools.lru_cache(maxsize=8)
def _names_left_out(zig: Ziglang) -> re.Pattern[str]:
    text, _ = _without("std.zig", (zig.lib / "std" / "std.zig").read_text("utf-8"), kept_files(zig.version))
    return re.compile(rf"\bstd\s*\.\s*(?:{'|'.join(_NAME.findall(text))})\b")
