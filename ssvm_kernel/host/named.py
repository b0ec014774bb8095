"""Files that the person names; those to write to, as ``--profile-out FILE``, so that nothing of theirs is lost by it.

The line may come from a notebook of somebody else, and be run without being read: it must not empty ``~/.bashrc``, nor
leave a file there that a shell would read.  So a file is replaced only when it is of the same kind, one that we wrote.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import UsageError

__all__ = ["named_path", "own_content", "read_whole", "write_whole"]

_MOST: Final = 1 << 30


def named_path(text: str) -> Path:
    """Return the path that the person wrote; ``~`` is their home.

    Raises
    ------
    UsageError
        When it can be no path.
    """
    try:
        if "\0" in text:
            raise ValueError
        return Path(text).expanduser()
    except (RuntimeError, ValueError):  # ~ of somebody who is not there
        raise UsageError(f"{visible(text, 300)} is no path that can be looked up") from None


def read_whole(path: Path) -> bytes:
    """Return what a file holds that the person named.

    Raises
    ------
    OSError
        When it cannot be read, or is no file: a device may have no end, and a pipe would let us wait (attack X29).
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        if found.st_size > _MOST:
            raise OSError(errno.EFBIG, "it is larger than a gigabyte")
    except BaseException:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_MOST) or b""


def own_content(path: Path, what: str, is_own: Callable[[bytes], bool], suffixes: tuple[str, ...] = ()) -> bytes:
    """Return what a file holds that may be written: nothing where there is none, or what we wrote there before.

    Parameters
    ----------
    path : Path
        The file that the person named.
    what : str
        What is to be written, for the message: ``"the profile"``.
    is_own : callable
        Tells from a file's bytes whether it is of that kind.
    suffixes : tuple of str
        Endings of which its name must have one; none for any name.

    Raises
    ------
    UsageError
        When it must not be written, or cannot be.
    """
    if suffixes and path.suffix not in suffixes:
        raise _refusal(path, what, f"its name has to end in {' or '.join(suffixes)}")
    try:
        # A link could lead to any file, and a pipe would let us wait.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise _refusal(path, what, "there is no such folder") from None
        if path.is_symlink():
            raise _refusal(path, what, "it is a link") from None
        return b""
    except OSError as error:
        raise _refusal(path, what, "it is a link" if path.is_symlink() else error.strerror) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _refusal(path, what, "it is not a file")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read()
    if content and not is_own(content):
        raise _refusal(path, what, "there is a file that is something else; remove it first, or name another")
    return content


def write_whole(path: Path, data: bytes, what: str) -> None:
    """Write a file whole or not at all, for nobody else to read.

    It takes the place of what has its name, and is never written to where a link leads.

    Raises
    ------
    UsageError
        When it cannot be written.
    """
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".ssvm-", dir=path.parent)  # mode 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        if isinstance(error, OSError):
            raise _refusal(path, what, error.strerror) from None
        raise


def _refusal(path: Path, what: str, why: str | None) -> UsageError:
    return UsageError(f"{what} cannot be written to {visible(str(path), 300)}: {why or 'it cannot be'}")
