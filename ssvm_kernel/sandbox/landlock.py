"""Landlock: from now on this process can open the granted files and folders, and nothing else.

The kernel's rules apply to the calling thread and to threads that it starts later, and cannot be taken back.  What is
open already stays open.  Pipes and memory files stay reachable through ``/proc/self/fd/N``: they lie on file systems
that nobody can mount, and Landlock leaves those alone.

What Landlock does not rule, on any version so far: looking at a file's metadata (``stat``), and changing its mode,
owner, times or extended attributes.  The system call filter (`seccomp`) refuses those changes.
"""

from __future__ import annotations

import ctypes
import enum
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ssvm_kernel.sandbox.libc import syscall

__all__ = ["Availability", "Files", "availability", "covers_all_threads", "gaps", "open_without_links", "restrict"]

# these numbers are the same on every processor
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1
_ALL_THREADS = 1 << 3
_ALL_THREADS_SINCE = 8


class Files(enum.IntFlag):
    """Rights on files and folders, with the kernel's numbers."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13  # move or link between folders
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15
    RESOLVE_UNIX = 1 << 16  # connect to a socket by its path


# what each version of the kernel's interface brought; all of it is refused unless a rule allows it
_FILES_SINCE = (
    (1, (1 << 13) - 1),
    (2, Files.REFER),
    (3, Files.TRUNCATE),
    (5, Files.IOCTL_DEV),
    (9, Files.RESOLVE_UNIX),
)
_NETWORK_SINCE = ((4, 0b0011), (10, 0b1100))  # TCP bind and connect, then UDP
_SCOPES_SINCE = ((6, 0b11),)  # abstract Unix sockets and signals to other processes

_READ = Files.READ_FILE | Files.READ_DIR
# what WASI can do in a folder that may be written; never devices, sockets or pipes, and never EXECUTE
_WRITE = (
    _READ
    | Files.WRITE_FILE
    | Files.TRUNCATE
    | Files.MAKE_REG
    | Files.MAKE_DIR
    | Files.MAKE_SYM
    | Files.REMOVE_FILE
    | Files.REMOVE_DIR
    | Files.REFER
)
_ON_A_FILE = Files.READ_FILE | Files.WRITE_FILE | Files.TRUNCATE  # the kernel refuses folder rights on a file


class _RulesetAttr(ctypes.Structure):
    # an older kernel takes the longer structure as long as what it does not know is zero
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # the only layout that Python 3.14 allows with _pack_
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


_GAPS = (
    (2, "before Linux 5.19 a guest cannot move files from one folder to another, even where it can write"),
    (3, "before Linux 6.2 a guest that breaks out of the engine could empty files that it can only read"),
)


class Availability(NamedTuple):
    """What the kernel offers.

    Parameters
    ----------
    abi : int
        Version of the kernel's interface; 0 when there is none.
    reason : str
        Why there is none, for a person; empty when there is one.
    """

    abi: int
    reason: str = ""


_REASONS = {
    errno.ENOSYS: "this Linux has no Landlock (it came with Linux 5.13, and some builds leave it out)",
    errno.EOPNOTSUPP: "Landlock is switched off at boot (the kernel's lsm= line does not name it)",
    errno.EPERM: "the container that this runs in does not let its processes use Landlock",
}


def availability() -> Availability:
    """Ask the kernel which version of Landlock it offers; changes nothing."""
    try:
        return Availability(syscall(_CREATE_RULESET, None, 0, _ASK_VERSION))
    except OSError as error:
        return Availability(0, _REASONS.get(error.errno or 0, f"Landlock does not answer ({error.strerror})"))


def restrict(
    abi: int, read: Iterable[str] = (), write: Iterable[str] = (), read_descriptors: Iterable[int] = ()
) -> None:
    """Lock this thread, and all that it starts later, to the given files and folders.

    Network (TCP, and UDP on newer kernels), abstract Unix sockets and signals to other processes are refused as far as
    the kernel's version goes.  ``no_new_privs`` must be set before.

    Parameters
    ----------
    abi : int
        The version from `availability`.
    read : iterable of str
        Absolute real paths of files and folders that can be read.
    write : iterable of str
        Absolute real paths of files and folders that can be read and written.
    read_descriptors : iterable of int
        Open regular files that can be opened again for reading (``/proc/self/fd/N``).

    Raises
    ------
    OSError
        When a path is not there, when a symbolic link lies on it, or when the kernel refuses.
    """
    files, network, scopes = (_offered(table, abi) for table in (_FILES_SINCE, _NETWORK_SINCE, _SCOPES_SINCE))
    attr = _RulesetAttr(files, network, scopes)
    ruleset = syscall(_CREATE_RULESET, ctypes.byref(attr), ctypes.sizeof(attr), 0)
    try:
        for rights, paths in ((_READ, read), (_WRITE, write)):
            for path in paths:
                descriptor = open_without_links(path)
                try:
                    _allow(ruleset, descriptor, rights & files)
                finally:
                    os.close(descriptor)
        for descriptor in read_descriptors:
            _allow(ruleset, descriptor, _READ & files)
        syscall(_RESTRICT_SELF, ruleset, _ALL_THREADS if covers_all_threads(abi) else 0)
    finally:
        os.close(ruleset)


def covers_all_threads(abi: int) -> bool:
    """Whether `restrict` reaches threads that run already; before, they keep what they could do."""
    return abi >= _ALL_THREADS_SINCE


def gaps(abi: int) -> tuple[str, ...]:
    """Return what this version leaves open or breaks, one sentence each, for a person."""
    return tuple(sentence for since, sentence in _GAPS if abi < since)


def open_without_links(path: str) -> int:
    """Open a path for naming it to the kernel only, one part after the other, and refuse symbolic links.

    A grant names a real path.  If a part of it has become a link since, the grant would mean another folder (P27).

    Parameters
    ----------
    path : str
        Absolute path.

    Returns
    -------
    int
        A descriptor that can only be named (``O_PATH``).

    Raises
    ------
    OSError
        ``ELOOP`` for a link, otherwise as the kernel says.
    """
    parts = Path(path).parts
    if not Path(path).is_absolute() or ".." in parts:
        raise OSError(errno.EINVAL, "not an absolute real path", path)
    descriptor = os.open(parts[0], os.O_PATH | os.O_CLOEXEC)
    for part in parts[1:]:
        try:
            following = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
        finally:
            os.close(descriptor)
        descriptor = following
        if stat.S_ISLNK(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.ELOOP, "a part of the granted path has become a symbolic link", path)
    return descriptor


def _offered(table: Iterable[tuple[int, int]], abi: int) -> int:
    return sum(bits for since, bits in table if abi >= since)


def _allow(ruleset: int, descriptor: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        rights &= _ON_A_FILE
    attr = _PathBeneathAttr(rights, descriptor)
    syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(attr), 0)
