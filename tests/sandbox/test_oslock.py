"""The whole lock: what it reports, what makes it fail, and systems that offer less."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from ssvm_kernel.sandbox import landlock, oslock, seccomp

from .locked import command, linux_only, needs_landlock, needs_seccomp, run_child


@needs_landlock
@needs_seccomp
def test_the_report_tells_what_is_in_force():
    found = run_child(
        """
        report = lock_worker(LockPolicy(()))
        results.update(abi=report.landlock_abi, complete=report.complete, notice=report.notice, lines=report.lines())
        attempt("dumpable", libc.prctl, 3, 0, 0, 0, 0)
        """
    )
    assert found["dumpable"] == "0"
    abi = landlock.availability().abi
    assert found["abi"] == abi
    assert found["complete"] is True
    assert found["notice"] == ""
    assert found["lines"][:4] == [
        f"files and network (Landlock): in force (version {abi})",
        "system calls (seccomp): in force",
        "new privileges: out of reach",
        "resource limits: core 0, memlock 0, nofile 256",
    ]


# A kernel or container that offers less, made real: a filter answers the calls that such a one would refuse
LESS = """
import struct
from ssvm_kernel.sandbox.libc import syscall

def answer(number, error):
    "From now on the system call `number` comes to `error`."
    program = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | error), (0x06, 0, 0, 0x7FFF0000)]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    privileges.forbid_new_privileges()
    machine = seccomp.MACHINES[os.uname().machine]
    request = seccomp._SockFprog(len(program), code)
    syscall(machine.seccomp_number, 1, 0, ctypes.byref(request))

seccomp_number = seccomp.MACHINES[os.uname().machine].seccomp_number
"""


@needs_seccomp
@pytest.mark.parametrize(
    ("error", "words"), [("ENOSYS", "5.13"), ("EOPNOTSUPP", "switched off at boot"), ("EPERM", "container")]
)
def test_without_landlock_the_rest_holds_and_the_notice_says_why(error: str, words: str):
    found = run_child(
        LESS
        + "answer(444, getattr(errno, error))\n"
        + "could = oslock.available_locks()\n"
        + "report = lock_worker(LockPolicy((), read=('/usr',)))\n"
        + "results.update(abi=report.landlock_abi, seccomp=report.seccomp, notice=report.notice)\n"
        + "results['same'] = could.missing == report.missing\n"
        + "attempt('fork', os.fork)\nattempt('socket', socket.socket)\nattempt('files', open, '/etc/passwd')",
        error=error,
    )
    assert found["abi"] == 0
    assert found["seccomp"] is True
    assert found["same"] is True
    assert words in found["notice"]
    assert found["fork"] == found["socket"] == "EPERM"
    assert found["files"].startswith("<_io")


@needs_landlock
def test_without_seccomp_landlock_holds_and_the_notice_says_why():
    found = run_child(
        LESS
        + "answer(seccomp_number, errno.ENOSYS)\n"
        + "report = lock_worker(LockPolicy(()))\n"
        + "results.update(abi=report.landlock_abi, seccomp=report.seccomp, notice=report.notice)\n"
        + "attempt('files', open, '/etc/passwd')"
    )
    assert found["abi"] == landlock.availability().abi
    assert found["seccomp"] is False
    assert "system call filters" in found["notice"]
    assert found["files"] == "EACCES"


@needs_landlock
@needs_seccomp
def test_a_system_that_only_says_yes_is_found_out():
    """Some sandboxes take Landlock's calls and do nothing: the worker must not believe it is locked."""
    found = run_child(LESS + "answer(446, 0)\nattempt('lock', lock_worker, LockPolicy(()))")
    assert found["lock"].startswith("LockError: ")
    assert "can still be listed" in found["lock"]


@needs_landlock
@needs_seccomp
def test_a_lock_that_is_offered_and_fails_is_an_error():
    found = run_child(LESS + "answer(446, errno.EPERM)\nattempt('lock', lock_worker, LockPolicy(()))")
    assert found["lock"].startswith("LockError: the guest's process cannot be locked (Landlock)")


@needs_landlock
def test_other_threads_are_locked_too_or_the_lock_fails():
    """Landlock binds the calling thread only, before its eighth version: a second one would stay free."""
    found = run_child(
        """
        go, done = threading.Event(), threading.Event()
        def other():
            go.wait()
            attempt("other thread", open, "/etc/passwd")
            done.set()
        threading.Thread(target=other).start()
        attempt("lock", lock_worker, LockPolicy(()))
        go.set()
        done.wait()
        """
    )
    if landlock.covers_all_threads(landlock.availability().abi):
        assert found["other thread"] == "EACCES"
    else:
        assert "other threads" in found["lock"]
        assert found["lock"].startswith("LockError: ")


def test_it_locks_once():
    found = run_child("lock_worker(LockPolicy(()))\nattempt('again', lock_worker, LockPolicy((), read=('/usr',)))")
    assert found == {"again": "LockError: the guest's process is locked already"}


@needs_landlock
def test_a_granted_folder_that_is_gone_is_an_error(tmp_path: Path):
    found = run_child("attempt('lock', lock_worker, LockPolicy((), read=(gone,)))", gone=str(tmp_path / "gone"))
    assert found["lock"].startswith("LockError: ")
    assert str(tmp_path / "gone") in found["lock"]


@linux_only
def test_only_named_descriptors_stay_open():
    found = run_child(
        """
        kept, reopened, stray = (os.open("/proc/self/maps", os.O_RDONLY) for _ in range(3))
        lock_worker(LockPolicy((kept,), read_descriptors=(reopened,)))
        for name, descriptor in (("kept", kept), ("reopened", reopened), ("stray", stray)):
            attempt(name, lambda: os.fstat(descriptor).st_nlink)
        """
    )
    assert found == {"kept": "1", "reopened": "1", "stray": "EBADF"}


@linux_only
def test_new_files_are_never_writable_by_everybody(tmp_path: Path):
    run_child(
        """
        os.umask(0)
        lock_worker(LockPolicy((), write=(folder,)))
        os.close(os.open(folder + "/new", os.O_CREAT | os.O_WRONLY, 0o666))
        """,
        folder=str(tmp_path.resolve()),
    )
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o664


@needs_seccomp
def test_its_state_is_seen_from_outside():
    """The kernel need not believe a worker: `/proc/PID/status` tells of filter and privileges."""
    child = command("lock_worker(LockPolicy((0,)))\nos.write(1, b'locked\\n')\nos.read(0, 1)")
    with subprocess.Popen(child, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"locked\n"
        lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
        worker.communicate(b"x", timeout=60)
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapEff"], 16) == 0


def test_other_systems_are_told_in_their_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(oslock.sys, "platform", "darwin")
    report = oslock.available_locks()
    assert not report.complete
    assert "darwin" in report.notice
    assert any(line.startswith("missing: ") for line in report.lines())


@linux_only
def test_available_locks_changes_nothing():
    report = oslock.available_locks()
    assert report.landlock_abi == landlock.availability().abi
    assert report.seccomp == (not seccomp.unavailable())
    assert list(Path("/").iterdir())
    socket.socket().close()
