"""The one place on disk where results are kept to be used again: compiled guests, machine code, what a tool is.

It lies below toolchains and sandbox so that both can use it.  What is found here is run, so the folder is this person's
alone, and every file is checked against its SHA-256 when it is read: a torn, short or changed file is a miss and never
a crash.  A file is never changed in place, because an engine may have it mapped, and writing into a mapped file kills
the process with SIGBUS.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import re
import stat
import tempfile
import time
from collections import Counter
from pathlib import Path

from ssvm_kernel.host.temporary import prefix_of

__all__ = ["LIMIT", "folder", "folder_or_temporary", "load_blob", "read", "root", "store_blob", "write"]

_log = logging.getLogger(__name__)

LAYOUT = "store-1"  # a new name when the layout of files changes; old ones are simply not looked at
LIMIT = 512 * 2**20  # bytes a kind may keep; the least recently used go first
_PRUNE_EVERY = 256  # writes, the first one of a process among them
_DAY = 86_400.0
_HOUR = 3_600.0
_DIGEST = hashlib.sha256
_DIGEST_SIZE = 32
_TEMPORARY = ".part-"

_roots: dict[str, Path | None] = {}  # answer per configured path: where it is, or that it must not be used
_writes: Counter[Path] = Counter()  # files written by this process per folder: decides when to tidy up
_verified: dict[Path, tuple[int, int, int]] = {}  # blobs whose content was checked: inode, size, mtime


def read(kind: str, key: str) -> bytes | None:
    """Return what was kept under `key`, or None.

    Parameters
    ----------
    kind : str
        What sort of thing it is (``"compiled"``): short, of lower-case letters, digits, dots and hyphens.
    key : str
        Lower-case hexadecimal digest of all that the content depends on.
    """
    place = _place(kind, key)
    if place is None:
        return None
    try:
        content = place.read_bytes()
    except OSError:
        return None
    digest, payload = content[:_DIGEST_SIZE], content[_DIGEST_SIZE:]
    if len(digest) != _DIGEST_SIZE or _DIGEST(payload).digest() != digest:
        return None
    _mark_used(place)
    return payload


def write(kind: str, key: str, payload: bytes) -> bool:
    """Keep `payload` under `key`; return whether it could be kept.

    A full disk or a folder that cannot be written costs a later compile and nothing else, so it is no error.
    """
    place = _place(kind, key)
    return place is not None and _put(place, _DIGEST(payload).digest() + payload)


def load_blob(kind: str, key: str) -> Path | None:
    """Return the file that holds what was kept under `key`, for an engine that wants to map it, or None.

    The file can vanish later (another kernel tidies up): one that is open or mapped by then stays usable.
    """
    named = read(kind, key)
    if named is None or len(named) != _DIGEST_SIZE:
        return None
    path = _place(f"{kind}-data", named.hex())
    if path is None:
        return None
    _mark_used(path)
    return path if _intact(path, named) else None


def store_blob(kind: str, key: str, data: bytes) -> Path | None:
    """Keep `data` as a file of its own under `key`; return that file, or None when it could not be kept.

    Files are named by their content, so two writers can only ever put the same bytes in the same place.
    """
    digest = _DIGEST(data).digest()
    path = _place(f"{kind}-data", digest.hex())
    if path is None:
        return None
    if not _intact(path, digest) and not _put(path, data):
        return None
    return path if write(kind, key, digest) else None


def folder(kind: str) -> Path | None:
    """Return a private folder of the store, made if need be, for things that are more than one file; or None."""
    directory = _directory(kind)
    if directory is None or not _make(directory):
        return None
    return directory


def folder_or_temporary(kind: str) -> Path:
    """Return what `folder` does; where nothing can be kept on this machine, a folder that ends with this process."""
    kept = folder(kind)
    return kept if kept is not None else Path(_temporary_folder(kind).name)


@functools.cache
def _temporary_folder(kind: str) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=prefix_of(kind.replace("-", "")))


def _place(kind: str, key: str) -> Path | None:
    if not re.fullmatch(r"[0-9a-f]{8,128}", key):
        msg = f"not a hexadecimal key: {key!r}"
        raise ValueError(msg)
    directory = _directory(kind)
    return None if directory is None else directory / key


def root() -> Path | None:
    """Return the store's own folder, or None where nothing is kept."""
    configured = os.environ.get("SSVM_CACHE_DIR", "")
    if configured not in _roots:
        _roots[configured] = _open_root(configured)
    return _roots[configured]


def _directory(kind: str) -> Path | None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,39}", kind):
        msg = f"not a name for a kind of thing to keep: {kind!r}"
        raise ValueError(msg)
    top = root()
    return None if top is None else top / kind


def _make(directory: Path) -> bool:
    """Make a folder of the store, and the store itself when somebody removed it while we run."""
    try:
        directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    return True


def _open_root(configured: str) -> Path | None:
    """Make the folder that only this person can enter; None when there can be none.

    Machine code from here is run, so a folder that somebody else could have filled is not used.
    """
    if configured:
        base = Path(configured).expanduser().absolute()
    else:
        import platformdirs

        base = Path(platformdirs.user_cache_dir("ssvm-kernel", appauthor=False))
    top = base / LAYOUT
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        top.mkdir(mode=0o700, exist_ok=True)
        problem = _not_private(base, top)
    except OSError as error:
        problem = str(error)
    if problem:
        _log.warning("nothing is cached on disk: %s", problem)
        return None
    return top


def _not_private(base: Path, root: Path) -> str:
    """Return why others could change what is in `root`, or an empty string; tighten its mode where that is enough."""
    if not hasattr(os, "geteuid"):  # Windows: the user's profile folder is private by its access list
        return ""
    outer, inner = base.stat(), root.lstat()
    if not stat.S_ISDIR(inner.st_mode) or inner.st_uid != os.geteuid():
        return f"{root} is not a folder that belongs to you"
    others_write = outer.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not outer.st_mode & stat.S_ISVTX
    if others_write or outer.st_uid not in {os.geteuid(), 0}:
        return f"others can change the folder {base}"
    if stat.S_IMODE(inner.st_mode) != 0o700:
        root.chmod(0o700)
    return ""


def _put(place: Path, content: bytes) -> bool:
    """Write the whole of `content` under a temporary name, then rename it: a reader sees all of it or nothing."""
    temporary = ""
    try:
        if not place.parent.is_dir() and not _make(place.parent):
            return False
        descriptor, temporary = tempfile.mkstemp(prefix=_TEMPORARY, dir=place.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(place)
    except OSError as error:
        _log.info("could not keep %s: %s", place.name, error)
        return False
    finally:  # after a failure or an interrupt; after success that name is gone
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
    _prune_sometimes(place.parent)
    return True


def _intact(path: Path, digest: bytes) -> bool:
    """Tell whether the file at `path` has that digest; a file that did not change is read once per process."""
    try:
        found = path.stat()
        seen = (found.st_ino, found.st_size, found.st_mtime_ns)
        if _verified.get(path) != seen:
            if _DIGEST(path.read_bytes()).digest() != digest:
                return False
            _verified[path] = seen
    except OSError:
        return False
    return True


def _mark_used(place: Path) -> None:
    """Move a file to the young end of the queue for tidying, at most once a day."""
    with contextlib.suppress(OSError):
        if time.time() - place.stat().st_mtime > _DAY:
            os.utime(place)


def _prune_sometimes(directory: Path) -> None:
    """Remove the least recently used files beyond `LIMIT`, and what interrupted writers left behind."""
    _writes[directory] += 1
    if _writes[directory] % _PRUNE_EVERY != 1:
        return
    kept: list[tuple[float, int, str]] = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(directory):
            with contextlib.suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if entry.name.startswith(_TEMPORARY):
                    if time.time() - found.st_mtime > _HOUR:
                        Path(entry.path).unlink()
                elif entry.is_file(follow_symlinks=False):
                    kept.append((found.st_mtime, found.st_size, entry.path))
    surplus = sum(size for _, size, _ in kept) - LIMIT
    for _, size, path in sorted(kept):
        if surplus <= 0:
            break
        with contextlib.suppress(OSError):
            Path(path).unlink()
            surplus -= size
