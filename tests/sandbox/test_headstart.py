"""`HeadStarts`: a known job begins early, and its run takes it over."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
import wasmtime
from msgspec.structs import replace as replaced

from ssvm_kernel.host.lending import Lent
from ssvm_kernel.host.models import ModelState
from ssvm_kernel.host.process import CommandReply
from ssvm_kernel.host.waiting import Wait
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.engines import EngineSettings
from ssvm_kernel.sandbox.headstart import Begun
from ssvm_kernel.sandbox.loaded import Loaded
from ssvm_kernel.sandbox.protocol import CommandCall
from ssvm_kernel.sandbox.ready import Ready, ReadyOne
from ssvm_kernel.sandbox.runner import Outcome, Runner
from tests.attacks.test_head_starts import SAYS, begin, play, runner
from tests.host.approving import descriptor_count, descriptors
from tests.sandbox.test_runner import Collected, job, no_commands

__all__ = ["runner"]


def test_the_run_takes_it_over(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last)
    play(runner, SAYS)
    before = descriptor_count()
    early = begin(runner)
    assert early == runner.ahead._begun[threading.get_ident()].worker.pid
    assert play(runner, SAYS) == b"hello\n"
    assert begin(runner) == early
    assert play(runner, SAYS) == b"hello\n"
    assert descriptor_count() <= before  # the spare pipes are others each time


def test_its_name_is_that_of_the_cell_unless_it_has_its_own(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last, "cell-6")
    early = begin(runner, "cell-7")  # another cell ran between
    assert play(runner, replace(SAYS, argv=("cell-7",))) == b"hello\n"
    runner.ahead.learn("cell", runner.last)
    assert begin(runner, "cell-8") == early
    assert play(runner, replace(SAYS, argv=("cell-7",))) == b"hello\n"


_UNTIL_READY = 0.05  # seconds; enough for an instance to be made, and if it is not, the run makes it
COUNTS = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (global $runs (mut i32) (i32.const 48))
  (data (i32.const 0) "\\10\\00\\00\\00\\02\\00\\00\\00") (data (i32.const 16) "00")
  (func $count (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
    (i32.store8 (i32.const 16) (global.get $runs))
    (i32.store8 (i32.const 17) (i32.add (i32.load8_u (i32.const 17)) (i32.const 1)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  %s)"""


def several(runner: Runner, wat: str, times: int = 4) -> list[tuple[bytes, Outcome]]:
    """Run a guest again and again, each time begun ahead but for the first."""
    known, found = job(wat), []
    runner.ahead.learn("cell", None)
    for number in range(times):
        time.sleep(_UNTIL_READY)
        assert bool(begin(runner)) is bool(number)
        output = Collected()
        outcome = runner.run(known, output, no_commands)
        runner.ahead.learn("cell", runner.last)
        found.append((bytes(output.out), outcome))
    return found


def test_an_instance_made_ahead_is_fresh(runner: Runner) -> None:
    found = several(runner, COUNTS % '(func (export "_start") (call $count))')
    assert [out for out, _ in found] == [b"11"] * 4
    assert all(outcome.instantiate > 0 and outcome.memory_bytes == 65536 for _, outcome in found)


def test_an_instance_made_ahead_ends_as_any(runner: Runner) -> None:
    for body, code, trap in (("(call $exit (i32.const 200))", 200, ""), ("unreachable", None, "unreachable")):
        for out, outcome in several(runner, COUNTS % f'(func (export "_start") (call $count) {body})'):
            assert (out, outcome.exit_code) == (b"11", code)
            assert trap in (outcome.trap.message if outcome.trap else "")


def test_a_worker_makes_one_while_nobody_asks_and_gives_it_to_its_run_alone() -> None:
    engine = wasmtime.Engine()
    guest = Loaded(engine, wasmtime.Module(engine, COUNTS % '(func (export "_start") (call $count))'), no_models)
    request = protocol.Run(EngineSettings("jit"), "key", False, ("guest",))
    ours, theirs = socket.socketpair()
    ahead = ReadyOne(no_command, no_display)

    def made(key: str, wanted: protocol.ToWorker) -> tuple[protocol.ToWorker, list[int], Ready | None, int]:
        out, into = os.pipe()
        ahead.expect(replaced(request, key=key), [into, os.dup(into)])
        ahead.make({"key": guest}, ours)
        return *ahead.take(wanted, []), out

    with ours, theirs:
        instances = []
        for _ in range(2):
            message, fds, ready, out = made("key", protocol.Go())
            assert message == request
            assert ready is not None
            assert ready not in instances
            assert ready.run(request, lambda: 0.25).host == 0.25
            assert ahead.take(request, [7]) == (request, [7], None)  # it was for that run alone
            assert os.read(out, 10) == b"11"
            for fd in fds:
                os.close(fd)
            assert os.read(out, 10) == b""
            os.close(out)
            instances.append(ready)
        for other in (request, replaced(request, fuel=1), protocol.Renew()):
            message, fds, ready, out = made("key", other)
            assert (message, fds, ready) == (other, [], None)
            assert os.read(out, 10) == b""  # nobody has the other end any more
            os.close(out)
        message, fds, ready, out = made("of another module", protocol.Go())
        assert (message.key, ready) == ("of another module", None)
        theirs.send(b"x")
        message, more, ready, again = made("key", protocol.Go())
        assert (message, ready) == (request, None)  # somebody waits for an answer: it is made when it is wanted
        for fd in (*fds, *more, out, again):
            os.close(fd)


@pytest.mark.parametrize("between", ["nothing", "another run", "another name", "a run of another guest"])
def test_pipes_that_a_worker_has_ahead_are_used_once_or_closed(runner: Runner, between: str) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last)
    worker = runner._pool._last
    assert worker is not None
    before = descriptor_count()
    for _ in range(3):
        assert worker._expected is not None
        pipes = worker._expected[1]
        held = {one for one in descriptors() if one.split()[0] in {str(pipes.out_read), str(pipes.err_read)}}
        if between == "another run":
            assert play(runner, SAYS) == b"hello\n"
            assert worker._expected is None
            assert begin(runner) == worker.pid
        elif between == "another name":
            runner.ahead._known["cell"].named = False
            assert begin(runner, "cell-7") == worker.pid
            assert play(runner, replace(SAYS, argv=("cell-7",))) == b"hello\n"
            assert begin(runner, SAYS.argv[0]) == worker.pid
        elif between == "a run of another guest":
            assert runner.run(job(COUNTS % '(func (export "_start"))'), Collected(), no_commands).exit_code == 0
            assert not held & descriptors()
            return
        else:
            assert begin(runner) == worker.pid
            begun = runner.ahead.begun
            assert begun is not None
            assert begun.pipes is pipes
        assert play(runner, SAYS) == b"hello\n"
        runner.ahead.learn("cell", runner.last)
    assert descriptor_count() <= before


def no_models() -> ModelState:
    return ModelState(Lent(), closed=True)


def no_command(call: object) -> CommandReply:
    raise AssertionError(call)


def no_display(mime: bytes, data: bytes) -> int:
    raise AssertionError(mime, data)


def test_code_that_runs_with_the_instance_does_not_run_ahead(runner: Runner) -> None:
    found = several(runner, COUNTS % '(start $count) (func (export "_start") (call $count))')
    assert [out for out, _ in found] == [b"1122"] * 4


def test_an_instance_made_ahead_is_for_its_limits_only(runner: Runner) -> None:
    grows = '(func (export "_start") (call $exit (memory.grow (i32.const 4))))'
    assert [outcome.exit_code for _, outcome in several(runner, COUNTS % grows)] == [1] * 4
    other = replace(job(COUNTS % grows), table_elements=7, engine="jit")
    assert runner.run(other, Collected(), no_commands).exit_code == 1
    assert [outcome.exit_code for _, outcome in several(runner, COUNTS % '(func (export "_start"))', 2)] == [0] * 2


def test_what_nobody_knows_does_not_begin(runner: Runner) -> None:
    assert begin(runner) == 0
    play(runner, SAYS)
    assert begin(runner) == 0
    runner.ahead.learn("cell", runner.last)
    runner.ahead.learn("cell", None)
    assert begin(runner) == 0


def test_a_worker_that_ended_meanwhile_is_replaced(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last)
    last = runner._pool._last
    assert last is not None
    os.kill(last.pid, signal.SIGKILL)
    os.waitid(os.P_PID, last.pid, os.WEXITED | os.WNOWAIT)
    assert begin(runner) == 0
    assert play(runner, SAYS) == b"hello\n"


def test_one_begins_on_each_thread_and_stays_with_it(runner: Runner) -> None:
    play(runner, SAYS)
    runner.ahead.learn("cell", runner.last)
    early = begin(runner)
    seen: list[Begun | None] = []
    other = threading.Thread(target=lambda: seen.append(runner.ahead.take(SAYS)))
    other.start()
    other.join()
    assert seen == [None]
    assert begin(runner) == early  # still that one, and no second
    assert play(runner, SAYS) == b"hello\n"


LOOKS = """(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "ssvm_process" "ssvm_process_set_prog_name" (func $program (param i32 i32)))
  (import "ssvm_process" "ssvm_process_run" (func $run (result i32)))
  (memory (export "memory") 1) (data (i32.const 16) "secret") (data (i32.const 32) "true")
  (func (export "_start")
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 0) (i64.const 2)
      (i64.const 0) (i32.const 0) (i32.const 8)))
    (call $program (i32.const 32) (i32.const 4)) (call $exit (call $run))))"""


def test_an_instance_made_ahead_is_watched_and_asks_as_any(runner: Runner) -> None:
    asked: list[bytes] = []

    def on_command(call: CommandCall, stdin: bytes, wait: Wait, guest: int, answer: Callable[..., None]) -> None:
        asked.append(call.name)
        answer(CommandReply(7, b"", b""))

    known = job(LOOKS)
    for number in range(4):
        time.sleep(_UNTIL_READY)
        assert bool(begin_quiet(runner)) is bool(number)
        outcome = runner.run(known, Collected(), on_command)
        runner.ahead.learn("cell", runner.last)
        assert outcome.exit_code == 7
        assert [attempt.path for attempt in outcome.attempts] == [b"secret"]
        assert outcome.host > 0
        assert asked == [b"true"] * (number + 1)


def begin_quiet(runner: Runner) -> int:
    """Begin what was learned, which prints nothing; return its process, 0 if nothing began."""
    runner.ahead.begin("cell", "guest")
    begun = runner.ahead.begun
    return 0 if begun is None else begun.worker.pid
