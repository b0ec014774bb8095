"""`ssvm_kernel.host.spawn`: tools and the worker (approved commands are tried in `test_execute`)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from msgspec import structs

from ssvm_kernel.capabilities.approved import ApprovedCommand
from ssvm_kernel.errors import DeniedError
from ssvm_kernel.host import spawn as module
from ssvm_kernel.host.spawn import ToolResult, kill_group, run_tool, start_worker

from .approving import approve, children, descriptors, has_children, wait_gone


@pytest.fixture(autouse=True)
def nothing_is_left():
    before, others = descriptors(), children()
    yield
    assert descriptors() <= before
    assert not has_children(others)


def test_p31_only_what_was_approved_can_be_spawned():
    request = approve("true").request
    denial = structs.replace(approve("true").decision, request_id="another")
    with pytest.raises(DeniedError):
        ApprovedCommand(request, denial)
    for other in (request, request.command, None):
        with pytest.raises(TypeError, match="only an ApprovedCommand"):
            module.spawn(other)


def test_a_tool():
    done = run_tool(["/bin/sh", "-c", "pwd; echo $A >&2; exit 3"], cwd="/usr", env={"A": "b"})
    assert done == ToolResult(3, b"/usr\n", b"b\n", done.seconds)


def test_a_tool_that_prints_much_and_has_nothing_to_read():
    done = run_tool(["/bin/sh", "-c", "cat; head -c 5000000 /dev/zero; echo err >&2"], cwd="/", env={})
    assert (done.returncode, done.stdout, done.stderr) == (0, bytes(5_000_000), b"err\n")


@pytest.mark.parametrize("known", [True, False])
def test_a_python_whose_own_function_is_not_known_starts_the_same(monkeypatch, known):
    if not known:
        monkeypatch.setattr(module, "_LAST_PARAMETERS", {})
    inherited = os.dup2(1, 200)
    script = "ps -o pid= -o sid= -o pgid= -p $$; test -e /proc/$$/fd/200; echo $?; env; exit 3"
    done = run_tool(["/bin/sh", "-c", script], cwd="/usr", env={"A": "b", "PATH": "/bin:/usr/bin"})
    os.close(inherited)
    ids, there, *variables = done.stdout.decode().splitlines()
    assert len(set(ids.split())) == 1  # leader of its session and group
    assert there == "1"
    assert {"A=b", "PWD=/usr"} <= set(variables)
    assert done.returncode == 3
    for argv, env, cwd, error in (
        (["/no-such-tool"], {}, "/", FileNotFoundError),
        (["/bin/sh"], {}, "/no-such-folder", FileNotFoundError),
        (["/etc/passwd"], {}, "/", PermissionError),
        (["/bin/sh", "a\0b"], {}, "/", OSError),
        (["/bin/sh"], {"A=": "b"}, "/", OSError),
    ):
        with pytest.raises(error) as caught:
            run_tool(argv, cwd=cwd, env=env)
        assert caught.value.filename in (argv[0], cwd)


def test_a_tool_that_is_killed():
    assert run_tool(["/bin/sh", "-c", "kill -9 $$"], cwd="/", env={}).returncode == -9


def test_a_tool_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no-such-tool"):
        run_tool([str(tmp_path / "no-such-tool")], cwd="/", env={})


def test_a_tool_that_takes_too_long_is_gone_with_its_group(tmp_path):
    script = "sleep 1000 & echo $! > pid; mv pid done; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        run_tool(["/bin/sh", "-c", script], cwd=str(tmp_path), env={"PATH": "/bin:/usr/bin"}, timeout=2.5)
    assert wait_gone(int((tmp_path / "done").read_text()))


TOOL = """
import sys
from ssvm_kernel.host.spawn import run_tool
try:
    script = "echo $$ > pid; mv pid done; exec sleep 1000"
    run_tool(["/bin/sh", "-c", script], cwd=sys.argv[1], env={"PATH": "/bin:/usr/bin"})
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_ends_a_tool_at_once(tmp_path):
    with subprocess.Popen([sys.executable, "-c", TOOL, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "done").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "interrupted\n"
    assert wait_gone(int((tmp_path / "done").read_text()))


def test_a_worker_has_its_socket_and_nothing_else():
    ours, theirs = socket.socketpair()
    left, right = os.pipe()
    os.set_inheritable(right, True)
    script = (
        "import os, socket, sys; s = socket.socket(fileno=int(sys.argv[1]));"
        "s.send(repr((sorted(map(int, os.listdir('/proc/self/fd')))[:-1], dict(os.environ), os.getcwd(),"
        "os.getsid(0) == os.getpid())).encode())"
    )
    with ours:
        argv = [sys.executable, "-I", "-S", "-c", script, str(theirs.fileno())]
        worker = start_worker(argv, {"LANG": "C", "LC_ALL": "C.UTF-8"}, [theirs.fileno()])
        theirs.close()
        said = ours.recv(10_000).decode()
        assert worker.wait() == 0
    os.close(left)
    os.close(right)
    fds, environment, cwd, own_session = eval(said, {})  # what our own script printed
    assert len(fds) == 4
    assert fds[:3] == [0, 1, 2]
    assert (environment, cwd, own_session) == ({"LANG": "C", "LC_ALL": "C.UTF-8"}, "/", True)


def test_kill_group_takes_all_and_closes_the_pipes():
    process = subprocess.Popen(
        ["sh", "-c", "sleep 1000 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True
    )
    pid = int(process.stdout.readline())
    kill_group(process)
    assert process.returncode == -9
    assert process.stdout.closed
    assert wait_gone(pid)
    kill_group(process)
