"""Finding programs and folders on this computer, once, by their real paths.

A name is looked up when it is granted or asked for, and what was found is what runs: a program that appears earlier in
PATH afterwards is never reached (attack P01).
"""

# A path is compared, shown and run as the very text it is, which Path would rewrite.
# ruff: noqa: PTH112, PTH115, PTH116, PTH117, PTH118, PTH120, PTH206

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

from ssvm_kernel.capabilities.model import FileIdentity, Program
from ssvm_kernel.capabilities.resolved import Resolved, Trouble
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.special import special_folders

__all__ = [
    "ProgramFinder",
    "identity",
    "resolve_folder",
    "resolve_program",
    "sha256_of",
    "special_folders",
    "unchanged",
]

_MOST_KEPT = 64
_LONGEST_KEPT = 4096
_MAX_LINKS = 40  # as Linux itself follows
_BATCH_SUFFIXES = (".bat", ".cmd", ".com", ".ps1", ".vbs", ".js", ".wsf")
_KERNEL_MOUNTS = ("/proc", "/sys", "/dev")


def resolve_program(name: bytes, search_path: str, *, windows: bool = sys.platform == "win32") -> Resolved:
    """Find the program that `name` means.

    Parameters
    ----------
    name : bytes
        A bare name, looked up in `search_path`, or an absolute path. Relative paths are refused: what they mean depends
        on the working folder (P26).
    search_path : str
        Folders separated by ``os.pathsep``; empty and relative entries are passed over, for the same reason.
    windows : bool
        Apply Windows' rules on names as well.

    Returns
    -------
    Resolved
        The program with its real path, identity and all that was passed through, or the trouble.
    """
    refused = _refused_name(name, windows=windows)
    if refused is not None:
        return refused
    text = os.fsdecode(name)
    if not os.path.isabs(text) and (os.sep in text or (os.altsep and os.altsep in text)):
        return Resolved(name, trouble=Trouble.RELATIVE, detail="a relative path is refused; give the absolute path")
    return _first_program(name, _candidates(name, search_path))


def _candidates(name: bytes, search_path: str) -> list[str]:
    """Return the paths that a name may mean, the first that can be run."""
    text = os.fsdecode(name)
    if os.path.isabs(text):
        return [text]
    folders = [folder for folder in search_path.split(os.pathsep) if folder and os.path.isabs(folder)]
    return [os.path.join(folder, text) for folder in folders]


class ProgramFinder:
    """`resolve_program` for names that come again and again: what was found is looked at, not searched for anew.

    A result is given again while every place that the search looked at is as it was: each folder, link and file on the
    way the very same one, each candidate that was not there still not there.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[bytes, str], _Found] = {}

    def find(self, name: bytes, search_path: str) -> Resolved:
        """Return what `resolve_program` returns."""
        key = name, search_path
        found = self._found.get(key)
        if found is not None and found.holds():
            return found.resolved
        self._found.pop(key, None)
        resolved = resolve_program(name, search_path)
        if resolved.program is not None and len(name) <= _LONGEST_KEPT:
            if len(self._found) >= _MOST_KEPT:
                self._found.clear()
            self._found[key] = _Found(resolved, tuple(_candidates(name, search_path)))
        return resolved


class _Found:
    """A program that was found, and the state of all that led to it.

    Attributes
    ----------
    resolved : Resolved
        What was found; good only while `holds`.
    """

    def __init__(self, resolved: Resolved, candidates: tuple[str, ...]) -> None:
        program = resolved.program
        assert program is not None
        self.resolved = resolved
        there = next((index for index, path in enumerate(candidates) if os.path.lexists(path)), len(candidates))
        self._absent = candidates[:there]
        # State first, way second: whatever changes in between makes the way another one, or the state an old one.
        self._seen = tuple((path, _state_or_none(path)) for path in program.via)
        # The first candidate that is there must be the one that was taken; one that cannot be run is not kept.
        taken = candidates[there : there + 1]
        self._good = (
            unchanged(program)
            and all(state for _, state in self._seen)
            and [_follow_or_none(path) for path in taken] == [(program.path, program.via)]
        )

    def holds(self) -> bool:
        """Tell whether searching anew would find the same."""
        if not self._good or (self._absent and any(map(os.path.lexists, self._absent))):
            return False
        try:
            for path, state in self._seen:
                if _state(path) != state:
                    return False
        except OSError:
            return False
        return True


def _state(path: str) -> tuple[object, ...]:
    """Return what tells that a place is as it was; of a folder only that it is the same, since its entries change.

    A link's target and a file's right to be run do not change without its time of change.

    Raises
    ------
    OSError
        When there is no such place.
    """
    info = os.lstat(path)
    same = info[:3]  # mode, inode, device
    return same if stat.S_ISDIR(same[0]) else (same, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def _state_or_none(path: str) -> tuple[object, ...] | None:
    try:
        return _state(path)
    except OSError:
        return None


def _follow_or_none(path: str) -> tuple[str, tuple[str, ...]] | None:
    try:
        return _follow(path)
    except OSError:
        return None


def identity(path: str) -> FileIdentity:
    """Return what tells the file at `path` from another one.

    Raises
    ------
    OSError
        When there is no such file.
    """
    return _identity(os.stat(path))


def unchanged(program: Program) -> bool:
    """Tell whether `program` is still the file it was when it was resolved; to be asked right before it runs (P27)."""
    try:
        info = os.lstat(program.path)
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and _identity(info) == program.identity


def sha256_of(path: str) -> str:
    """Return the sha256 of a file's bytes, 64 hexadecimal digits.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def resolve_folder(path: str) -> str:
    """Return the absolute real path of a folder that may be granted; ``~`` is the person's home.

    Raises
    ------
    GrantError
        When it does not exist, is no folder, cannot be read, or belongs to the kernel's own file systems.
    """
    shown = visible(path, 300)
    try:
        real = os.path.realpath(Path(path).expanduser(), strict=True)
        info = os.stat(real)
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "it cannot be looked up"
        raise GrantError(f"the folder {shown} cannot be granted: {why}") from None
    if not stat.S_ISDIR(info.st_mode):
        raise GrantError(f"{shown} is not a folder; grant the folder that holds it")
    if info.st_dev in _kernel_devices():
        raise GrantError(f"the folder {shown} cannot be granted: it belongs to a file system of the kernel (W11)")
    if not os.access(real, os.R_OK | os.X_OK):
        raise GrantError(f"the folder {shown} cannot be granted: you may not read it yourself")
    return real


def _refused_name(name: bytes, *, windows: bool) -> Resolved | None:
    if not name or b"\0" in name:
        return Resolved(name, trouble=Trouble.INVALID, detail="a program's name is not empty and holds no NUL byte")
    if windows:
        text = os.fsdecode(name).casefold()
        # Windows drops dots and spaces at the end, and opens streams after a colon: the name would not be what it seems
        bare = text.rstrip(". ")
        if bare != text or ":" in text[2:] or bare.endswith(_BATCH_SUFFIXES):
            return Resolved(name, trouble=Trouble.BATCH, detail="batch files and script files are refused on Windows")
    return None


def _first_program(name: bytes, candidates: list[str]) -> Resolved:
    """Return the first of `candidates` that can be run."""
    unusable = ""
    for candidate in candidates:
        try:
            real, via = _follow(candidate)
            info = os.stat(real)
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(info.st_mode) and os.access(real, os.X_OK):
            return Resolved(name, Program(real, _identity(info), via=via))
        unusable = unusable or candidate
    if unusable:
        detail = f"{visible(unusable, 300)} is not a file that you may run"
        return Resolved(name, trouble=Trouble.NOT_EXECUTABLE, detail=detail)
    where = "there is no such file" if os.path.isabs(os.fsdecode(name)) else "no folder in PATH has it"
    return Resolved(name, trouble=Trouble.NOT_FOUND, detail=where)


def _follow(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the real path of `path`, and the real place of every folder and link that leads there.

    ``os.path.realpath`` gives the first only; the rest is needed because whoever may write one of those places decides
    what the path means (P02).

    Raises
    ------
    OSError
        When a part is missing, or links go round in a circle.
    """
    at = os.sep
    via: list[str] = []
    rest = [part for part in path.split(os.sep) if part][::-1]
    links = 0
    while rest:
        part = rest.pop()
        if part == ".":
            continue
        if part == "..":
            at = os.path.dirname(at)
            continue
        here = os.path.join(at, part)
        via.append(here)
        info = os.lstat(here)
        if not stat.S_ISLNK(info.st_mode):
            at = here
            if rest and not stat.S_ISDIR(info.st_mode):
                raise NotADirectoryError(20, "Not a directory", here)
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(40, "Too many levels of symbolic links", path)
        target = os.readlink(here)
        if target.startswith(os.sep):
            at = os.sep
        rest += [step for step in target.split(os.sep) if step][::-1]
    if path.endswith(os.sep) and not os.path.isdir(at):  # a file's name with a slash behind it has no last part
        raise NotADirectoryError(20, "Not a directory", path)
    return at, tuple(dict.fromkeys(via))


def _identity(info: os.stat_result) -> FileIdentity:
    return FileIdentity(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)


def _kernel_devices() -> frozenset[int]:
    """Return the device numbers of the kernel's file systems, where they are mounted and not plain folders."""
    found = set()
    for path in _KERNEL_MOUNTS:
        if os.path.ismount(path):
            found.add(os.stat(path).st_dev)
    return frozenset(found)
