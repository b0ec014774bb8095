"""Pipes made before they are needed."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssvm_kernel.host.execute import execute
from ssvm_kernel.host.pipes import Pipes

from .approving import approve, descriptors


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    before = descriptors()
    made = Pipes()
    yield made
    made.close()
    assert descriptors() <= before


def test_a_command_takes_all_of_them(pipes: Pipes) -> None:
    command = approve("sh", "-c", "cat; echo more >&2", stdin=b"text")
    pipes.prepare()
    spare = descriptors()
    done = execute(command, new_pipe=pipes.take)
    assert (done.stdout.bytes(), done.stderr.bytes(), done.status) == (b"text", b"more\n", 0)
    assert len(spare - descriptors()) == 8
    again = execute(
        approve("sh", "-c", "cat; echo more >&2", stdin=b"text"), new_pipe=pipes.take
    )  # when there are none any more
    assert (again.stdout.bytes(), again.stderr.bytes()) == (b"text", b"more\n")


def test_preparing_again_makes_what_is_missing(pipes: Pipes) -> None:
    pipes.prepare()
    before = descriptors()
    pipes.prepare()
    assert descriptors() == before
    taken = pipes.take()
    pipes.prepare()
    assert len(descriptors() - before) == 2
    for end in taken:
        os.close(end)


def test_none_is_given_out_twice(pipes: Pipes) -> None:
    pipes.prepare()
    ends = [end for _ in range(6) for end in pipes.take()]
    assert len(set(ends)) == 12
    assert not any(map(os.get_inheritable, ends))
    for end in ends:
        os.close(end)


def test_where_descriptors_run_short_none_is_held(pipes: Pipes) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = descriptors()
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 5, hard))
    try:
        pipes.prepare()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert descriptors() <= before


FORKS = """
import os
from ssvm_kernel.host.pipes import Pipes
pipes = Pipes()
pipes.prepare()
theirs = os.pipe()
child = os.fork()
if child == 0:
    os.close(theirs[1])
    os.read(theirs[0], 1)  # lives on, as a pool of processes does
    os._exit(0)
os.close(theirs[0])
reading, writing = pipes.take()
os.close(writing)
print(os.read(reading, 1))
pipes.close()
os.close(theirs[1])
os.waitpid(child, 0)
"""


FORKS_MEANWHILE = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
from ssvm_kernel.host.execute import execute
from tests.host.approving import approve
theirs = os.pipe()
children = []
def fork(name, data):
    children.append(os.fork())
    if children[-1] == 0:
        os.close(theirs[1])
        os.read(theirs[0], 1)
        os._exit(0)
done = execute(approve("sh", "-c", "echo x; sleep 0.2; echo y", timeout_ms=5000), fork)
print(done.stdout.bytes(), done.cut)
os.close(theirs[1])
for child in children:
    os.waitpid(child, 0)
"""


@pytest.mark.parametrize(
    ("code", "said"), [(FORKS, "b''\n"), (FORKS_MEANWHILE, "b'x\\ny\\n' False\n")], ids=["ahead", "meanwhile"]
)
def test_a_forked_process_does_not_keep_a_stream_from_its_end(code: str, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == (said, "")
