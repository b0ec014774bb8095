"""The same map on a real Dask cluster of two processes."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import msgspec
import pytest
import wasmtime

from ssvm_kernel.errors import DeniedError, GuestInterrupted, GuestTrap, MapError
from ssvm_kernel.guest import Guest
from ssvm_kernel.library.face import Library
from ssvm_kernel.parallel.remote import run_batch
from ssvm_kernel.parallel.tasks import encoder, result_decoder, task_decoder

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("dask"),  # one cluster for all
    pytest.mark.filterwarnings("ignore:Creating scratch directories"),  # took more than a second, on a busy disk
]


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))  # nothing is there but what travels
        with (
            distributed.LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                processes=True,
                dashboard_address=":0",  # None would be port 8787, which another cluster may have
                local_directory=str(tmp_path_factory.mktemp("dask")),
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client


@pytest.fixture(scope="module")
def executor(client) -> Any:
    return client.get_executor()


class Recorded:
    """An executor that keeps what it passes on."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._client = executor._client
        self.payloads: list[bytes] = []

    def submit(self, function: Any, payload: bytes) -> Any:
        self.payloads.append(payload)
        return self._executor.submit(function, payload)


def test_the_same_results_and_the_module_travels_once_to_a_process(executor, library):
    recorded = Recorded(executor)
    assert library.map("half", range(0, 2000, 2), executor=recorded, batch=100) == list(range(1000))
    tasks = [task_decoder.decode(payload) for payload in recorded.payloads]
    assert 1 <= sum(bool(task.wasm) for task in tasks) <= 4  # two processes, two batches on the way to each
    again = Recorded(executor)
    assert library.map("half", range(0, 200, 2), executor=again) == list(range(100))
    assert not any(task_decoder.decode(payload).wasm for payload in again.payloads)


def test_runs_and_errors_come_back(executor, program):
    runs = program.map([], ["a1", "t", "a2"], executor=executor, return_exceptions=True)
    assert [runs[0].stdout, runs[2].stdout] == ["1", "2"]
    assert isinstance(runs[1], MapError)
    assert (runs[1].index, type(runs[1].error)) == (1, GuestTrap)


def test_grants_are_enforced_there_and_the_ledger_comes_back(executor, session, program):
    before = session.ledger.written
    with pytest.raises(MapError) as caught:
        program.map([], ["cuname"], executor=executor)
    assert isinstance(caught.value.error, DeniedError)
    (run,) = program.map([], ["cuname"], executor=executor, allow_command=["=uname"])
    assert run.stdout.strip() == os.uname().sysname
    assert [line.decision.effect for line in session.ledger.since(before)] == ["deny", "allow"]


def test_an_interrupt_cancels_also_what_runs_there(executor, client, program):
    timer = threading.Timer(2.0, os.kill, [os.getpid(), 2])
    timer.start()
    with pytest.raises(GuestInterrupted):
        program.map([], ["l"] * 3, executor=executor, batch=1)
    deadline = time.monotonic() + 120
    while any(client.processing().values()) and time.monotonic() < deadline:
        time.sleep(0.2)
    # Both processes have a thread again, which an endless run would hold.
    assert [run.stdout for run in program.map([], ["a1", "a2"], executor=executor, batch=1)] == ["1", "2"]


def test_a_module_is_taken_only_for_its_own_hash(program, monkeypatch, tmp_path):
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path))
    recorded: list[bytes] = []

    class Local:
        def submit(self, function: Any, payload: bytes) -> Future[bytes]:
            recorded.append(payload)
            future: Future[bytes] = Future()
            future.set_result(function(payload))
            return future

    other = Guest("other", bytes(wasmtime.wat2wasm('(module (func (export "_start")))')))
    Library(program._session, other).map([], ["a"], executor=Local())
    sent = next(task for task in map(task_decoder.decode, recorded) if task.wasm)
    assert hashlib.sha256(sent.wasm).hexdigest() == sent.setting.sha256
    claimed = msgspec.structs.replace(sent.setting, sha256="0" * 64)
    answer = run_batch(encoder.encode(msgspec.structs.replace(sent, setting=claimed)))
    assert result_decoder.decode(answer).needs_module
