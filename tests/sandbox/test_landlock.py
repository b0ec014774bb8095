"""Landlock by itself, without the system call filter, on real folders and sockets."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ssvm_kernel.sandbox import landlock
from tests.host.approving import descriptors

from .locked import needs_landlock, run_child

ABI = landlock.availability().abi


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("granted", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path.resolve()


@needs_landlock
@pytest.mark.parametrize("abi", range(1, ABI + 1))
def test_every_version_of_the_interface_closes_what_is_not_granted(folders: Path, abi: int):
    """An older kernel gets fewer rights to rule; the ruleset of each version is one that kernels take."""
    found = run_child(
        """
        landlock_only(abi, read=[root + "/granted"])
        attempt("granted", lambda: open(root + "/granted/file").read())
        attempt("listed", os.listdir, root + "/granted")
        attempt("outside", open, root + "/outside/file")
        attempt("above", os.listdir, root)
        attempt("write", open, root + "/granted/file", "w")
        attempt("new", open, root + "/granted/new", "x")
        attempt("empty", lambda: os.close(os.open(root + "/granted/file", os.O_RDONLY | os.O_TRUNC)))
        """,
        abi=abi,
        root=str(folders),
    )
    # a gap of the first two versions, named in the report
    assert found.pop("empty") == ("None" if abi < 3 else "EACCES")
    assert found == {
        "granted": "'granted'",
        "listed": "['file']",
        "outside": "EACCES",
        "above": "EACCES",
        "write": "EACCES",
        "new": "EACCES",
    }


@needs_landlock
def test_a_writable_folder_takes_all_that_wasi_does_in_it(folders: Path):
    # not a format that runs: the kernel says ENOEXEC where it may be executed, without needing a loader outside
    (folders / "granted" / "program").write_text("nothing that runs")
    (folders / "granted" / "program").chmod(0o755)
    found = run_child(
        """
        landlock_only(abi, write=[folder])
        os.chdir(folder)
        attempt("write", lambda: open("new", "x").write("text"))
        attempt("folder", os.mkdir, "sub")
        attempt("move", os.rename, "new", "sub/new")
        attempt("link", os.link, "sub/new", "again")
        attempt("symbolic link", os.symlink, "sub/new", "soft")
        attempt("follow", lambda: open("soft").read())
        attempt("truncate", lambda: open("again", "r+").truncate(1))
        attempt("unlink", os.unlink, "again")
        attempt("unlink 2", os.unlink, "sub/new")
        attempt("rmdir", os.rmdir, "sub")
        attempt("pipe", os.mkfifo, "fifo")
        attempt("device", os.mknod, "device", stat.S_IFBLK | 0o600, 0)
        attempt("socket", socket.socket(socket.AF_UNIX).bind, "socket")
        attempt("run", os.posix_spawn, "./program", ["program"], {})
        """,
        abi=ABI,
        folder=str(folders / "granted"),
    )
    refused = {name: found.pop(name) for name in ("pipe", "device", "socket", "run")}
    assert set(refused.values()) <= {"EACCES", "EPERM"}  # EPERM: a device needs root first
    move = found.pop("move")
    assert move == ("None" if ABI >= 2 else "EXDEV")
    assert set(found.values()) <= {"None", "4", "1", "'text'"}


@needs_landlock
def test_a_file_can_be_granted_alone(folders: Path):
    found = run_child(
        """
        landlock_only(abi, read=[root + "/granted/file"], write=[root + "/outside/file"])
        attempt("read", lambda: open(root + "/granted/file").read())
        attempt("write", lambda: open(root + "/outside/file", "w").write("new"))
        attempt("write the read-only one", open, root + "/granted/file", "w")
        attempt("its folder", os.listdir, root + "/granted")
        """,
        abi=ABI,
        root=str(folders),
    )
    assert found == {"read": "'granted'", "write": "3", "write the read-only one": "EACCES", "its folder": "EACCES"}


@needs_landlock
def test_which_descriptors_open_again(folders: Path):
    """The guest's pipes and machine code come as descriptors, and the engine opens them by path."""
    found = run_child(
        """
        regular, other = (os.open(root + "/granted/file", os.O_RDONLY) for _ in "12")
        blocked = os.open(root + "/outside/file", os.O_RDONLY)
        landlock_only(abi, read_descriptors=[regular])
        reading, writing = os.pipe()
        attempt("pipe", lambda: os.close(os.open(f"/dev/fd/{writing}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)))
        memory = os.memfd_create("code")
        os.write(memory, b"code")
        attempt("memory file", lambda: open(f"/dev/fd/{memory}", "rb").read())
        attempt("named regular file", lambda: open(f"/dev/fd/{regular}").read())
        attempt("named, for writing", open, f"/dev/fd/{regular}", "r+")
        attempt("another regular file", open, f"/dev/fd/{blocked}")
        attempt("held", lambda: os.read(blocked, 100))
        """,
        abi=ABI,
        root=str(folders),
    )
    assert found == {
        "pipe": "None",
        "memory file": "b'code'",
        "named regular file": "'granted'",
        "named, for writing": "EACCES",
        "another regular file": "EACCES",
        "held": "b'outside'",
    }


@pytest.mark.skipif(ABI < 6, reason="this kernel's Landlock is older than network and scopes")
def test_network_sockets_and_signals_are_closed_without_the_filter(tmp_path: Path):
    name = f"\0ssvm-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(name)
        abstract.listen()
        found = run_child(
            """
            held, peer = socket.socketpair()
            landlock_only(abi)
            attempt("connect", lambda: socket.socket().connect(("127.0.0.1", port)))
            attempt("bind", lambda: socket.socket().bind(("127.0.0.1", 0)))
            attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect(name))
            attempt("signal", os.kill, os.getppid(), 0)
            attempt("own socket", lambda: (held.send(b"x"), peer.recv(1)))
            attempt("own signal", os.kill, os.getpid(), 0)
            """,
            abi=ABI,
            port=server.getsockname()[1],
            name=name,
        )
    assert found == {
        "connect": "EACCES",
        "bind": "EACCES",
        "abstract": "EPERM",
        "signal": "EPERM",
        "own socket": "(1, b'x')",
        "own signal": "None",
    }


@needs_landlock
@pytest.mark.parametrize("path", ["folders/link/file", "folders/link", "folders/gone"])
def test_a_grant_that_changed_is_refused(folders: Path, path: str):
    """P27: between grant and lock a part of the path became a link, or went away."""
    (folders / "link").symlink_to("granted")
    found = run_child(
        "attempt('lock', lambda: landlock_only(abi, read=[path]))\nattempt('free', lambda: len(os.listdir('/')) > 3)",
        abi=ABI,
        path=path.replace("folders", str(folders)),
    )
    assert found == {"lock": "ENOENT" if path.endswith("gone") else "ELOOP", "free": "True"}


@pytest.mark.parametrize("path", ["relative", "/tmp/../etc", ""])
def test_only_absolute_real_paths_are_taken(path: str):
    with pytest.raises(OSError, match="not an absolute real path"):
        landlock.open_without_links(path)


def test_a_path_without_links_opens(folders: Path):
    descriptor = landlock.open_without_links(str(folders / "granted" / "file"))
    try:
        assert os.fstat(descriptor).st_ino == (folders / "granted" / "file").stat().st_ino
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.read(descriptor, 1)
    finally:
        os.close(descriptor)


def test_no_descriptor_leaks(folders: Path):
    before = descriptors()
    (folders / "link").symlink_to("granted")
    for path in ("link/file", "gone/file", "granted/gone"):
        with pytest.raises(OSError, match=r"link|No such"):
            landlock.open_without_links(str(folders / path))
    assert descriptors() <= before


def test_gaps_of_old_versions_are_told():
    assert landlock.gaps(7) == ()
    assert len(landlock.gaps(2)) == 1
    assert len(landlock.gaps(1)) == 2
