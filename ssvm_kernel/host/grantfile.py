"""The user's file of "always" answers: outside every notebook, this person's alone, shared by all their kernels.

It is read when a request is decided and read again when it changed.  A file that cannot be trusted gives nothing: it is
kept aside under another name and the person is told once.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import stat
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ssvm_kernel.capabilities.model import CommandGrant, NetworkGrant, Origin, Program, Scope
from ssvm_kernel.capabilities.remembered import Kept, NewerVersion, dump, load
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.resolve import sha256_of, unchanged

__all__ = ["GrantFile"]

_NAME: Final = "always.json"
_MOST_BYTES: Final = 4 << 20
_LOCK_SECONDS: Final = 10.0

_Stamp = tuple[int, int, int, int]
AnyKept = TypeVar("AnyKept", CommandGrant, NetworkGrant)


class GrantFile:
    """The grants for always.

    Parameters
    ----------
    folder : Path or None
        Where the file is; by default the person's configuration folder, or ``SSVM_CONFIG_DIR`` of the kernel.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder
        self._stamp: _Stamp | None = None
        self._grants: tuple[CommandGrant, ...] = ()
        self._connections: tuple[NetworkGrant, ...] = ()
        self._problems: list[str] = []
        self._told = ""
        self._in_the_way = self._absent = False
        self._hashes: dict[tuple[Program, int], str] = {}
        self.uses: Counter[str] = Counter()
        """How often each grant decided in this session, by its id."""

    @property
    def path(self) -> Path:
        """The file, there or not."""
        return _file_in(self._folder)

    def connections(self) -> tuple[NetworkGrant, ...]:
        """Return what is in the file now about connections; see `grants`."""
        self.grants()
        return self._connections

    def all(self) -> tuple[Kept, ...]:
        """Return all that is in the file now."""
        return (*self.grants(), *self._connections)

    def grants(self, path: Path | None = None) -> tuple[CommandGrant, ...]:
        """Return what is in the file now about commands; nothing when there is none or it cannot be trusted.

        Parameters
        ----------
        path : Path or None
            The file, where `GrantFile.path` was asked for it already: what that depends on is not looked up again.
        """
        path = path or self.path
        if self._absent and not os.access(path, os.F_OK):  # in half of the time of an error
            return ()
        self._absent = False
        try:
            stamp = _stamp(path)
        except FileNotFoundError:
            self._stamp, self._in_the_way, self._absent = None, False, True
            self._take(())
            return ()
        except OSError as error:
            self._stamp = None  # read again when it can be
            self._distrust(f"cannot be looked at ({error.strerror})", aside=False)
            return ()
        if stamp != self._stamp:
            self._in_the_way, self._told = False, ""
            try:
                self._take(self._read())
            except _Untrusted as why:
                self._distrust(str(why), aside=why.aside)
            self._stamp = stamp
        return self._grants

    def _take(self, kept: tuple[Kept, ...]) -> None:
        self._grants = tuple(grant for grant in kept if isinstance(grant, CommandGrant))
        self._connections = tuple(grant for grant in kept if isinstance(grant, NetworkGrant))

    def take_problems(self) -> tuple[str, ...]:
        """Return what the person was not told yet about the file."""
        if not self._problems:
            return ()
        problems, self._problems = tuple(self._problems), []
        return problems

    def identified(self, program: Program, grants: Sequence[CommandGrant]) -> Program:
        """Return `program` with the hash of its content when one of the file's grants is about that path."""
        if not any(grant.program is not None and grant.program.path == program.path for grant in grants):
            return program
        try:
            return self.hashed(program)
        except OSError:  # it can be run and not read: nothing in the file speaks about it
            return program

    def hashed(self, program: Program) -> Program:
        """Return `program` with the hash of its content, which is read once for as long as the file stays the same.

        Raises
        ------
        OSError
            When it cannot be read, or changed meanwhile.
        """
        # size and time of the last change can be set back, the time of the inode's change cannot
        key = program, Path(program.path).stat().st_ctime_ns
        if key not in self._hashes:
            found = sha256_of(program.path)
            if not unchanged(program) or Path(program.path).stat().st_ctime_ns != key[1]:
                raise OSError(f"{program.path} changed while it was read")
            self._hashes[key] = found
        return replace(program, sha256=self._hashes[key])

    def add(self, grant: AnyKept) -> AnyKept:
        """Keep an answer for always; the same one is kept once.

        Raises
        ------
        GrantError
            When it cannot be written.
        """
        kept = replace(grant, scope=Scope.ALWAYS, origin=Origin.FILE, id="a" + secrets.token_hex(4))
        with self._changing() as change:

            def added(grants: tuple[Kept, ...]) -> tuple[Kept, ...]:
                nonlocal kept
                for other in grants:
                    if _same(other, kept):
                        kept = other  # type: ignore[assignment]  # the same, so of the same type
                        return grants
                return (*grants, kept)

            change(added)
        return kept

    def remove(self, grant_id: str) -> Kept | None:
        """Forget one answer and return it, or None when there is none of that id.

        Raises
        ------
        GrantError
            When the file cannot be written.
        """
        found = next((grant for grant in self.all() if grant.id == grant_id), None)
        if found is not None:
            with self._changing() as change:
                change(lambda grants: tuple(grant for grant in grants if grant.id != grant_id))
        return found

    def holds(self, grant_id: str) -> bool:
        """Return whether an answer is in the file now."""
        return any(grant.id == grant_id for grant in self.all())

    @property
    def _folder(self) -> Path:
        if self._given is None:
            configured = os.environ.get("SSVM_CONFIG_DIR", "")
            if configured:
                return _expanded(configured, os.environ.get("HOME", "")).absolute()
            return _user_folder(os.environ.get("XDG_CONFIG_HOME", ""), os.environ.get("HOME", ""))
        return self._given

    @contextmanager
    def _changing(self) -> Iterator[Callable[[Callable[[tuple[Kept, ...]], tuple[Kept, ...]]], None]]:
        """Hold the lock of all kernels; the body gives the function that makes the new grants of the old ones."""
        from filelock import FileLock, Timeout

        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._folder / f"{_NAME}.lock", timeout=_LOCK_SECONDS, mode=0o600):
                self._stamp = None  # read anew: another kernel may have written within the clock's resolution
                yield lambda make: self._write(make(self.all()))
        except Timeout:
            raise GrantError(f"{self.path} is held by another kernel; nothing was written") from None
        except OSError as error:
            raise GrantError(f"{self.path} cannot be written: {error.strerror or error}") from None

    def _write(self, grants: tuple[Kept, ...]) -> None:
        if self._in_the_way:
            raise OSError("what is there cannot be trusted, and was not moved away")
        descriptor, temporary = tempfile.mkstemp(prefix=f".{_NAME}-", dir=self._folder)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(dump(grants))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
        self._stamp = None

    def _read(self) -> tuple[Kept, ...]:
        problem = _not_private(self._folder)
        if problem:
            raise _Untrusted(problem, aside=False)
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            raise _Untrusted(f"cannot be read ({error.strerror})") from None
        with os.fdopen(descriptor, "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise _Untrusted("is no file")
            if hasattr(os, "geteuid"):
                if info.st_uid != os.geteuid():
                    raise _Untrusted("belongs to another user")
                if stat.S_IMODE(info.st_mode) & 0o077:
                    raise _Untrusted(f"can be read or changed by others (mode {stat.S_IMODE(info.st_mode):04o})")
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise _Untrusted("is too large")
        try:
            return load(data)
        except NewerVersion as error:  # that version shall find it again
            raise _Untrusted(f"is not understood ({error})", aside=False) from None
        except (ValueError, msgspec.MsgspecError) as error:
            raise _Untrusted(f"is not understood ({error})") from None

    def _distrust(self, why: str, *, aside: bool) -> None:
        """Give nothing, keep the file under another name, and say so once."""
        self._take(())
        self._in_the_way = True
        message = f'your file of "always" answers {self.path} {why}; nothing in it counts'
        if aside:
            kept = self.path.with_name(f"{_NAME}.kept-{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(2)}")
            try:
                self.path.rename(kept)
                self._in_the_way = False
                message += f", and it was renamed to {kept.name}"
            except OSError as error:
                message += f", and it could not be renamed ({error.strerror})"
        if message != self._told:  # a home that cannot be looked into is looked into for each command
            self._problems.append(message)
            self._told = message


class _Untrusted(Exception):
    """Why a file gives no grants, and whether it is to be moved away."""

    def __init__(self, why: str, *, aside: bool = True) -> None:
        super().__init__(why)
        self.aside = aside


@functools.lru_cache(maxsize=4)
def _file_in(folder: Path) -> Path:
    return folder / _NAME


@functools.lru_cache(maxsize=4)
def _expanded(folder: str, _home: str) -> Path:
    return Path(folder).expanduser()


def _stamp(path: Path) -> _Stamp:
    info = os.lstat(path)
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _same(one: Kept, other: Kept) -> bool:
    """Tell whether two answers are one; of a program, path and content count and not what the file was like."""
    if isinstance(one, CommandGrant) and isinstance(other, CommandGrant):
        if one.program is None or other.program is None:
            return False
        if (one.program.path, one.program.sha256) != (other.program.path, other.program.sha256):
            return False
        one = replace(one, program=other.program)
    return replace(one, id=other.id, created=other.created) == other


@functools.lru_cache(maxsize=4)
def _user_folder(*_: str) -> Path:
    """Return the person's folder; looked up again when what it depends on changes, not for each request."""
    import platformdirs

    return Path(platformdirs.user_config_dir("ssvm-kernel", appauthor=False))


def _not_private(folder: Path) -> str:
    """Return why others could put a file in place of ours, or an empty string."""
    if not hasattr(os, "geteuid"):  # Windows: the profile is private by its access list
        return ""
    info = folder.stat()
    others_write = info.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not info.st_mode & stat.S_ISVTX
    if others_write or info.st_uid not in {os.geteuid(), 0}:
        return "lies in a folder that others can change"
    return ""
