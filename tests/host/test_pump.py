"""`ssvm_kernel.host.pump` on systems that tell less of a process's end than today's Linux."""

from __future__ import annotations

import os
import select

import pytest

from ssvm_kernel.host.execute import CompletionKind, execute

from .approving import approve, children, has_children, wait_gone


def no_pidfd(monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")


def refused_pidfd(monkeypatch):
    def refuse(pid: int) -> int:
        raise PermissionError(pid)

    monkeypatch.setattr(os, "pidfd_open", refuse)


def no_waitid(monkeypatch):
    """As on macOS before Python 3.13."""
    monkeypatch.delattr(os, "pidfd_open")
    monkeypatch.delattr(os, "waitid")


@pytest.mark.parametrize("system", [lambda _: None, no_pidfd, refused_pidfd, no_waitid])
def test_the_end_is_seen(monkeypatch, system):
    system(monkeypatch)
    others = children()
    done = execute(approve("sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 3"))
    assert (done.kind, done.status) == (CompletionKind.EXITED, 3)
    assert done.seconds >= 0.2
    done = execute(approve("sh", "-c", "echo x; kill -9 $$"))
    assert (done.kind, done.status, done.stdout.bytes()) == (CompletionKind.SIGNALLED, 9, b"x\n")
    assert not has_children(others)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system has no descriptor that tells of a process's end")
def test_only_the_end_wakes_it(monkeypatch):
    """A process closes its pipes before it is gone; to be woken for that as well took a twentieth of its time."""
    seen = []

    class Poll:
        def __init__(self):
            self._real = real()
            self.register, self.unregister = self._real.register, self._real.unregister

        def poll(self, timeout):
            if ready := self._real.poll(timeout):
                seen.append(len(ready))
            return ready

    real = select.poll
    monkeypatch.setattr(select, "poll", Poll)
    done = execute(approve("true"))
    assert (done.kind, done.status) == (CompletionKind.EXITED, 0)
    assert seen == [1, 2]  # its end, and then that of both pipes at once


@pytest.mark.parametrize("system", [lambda _: None, no_pidfd, no_waitid])
def test_what_is_left_in_the_background_is_ended(monkeypatch, system):
    system(monkeypatch)
    done = execute(approve("sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"))
    assert done.kind is CompletionKind.EXITED
    assert wait_gone(int(done.stdout.bytes()))


@pytest.mark.parametrize("system", [lambda _: None, no_pidfd, no_waitid])
def test_the_time_is_seen(monkeypatch, system):
    system(monkeypatch)
    others = children()
    done = execute(approve("sh", "-c", "sleep 1000 & echo $!; exec >&- 2>&-; wait", timeout_ms=2500))
    assert done.kind is CompletionKind.TIMED_OUT
    assert wait_gone(int(done.stdout.bytes()))
    assert not has_children(others)
