"""Guests in real worker processes."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import wasmtime

from ssvm_kernel.errors import LoadError, WorkerDied
from ssvm_kernel.host.process import CommandReply
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.protocol import CommandCall, Preopen
from ssvm_kernel.sandbox.runner import Job, Outcome, Runner
from tests.host.approving import descriptor_count

PRINT = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 16) "hello\\n")
  (func $print (param $fd i32) (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start") %s))"""


class Collected:
    """Output that is kept."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.err = bytearray()
        self.flushed = 0

    def stdout(self, data: bytes) -> None:
        self.out += data

    def stderr(self, data: bytes) -> None:
        self.err += data

    def poll(self) -> float | None:
        return None

    def flush(self) -> None:
        self.flushed += 1


def no_commands(
    call: CommandCall, stdin: bytes, wait: Wait, guest: int, answer: Callable[[CommandReply], None]
) -> None:
    raise AssertionError(call)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool()
    yield pool
    pool.close()


@pytest.fixture(params=["jit", "interpreter"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def job(wat: str, engine: str = "jit", **more: object) -> Job:
    wasm = bytes(wasmtime.wat2wasm(wat))
    return Job(wasm, hashlib.sha256(wasm).hexdigest(), engine, **more)  # type: ignore[arg-type]


def run(pool: WorkerPool, job: Job) -> tuple[Outcome, Collected]:
    output = Collected()
    return Runner(pool).run(job, output, no_commands), output


ENDLESS = PRINT % "(call $print (i32.const 1)) (loop $l (br $l))"


@contextmanager
def struck(pid: int, number: int, output: Collected, size: int = 1) -> Iterator[None]:
    """Send a signal in the body, a moment after so many bytes were printed."""
    over = threading.Event()

    def strike() -> None:
        while len(output.out) < size:
            if over.wait(0.01):
                return
        if not over.wait(0.1):
            os.kill(pid, number)

    thread = threading.Thread(target=strike)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_both_streams_and_the_exit_code(pool: WorkerPool, engine: str) -> None:
    body = "(call $print (i32.const 1)) (call $print (i32.const 2)) (call $exit (i32.const %d))"
    for code in (0, 3, 126, 200, 255):
        outcome, output = run(pool, job(PRINT % (body % code), engine))
        assert (outcome.exit_code, bytes(output.out), bytes(output.err)) == (code, b"hello\n", b"hello\n")


def test_a_trap_is_data_and_the_worker_goes_on(pool: WorkerPool, engine: str) -> None:
    outcome, output = run(pool, job(PRINT % "(call $print (i32.const 1)) unreachable", engine))
    assert outcome.exit_code is None
    assert outcome.trap is not None
    assert "unreachable" in outcome.trap.message
    assert output.out == b"hello\n"
    assert run(pool, job(PRINT % "", engine))[0].exit_code == 0


def test_the_same_guest_uses_its_worker_again_and_another_guest_never_does(pool: WorkerPool) -> None:
    first, second = job(PRINT % ""), job(PRINT % "(call $print (i32.const 1))")

    def worker_of(which: Job) -> int:
        run(pool, which)
        assert pool._last is not None
        return pool._last.pid

    one = worker_of(first)
    assert worker_of(first) == one
    assert worker_of(second) != one
    assert worker_of(first) != one


def test_other_folders_are_another_trust_domain(pool: WorkerPool, tmp_path: Path) -> None:
    plain = job(PRINT % "")
    granted = job(PRINT % "", preopens=(Preopen(str(tmp_path), "d", False),))
    assert plain.domain != granted.domain


def test_machine_code_is_cached_and_a_broken_entry_is_compiled_anew(
    pool: WorkerPool, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path))
    one = job(PRINT % "(call $print (i32.const 1))", engine)
    assert run(pool, one)[0].compile > 0
    assert run(pool, one)[0].compile == 0
    for file in tmp_path.rglob("*"):
        if file.is_file():
            file.write_bytes(b"garbage")
    pool.close()
    outcome, output = run(pool, one)
    assert outcome.compile > 0
    assert output.out == b"hello\n"


@pytest.mark.parametrize(
    ("wat", "says"),
    [
        ('(module (import "nobody" "offers" (func)) (func (export "_start")))', "nobody::offers"),
        ('(module (func (export "other")))', "exports no function _start.*other"),
    ],
)
def test_what_cannot_run_is_a_load_error_and_the_next_guest_runs(pool: WorkerPool, wat: str, says: str) -> None:
    with pytest.raises(LoadError, match=says):
        run(pool, job(wat))
    assert run(pool, job(PRINT % ""))[0].exit_code == 0


def test_bytes_that_are_no_module(pool: WorkerPool) -> None:
    with pytest.raises(LoadError):
        run(pool, Job(b"\0asm\1\0\0\0garbage", "0" * 64))


def test_a_worker_that_is_killed_is_a_clear_error_and_the_next_guest_runs(pool: WorkerPool) -> None:
    output = Collected()
    pool.warm()
    assert pool._spare is not None
    with (
        pytest.raises(WorkerDied, match="killed by signal 9"),
        struck(pool._spare.pid, signal.SIGKILL, output),
    ):
        Runner(pool).run(job(ENDLESS), output, no_commands)
    assert run(pool, job(PRINT % ""))[0].exit_code == 0


def test_an_interrupt_keeps_the_output_and_ends_the_worker(pool: WorkerPool, engine: str) -> None:
    output = Collected()
    pool.warm()
    assert pool._spare is not None
    pid = pool._spare.pid
    with pytest.raises(KeyboardInterrupt), struck(os.getpid(), signal.SIGINT, output):
        Runner(pool).run(job(ENDLESS, engine), output, no_commands)
    assert output.out == b"hello\n"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_guest_that_floods_its_stdout_can_be_interrupted(pool: WorkerPool) -> None:
    output = Collected()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), struck(os.getpid(), signal.SIGINT, output, 10_000):
        Runner(pool).run(job(PRINT % "(loop $l (call $print (i32.const 1)) (br $l))"), output, no_commands)
    assert len(output.out) >= 10_000
    assert time.monotonic() - started < 60


def test_memory_limit(pool: WorkerPool, engine: str) -> None:
    wat = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") (call $exit (i32.eq (memory.grow (i32.const 100)) (i32.const -1)))))"""
    assert run(pool, job(wat, engine, memory_bytes=50 * 65536))[0].exit_code == 1
    outcome, _ = run(pool, job(wat, engine))
    assert (outcome.exit_code, outcome.memory_bytes) == (0, 101 * 65536)


def test_the_worker_sees_no_environment_and_no_descriptors(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TOKEN", "secret")
    run(pool, job(PRINT % ""))
    assert pool._last is not None
    base = Path(f"/proc/{pool._last.pid}")
    if not base.exists():
        pytest.skip("needs /proc")
    assert b"secret" not in (base / "environ").read_bytes()
    kinds = []
    for fd in (base / "fd").iterdir():
        with suppress(FileNotFoundError):  # it may still give back the pipes of its run
            kinds.append(str(fd.readlink()).split(":")[0])
    assert kinds.count("socket") == 1


def test_no_descriptor_is_left_behind(pool: WorkerPool) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    one = job(PRINT % "(call $print (i32.const 1))")
    run(pool, one)
    before = descriptor_count()
    for _ in range(50):
        run(pool, one)
    assert descriptor_count() <= before


def test_a_worker_finds_its_modules_from_any_folder(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The kernel may have found the package through a relative folder, and a cell may have changed the folder since."""
    root = str(Path(__file__).parents[2])
    monkeypatch.setattr(sys, "path", ["", *(folder for folder in sys.path if folder not in ("", root))])
    monkeypatch.chdir(tmp_path)
    assert run(pool, job(PRINT % ""))[0].exit_code == 0


def test_of_two_workers_that_come_back_one_is_kept_and_the_other_ended() -> None:
    pool = WorkerPool()
    try:
        job = Job(wasm=b"", sha256="0" * 64, engine="jit")
        first, second = pool.take("a", job.lock), pool.take("a", job.lock)  # a subshell runs a guest beside the cell
        pool.give_back(first)
        pool.give_back(second)
        assert not first.alive
        assert second.alive
        assert pool.take("a", job.lock) is second
        second.kill()
    finally:
        pool.close()
