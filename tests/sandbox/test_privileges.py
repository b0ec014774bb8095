"""What a process gives up, seen in real processes."""

from __future__ import annotations

import os
import select
import signal
import subprocess

import pytest

from .locked import USERS, command, linux_only, run_child

pytestmark = linux_only


@pytest.mark.parametrize("user", USERS)
def test_no_new_privileges_no_capabilities_not_dumpable(user: str):
    found = run_child(
        """
        if nobody:
            become_nobody()
        privileges.hide_from_other_processes()
        privileges.forbid_new_privileges()
        privileges.drop_capabilities()
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        results = {name: status[name].strip() for name in ("NoNewPrivs", "CapEff", "CapPrm", "CapInh", "CapAmb")}
        attempt("dumpable", libc.prctl, 3, 0, 0, 0, 0)
        attempt("own descriptors", lambda: len(os.listdir("/proc/self/fd")) > 3)
        reading, writing = os.pipe()
        attempt("own pipe", lambda: os.close(os.open(f"/dev/fd/{writing}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)))
        """,
        nobody=user == "nobody",
    )
    none = "0" * 16
    assert found == {
        "NoNewPrivs": "1",
        "CapEff": none,
        "CapPrm": none,
        "CapInh": none,
        "CapAmb": none,
        "dumpable": "0",
        "own descriptors": "True",
        "own pipe": "None",
    }


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root has capabilities to keep")
def test_a_kept_capability_is_kept():
    found = run_child(
        """
        privileges.drop_capabilities([privileges.CAP_DAC_OVERRIDE])
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        results["CapEff"] = status["CapEff"].strip()
        attempt("regain", privileges.drop_capabilities, [0, 1, 2])
        results["after"] = dict(line.split(":", 1) for line in open("/proc/self/status"))["CapEff"].strip()
        """
    )
    assert found == {"CapEff": f"{2:016x}", "regain": "None", "after": f"{2:016x}"}


def test_strange_descriptors_are_closed():
    found = run_child(
        """
        kept, stray = os.open("/", os.O_RDONLY), os.open("/etc", os.O_RDONLY)
        inherited = os.dup2(stray, 199)
        privileges.close_other_descriptors([kept])
        attempt("kept", lambda: os.fstat(kept).st_nlink > 0)
        attempt("stray", os.fstat, stray)
        attempt("high", os.fstat, inherited)
        attempt("stdout", lambda: os.fstat(1).st_nlink > 0)
        """
    )
    assert found == {"kept": "True", "stray": "EBADF", "high": "EBADF", "stdout": "True"}


def test_it_dies_with_its_parent():
    """A kernel that is killed takes its guests along, even one in an endless loop."""
    worker = command(
        "lock_worker(LockPolicy((), parent=os.getppid()))\nos.write(1, b'locked\\n')\nwhile True: time.sleep(1)"
    )
    parent = command(
        "import subprocess\nchild = subprocess.Popen(worker)\nchild.wait()",
        worker=worker,
    )
    with subprocess.Popen(parent, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        # the worker is the last to hold the pipe: it ends when the worker does
        assert select.select([process.stdout], [], [], 30)[0]
        assert process.stdout.read() == b""


def test_a_parent_that_is_gone_already_is_an_error():
    found = run_child("attempt('lock', lock_worker, LockPolicy((), parent=os.getppid() + 1))")
    assert found["lock"].startswith("LockError: ")
    assert "has ended" in found["lock"]
