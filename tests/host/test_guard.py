"""`ssvm_kernel.host.guard`: real processes that are killed in the middle of a command."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ssvm_kernel.host.execute import execute
from ssvm_kernel.host.guard import GUARD, Guard

from .approving import approve, children, is_gone, wait_gone

_KERNEL = """
import os, sys
sys.path[:0] = [{here!r}, {root!r}]
from tests.host.approving import approve
from ssvm_kernel.host.execute import execute
from ssvm_kernel.host.guard import GUARD, Guard
def seen(name, data):
    if data:
        if {forks!r} and os.fork() == 0:  # a child of the kernel that holds all of its pipes
            import time
            time.sleep(600)
        print(data.decode().strip(), GUARD.pid, flush=True)
execute(approve("sh", "-c", "sleep 0.3; sleep 600 & echo $$ $!; sleep 600", timeout_ms=600_000), seen)
"""


@pytest.fixture(params=[False, True], ids=["alone", "forked"])
def kernel(request):
    """A process that runs a command without end; and the numbers of the command, its child and the guard."""
    here = Path(__file__).parent
    code = _KERNEL.format(here=str(here), root=str(here.parents[1]), forks=request.param)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    numbers = [int(number) for number in process.stdout.readline().split()]
    yield process, numbers
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_command_does_not_outlive_a_killed_kernel(kernel, number) -> None:
    process, (leader, child, guard) = kernel
    assert not is_gone(leader)
    assert not is_gone(child)
    process.send_signal(number)
    process.wait()
    assert wait_gone(leader)
    assert wait_gone(child)
    assert wait_gone(guard)


_FORKS = """
import os, sys, warnings
warnings.simplefilter("error")
sys.path[:0] = [{root!r}]
from tests.host.approving import approve
from ssvm_kernel.host.execute import execute
from ssvm_kernel.host.guard import GUARD
def seen(name, data):
    if data:
        leader, guard = data.decode().strip(), GUARD.pid
        child = os.fork()
        if child == 0:
            if {runs!r}:
                execute(approve("sleep", "0.2"))
            else:
                GUARD.close()  # as it does at its orderly end
            print(GUARD.pid or 2**30, end=" ", flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print(leader, guard, flush=True)
execute(approve("sh", "-c", "sleep 0.3; echo $$; sleep 600", timeout_ms=600_000), seen)
"""


@pytest.mark.parametrize("runs", [True, False], ids=["with a command of its own", "without"])
def test_a_forked_process_ends_nothing_of_its_parents(runs) -> None:
    code = _FORKS.format(root=str(Path(__file__).parents[2]), runs=runs)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        childs, leader, guard = map(int, process.stdout.readline().split())
        assert childs != guard
        assert wait_gone(childs)
        assert not is_gone(leader)
        assert not is_gone(guard)
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
    assert wait_gone(leader)


def test_a_killed_guard_costs_nothing_and_is_replaced() -> None:
    execute(approve("sleep", "0.1"))
    before = GUARD.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert wait_gone(before)
    assert execute(approve("sh", "-c", "sleep 0.1; exit 3")).status == 3
    assert GUARD.pid not in (None, before)


def test_only_long_commands_are_told_of(monkeypatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(GUARD, "_tell", told.append)
    for _ in range(20):  # on a busy machine even this takes long now and then
        told.clear()
        execute(approve("true"))
        if not told:
            break
    assert told == []
    execute(approve("sleep", "0.1"))
    group, over = told
    assert group == -over > 0


def test_threads_that_need_it_at_once_have_one_guard() -> None:
    """Two threads of a map whose commands are long started one each, and the first one's was lost."""
    for _ in range(5):
        before, guard, all_there = children(), Guard(), threading.Barrier(8)

        def tell(number: int, guard: Guard = guard, all_there: threading.Barrier = all_there) -> None:
            all_there.wait()
            guard.add(number)

        nobody = range(2**30, 2**30 + 8)  # more than any process can have
        threads = [threading.Thread(target=tell, args=(number,)) for number in nobody]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        started = children() - before
        for number in nobody:
            guard.forget(number)
        guard.close()
        assert len(started) == 1
