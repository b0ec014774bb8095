"""Approved commands without a policy, and looking at what is left of a process."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import time
from collections.abc import Collection
from pathlib import Path

from ssvm_kernel.capabilities.approved import ApprovedCommand
from ssvm_kernel.capabilities.model import (
    Asker,
    Command,
    CommandRequest,
    Decision,
    Effect,
    FileIdentity,
    Limits,
    Origin,
    Program,
)
from ssvm_kernel.host.guard import GUARD

ASKER = Asker("test guest", "0" * 64)


def program(name: str | Path) -> Program:
    """Return the file that `name` means now."""
    path = os.path.realpath(shutil.which(str(name), path="/usr/bin:/bin") or name)
    stat = Path(path).stat()
    return Program(path, FileIdentity(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns))


def approve(
    *argv: str | bytes | Path,
    file: str | Path | None = None,
    stdin: bytes = b"",
    env: tuple[tuple[bytes, bytes], ...] = (),
    cwd: str | Path = "/",
    timeout_ms: int = 60_000,
    output_bytes: int = 256 << 20,
) -> ApprovedCommand:
    """Return a command as a policy would have allowed it; `file` is what ``argv[0]`` means."""
    command = Command(
        program=program(file or os.fsdecode(argv[0])),
        argv=tuple(os.fsencode(item) for item in argv),
        env=env,
        cwd=str(cwd),
        stdin=stdin,
        limits=Limits(timeout_ms, output_bytes),
    )
    request = CommandRequest("request-1", ASKER, command)
    return ApprovedCommand(request, Decision("request-1", Effect.ALLOW, Origin.OPTION))


def is_gone(pid: int) -> bool:
    """Tell whether no program runs under this number; a zombie that its new parent has not reaped runs nothing."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in "ZX"


def wait_gone(pid: int, seconds: float = 20.0) -> bool:
    """Wait until a killed process is gone."""
    deadline = time.monotonic() + seconds
    while not is_gone(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def descriptors() -> set[str]:
    """Return what this process has open, but the guard's pipe."""
    found = set()
    for entry in list(Path("/proc/self/fd").iterdir()):
        # The one that lists the folder is closed again when it is looked at, and has another number each time.
        with contextlib.suppress(FileNotFoundError):
            target = entry.readlink()
            if int(entry.name) != GUARD.fileno:
                found.add(f"{entry.name} {target}")
    return found


def descriptor_count() -> int:
    """Return how many descriptors this process has open, without those that only garbage still holds.

    A number to compare with ``<=``: where a collection in between may end what an earlier test dropped.
    """
    gc.collect()
    return len(descriptors())


def children() -> set[int]:
    """Return the children of this process but the guard, zombies included."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):  # /proc/self/task has those of a thread, which may end meanwhile
        with contextlib.suppress(OSError):
            if int((process / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(process.name))
    return found - {GUARD.pid}


def has_children(before: Collection[int] = ()) -> bool:
    """Tell whether this process has a child that it did not have `before`."""
    return bool(children().difference(before))
