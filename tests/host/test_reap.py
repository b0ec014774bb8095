"""`ssvm_kernel.host.reap`: groups end, leaders last, and strangers are never signalled."""

from __future__ import annotations

import os
import subprocess

from ssvm_kernel.host.reap import WAIT_FAILED, end_group, has_ended

from .approving import wait_gone


def start(script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True)


def test_the_group_ends_and_the_leader_is_reaped():
    with start("sleep 1000 & echo $!; wait") as process:
        pid = int(process.stdout.readline())
        assert not has_ended(process)
        end_group(process)
        assert process.returncode == -9
        assert wait_gone(pid)


def test_the_leaders_own_status_counts_and_its_group_ends_all_the_same():
    with start("sleep 1000 & echo $!; exit 3") as process:
        pid = int(process.stdout.readline())
        while not has_ended(process):
            pass
        os.kill(process.pid, 0)  # still there as a zombie: its number is not free
        end_group(process)
        assert process.returncode == 3
        assert wait_gone(pid)


def test_a_process_that_was_reaped_is_not_signalled(monkeypatch):
    with start("exit 0") as process:
        process.wait()
        signalled = []
        monkeypatch.setattr(os, "killpg", lambda *call: signalled.append(call))
        end_group(process)
        assert signalled == []


def test_a_process_whose_status_somebody_else_took_is_not_signalled(monkeypatch):
    signalled = []
    monkeypatch.setattr(os, "killpg", lambda *call: signalled.append(call))
    with start("exit 0") as process:
        os.waitpid(process.pid, 0)
        end_group(process)
        assert has_ended(process)
        assert process.returncode == WAIT_FAILED
    assert signalled == []
