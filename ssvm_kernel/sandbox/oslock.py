"""The last wall: the operating system holds the worker, even if a guest breaks out of the engine (rule 20).

`lock_worker` is called once in a worker, before it touches anything that came from outside, and closes in this order:

1. descriptors that nobody named, resource limits, core dumps and other processes' view of this one;
2. root's separate rights, and all ways to new ones (``no_new_privs``, which the next two need);
3. Landlock: only the granted files and folders can be opened, no network;
4. seccomp: no new processes, no sockets, no change to files that Landlock does not rule; last, because it refuses the
   calls that the others are made of.  A guest that may ask for the network gets its sockets from the kernel's process.

What must come before: all imports, since no file of Python can be read any more, and `wasmtime.Engine`, ``Linker`` and
``define_wasi`` if they are to be warm; none of these starts a thread.  What must come after: compiling, whose threads
(and the WASI threads of the first run) would otherwise keep rights that the guest's thread no longer has.  For a
compile the same lock is used: it handles the guest's bytes too.

What stays possible: seeing that a path exists and its metadata (``stat``), since neither Landlock nor seccomp can tell
paths apart there.  Where grants overlap, the kernel adds them up: a read-only folder inside a writable one is kept
read-only by the engine alone.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ssvm_kernel.errors import LockError
from ssvm_kernel.sandbox import landlock, privileges, seccomp
from ssvm_kernel.sandbox.rlimits import ResourceLimits, apply_rlimits

__all__ = ["LockPolicy", "LockReport", "ResourceLimits", "available_locks", "lock_worker", "network_unavailable"]

_OTHERS_MAY_WRITE = 0o002
_MEMORY = "/proc/self/mem"
_called = False
_PATIENCE = 5.0
"""Seconds for threads to end that a library started while it was loaded."""


@dataclass(frozen=True)
class LockPolicy:
    """What a worker keeps.

    Parameters
    ----------
    keep_descriptors : tuple of int
        Descriptors above 2 that stay open: its socket, the guest's pipes, a file of machine code.
    read : tuple of str
        Absolute real paths of folders and files that can be read.
    write : tuple of str
        Absolute real paths of folders and files that can be read and written.
    read_descriptors : tuple of int
        Open regular files that can be opened again by ``/dev/fd/N``; pipes and memory files always can.
    parent : int
        Process number of the kernel; the worker ends with the thread of it that started the worker. 0 for none.
    limits : ResourceLimits
        Limits of the operating system.
    network : bool
        Whether its calls for sockets and connections wait for an answer (`ssvm_kernel.host.netguard`).
    """

    keep_descriptors: tuple[int, ...]
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    read_descriptors: tuple[int, ...] = ()
    parent: int = 0
    limits: ResourceLimits = field(default_factory=ResourceLimits)
    network: bool = False


@dataclass(frozen=True)
class LockReport:
    """What the operating system holds a worker with.

    Parameters
    ----------
    landlock_abi : int
        Version of Landlock in force, 0 for none.
    seccomp : bool
        Whether the system call filter is in force.
    no_new_privs : bool
        Whether new privileges are out of reach.
    rlimits : tuple of (str, int)
        Resource limits, by name.
    missing : tuple of str
        What is not in force and why, one sentence each, for a person.
    guard : tuple of int
        Two descriptors for whoever answers its calls for the network: those calls, and its memory; or none.
    no_network : str
        Why it can have no network, for a person, where it should have had one.
    """

    landlock_abi: int = 0
    seccomp: bool = False
    no_new_privs: bool = False
    rlimits: tuple[tuple[str, int], ...] = ()
    missing: tuple[str, ...] = ()
    guard: tuple[int, ...] = ()
    no_network: str = ""

    @property
    def complete(self) -> bool:
        """Whether both walls stand: files and system calls."""
        return bool(self.landlock_abi and self.seccomp)

    @property
    def notice(self) -> str:
        """One line for a cell when a wall is missing; empty otherwise."""
        if self.complete:
            return ""
        return (
            f"The operating system does not fully lock the guest's process here: {'; '.join(self.missing)}. A guest "
            "still has only what you grant, as long as the WebAssembly engine has no hole (%ssvm doctor tells more)."
        )

    def lines(self) -> tuple[str, ...]:
        """Return what is in force and what is not, for `%ssvm doctor`."""
        files = f"in force (version {self.landlock_abi})" if self.landlock_abi else "not in force"
        limits = ", ".join(f"{name} {value}" for name, value in self.rlimits) or "none"
        return (
            f"files and network (Landlock): {files}",
            f"system calls (seccomp): {'in force' if self.seccomp else 'not in force'}",
            f"new privileges: {'out of reach' if self.no_new_privs else 'not ruled'}",
            f"resource limits: {limits}",
            *(f"missing: {sentence}" for sentence in self.missing),
        )


def available_locks() -> LockReport:
    """Return what `lock_worker` could put in force here, without locking anything."""
    if sys.platform != "linux":
        return LockReport(missing=(_not_linux(),))
    offer, no_seccomp = landlock.availability(), seccomp.unavailable()
    return LockReport(
        landlock_abi=offer.abi, seccomp=not no_seccomp, no_new_privs=True, missing=_missing(offer, no_seccomp)
    )


def lock_worker(policy: LockPolicy) -> LockReport:
    """Lock this process, for good.

    Parameters
    ----------
    policy : LockPolicy
        What it keeps.

    Returns
    -------
    LockReport
        What is in force. A lock that the system does not offer is named there and is no error.

    Raises
    ------
    LockError
        When a lock that the system offers does not close: a granted path is gone or has become a link, other threads
        run already, the parent has ended, or the system refuses. The process must not go on.  Also when it is called
        again: a locked process cannot be asked what it offers, and its grants cannot grow.
    """
    global _called
    if _called:
        raise LockError("the guest's process is locked already")
    _called = True
    os.umask(os.umask(0o077) | _OTHERS_MAY_WRITE)
    if sys.platform == "linux":
        return _lock_linux(policy)
    with _as_lock_error("resource limits"):
        why = _not_linux() if policy.network else ""
        return LockReport(rlimits=apply_rlimits(policy.limits), missing=(_not_linux(),), no_network=why)


def _lock_linux(policy: LockPolicy) -> LockReport:
    offer, no_seccomp = landlock.availability(), seccomp.unavailable()
    no_network = (seccomp.unanswerable() or _cannot_be_read()) if policy.network else ""
    guarded = policy.network and not no_network
    if offer.abi and not landlock.covers_all_threads(offer.abi) and not _alone():
        raise LockError("the guest's process cannot be locked: it has started other threads already")
    with _as_lock_error("its descriptors"):
        privileges.close_other_descriptors({*policy.keep_descriptors, *policy.read_descriptors})
    with _as_lock_error("resource limits"):
        rlimits = apply_rlimits(policy.limits)
    with _as_lock_error("privileges"):
        # opened before the next line: afterwards nobody could, not even the one who answers its calls
        memory = os.open(_MEMORY, os.O_RDONLY | os.O_CLOEXEC) if guarded else -1
        privileges.hide_from_other_processes()
        privileges.forbid_new_privileges()
        # a kernel that runs as root may have granted a folder of another user
        privileges.drop_capabilities([privileges.CAP_DAC_OVERRIDE] if policy.read or policy.write else [])
        if policy.parent:
            privileges.die_with_parent(policy.parent)
    if offer.abi:
        with _as_lock_error("Landlock"):
            landlock.restrict(offer.abi, policy.read, policy.write, policy.read_descriptors)
            _prove_that_files_are_closed(policy)
    guard: tuple[int, ...] = ()
    if not no_seccomp:
        with _as_lock_error("seccomp"):
            listener = seccomp.install(file_times=bool(policy.write), network=guarded)
        guard = (listener, memory) if guarded else ()
    missing = _missing(offer, no_seccomp)
    return LockReport(offer.abi, not no_seccomp, True, rlimits, missing, guard, no_network)


def network_unavailable() -> str:
    """Return why no guest can have a network here, for a person; empty when it can. Changes nothing."""
    return (seccomp.unanswerable() or _cannot_be_read()) if sys.platform == "linux" else _not_linux()


def _cannot_be_read() -> str:
    return "" if os.access(_MEMORY, os.R_OK) else "a process cannot open its own memory here (/proc/self/mem)"


def _alone() -> bool:
    """Tell whether no other thread runs; those that a library used while it was loaded may be about to end."""
    until = time.monotonic() + _PATIENCE
    while privileges.threads() > 1:
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def _missing(offer: landlock.Availability, no_seccomp: str) -> tuple[str, ...]:
    sentences = [sentence for sentence in (offer.reason, no_seccomp) if sentence]
    if offer.abi:
        sentences += landlock.gaps(offer.abi)
    return tuple(sentences)


def _not_linux() -> str:
    return f"Landlock and seccomp are parts of Linux, and this is {sys.platform}"


def _prove_that_files_are_closed(policy: LockPolicy) -> None:
    """Try what must fail now: some sandboxes answer Landlock's calls and do nothing."""
    if "/" in (*policy.read, *policy.write):
        return
    try:
        descriptor = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        return
    os.close(descriptor)
    raise OSError(errno.EIO, "it is said to be in force, but the root folder can still be listed")


@contextmanager
def _as_lock_error(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LockError(f"the guest's process cannot be locked ({what}): {error}") from error
