"""The messages between worker and kernel, with a worker that sends anything (X02): many of them, without a process."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssvm_kernel.errors import LoadError, SsvmError, WorkerDied
from ssvm_kernel.host.process import denied_reply
from ssvm_kernel.sandbox import pool, protocol, workerprocess
from ssvm_kernel.sandbox.runner import Job, Runner
from ssvm_kernel.sandbox.wire import pack
from tests.sandbox.test_runner import Collected

WASM = b"\0asm\1\0\0\0"
JOB = Job(WASM, hashlib.sha256(WASM).hexdigest())

small = st.text(max_size=5)
numbers = st.one_of(st.integers(-(2**63), 2**64 - 1), st.sampled_from([0, -1, 2**31]))
seconds = st.floats()
messages = st.one_of(
    st.builds(protocol.Ready, numbers),
    st.builds(protocol.Compiled, seconds),
    st.builds(protocol.Failed, st.sampled_from(["lock", "compile", "load", "link", "stale", "internal", "x"]), small),
    st.builds(
        protocol.CommandCall,
        st.binary(max_size=9),
        st.lists(st.binary(max_size=9), max_size=3).map(tuple),
        st.lists(st.tuples(st.binary(max_size=4), st.binary(max_size=4)), max_size=3).map(tuple),
        numbers,
    ),
    st.builds(
        lambda code, message, time, memory: protocol.Finished(
            code, protocol.TrapInfo(message) if message else None, time, time, time, time, memory
        ),
        st.none() | numbers,
        small,
        seconds,
        numbers,
    ),
    st.builds(protocol.Locked, numbers, st.booleans(), st.booleans(), st.just(()), st.just(())),
).map(protocol.encode)
junk = st.recursive(
    st.none() | st.booleans() | numbers | seconds | small | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(small, inner, max_size=3),
    max_leaves=8,
).map(msgspec.msgpack.encode)
named = st.builds(
    lambda name, rest: msgspec.msgpack.encode([name, *rest]),
    st.sampled_from(
        ["Finished", "CommandCall", "Failed", "Compiled", "Locked", "Run", "CommandReply", "Lock", "Grant"]
    ),
    st.lists(st.none() | numbers | small | st.binary(max_size=5), max_size=8),
)
frames = st.one_of(
    st.tuples(st.one_of(messages, messages, junk, named, st.binary(max_size=30)), st.binary(max_size=20)).map(
        lambda pair: pack(pair[0], len(pair[1])) + pair[1]
    ),
    st.binary(max_size=40),
)


class _Puppet:
    """A worker's process that is a thread: it says what it was told to, and closes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.thread: threading.Thread | None = None

    def start(self, argv, env, fds) -> SimpleNamespace:
        ours = socket.socket(fileno=socket.dup(fds[0]))
        self.thread = threading.Thread(target=self._talk, args=(ours,))
        self.thread.start()
        return SimpleNamespace(pid=0, returncode=-9, poll=lambda: None, wait=lambda timeout=None: -9)

    def _talk(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            sock.sendall(self.data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1 << 16):
                pass


@contextlib.contextmanager
def worker_that_says(data: bytes) -> Iterator[pool.WorkerPool]:
    puppet = _Puppet(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workerprocess, "start_worker", puppet.start)
        patch.setattr(workerprocess, "kill_group", lambda process: None)
        workers = pool.WorkerPool()
        try:
            yield workers
        finally:
            workers.close()
            assert puppet.thread is not None
            puppet.thread.join(30)
            assert not puppet.thread.is_alive()


@settings(max_examples=400, deadline=None)
@example(said=[pack(b"\x91\xab" + b"\x80" * 11)], cached=False)  # a tag that is not UTF-8
@example(said=[pack(b"\x91" * 1_000_000)], cached=True)  # nested without end
@given(said=st.lists(frames, max_size=6), cached=st.booleans())
def test_x02_anything_at_all_is_an_outcome_or_a_clear_error(tmp_path_factory, said: list[bytes], cached: bool) -> None:
    asked: list[protocol.CommandCall] = []

    def person(call, stdin, wait, *more):
        assert isinstance(call, protocol.CommandCall)
        assert isinstance(call.name, bytes)
        assert all(isinstance(item, bytes) for item in (*call.args, *(each for pair in call.env for each in pair)))
        asked.append(call)
        return denied_reply(call.name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_CACHE_DIR", str(tmp_path_factory.getbasetemp() / f"fuzz-{cached}"))
        data = b"".join(said if cached else [pack(protocol.encode(protocol.Compiled(0.1)), 4) + b"code", *said])
        with worker_that_says(data) as workers:
            try:
                outcome = Runner(workers).run(JOB, Collected(), person)
            except (WorkerDied, LoadError, SsvmError):
                return
    assert isinstance(outcome.exit_code, int | None)
    assert len(asked) <= len(said)
