"""Attacks that would have all there is: disk, memory, time inside a host function."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from ssvm_kernel.sandbox.rlimits import ResourceLimits
from tests.sandbox.locked import linux_only, run_child

from .play import Cell, Stage, command

ENDLESS = {
    # one clock subscription (16 bytes in, its time-out at 24), 2^62 nanoseconds from now
    "sleep": """(func $attack (call $say (text "on\\n"))
      (i32.store8 (i32.const 1024) (i32.const 7)) (i32.store (i32.const 1040) (i32.const 1))
      (i64.store (i32.const 1048) (i64.const 0x4000000000000000))
      (drop (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 96))))""",
    "random": """(func $attack (local $at i32) (call $say (text "on\\n"))
      (local.set $at (call $room (i32.const 60000000)))
      (loop $again (drop (call $random_get (local.get $at) (i32.const 60000000))) (br $again)))""",
    "command": command("sleep", "1000", before='(call $say (text "on\\n"))'),
    "commands": """(func $attack (call $say (text "on\\n"))
      (loop $again (call $program (text "true")) (drop (call $run)) (br $again)))""",
    "output": '(func $attack (loop $again (call $say (text "on\\n")) (br $again)))',
}


@pytest.mark.parametrize("what", sorted(ENDLESS))
def test_w22_an_interrupt_works_inside_a_host_function(stage: Stage, engine: str, what: str) -> None:
    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while "on" not in stage.cell.streams["stdout"]:
            if time.monotonic() > deadline or over.wait(0.02):
                return
        if over.wait(0.3):
            return
        os.kill(os.getpid(), signal.SIGINT)

    over = threading.Event()
    stage.cell = Cell()
    thread = threading.Thread(target=interrupt)
    thread.start()
    played = stage.play(ENDLESS[what], ["--allow-command", "sleep", "--allow-command", "true"], engine=engine)
    over.set()
    thread.join()
    assert played.raised == "GuestInterrupted", played.everything[-2000:]
    assert played.stdout.startswith("on")
    assert stage.play("(func $attack)", engine=engine).raised == ""


@linux_only
def test_w15_a_file_cannot_grow_beyond_the_limit_of_its_process(tmp_path: Path) -> None:
    found = run_child(
        """
        lock_worker(LockPolicy((), write=(folder,), limits=ResourceLimits(file_bytes=1000)))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        file = os.open(folder + "/grows", os.O_WRONLY | os.O_CREAT)
        attempt("within", os.write, file, b"x" * 1000)
        attempt("beyond", os.write, file, b"x")
        """,
        folder=str(tmp_path.resolve()),
    )
    assert found == {"within": "1000", "beyond": "EFBIG"}
    assert ResourceLimits().file_bytes is None  # no limit by default: SECURITY.md says so


def test_x05_a_guest_cannot_make_the_kernel_remember_without_end(stage: Stage, engine: str) -> None:
    """Each request is 6 MB of arguments; what is kept of a thousand must be what a person can read."""
    import resource

    guest = """(func $attack (local $at i32) (local $n i32)
      (local.set $at (call $room (i32.const 3000000)))
      (memory.fill (local.get $at) (i32.const 97) (i32.const 3000000))
      (loop $again
        (call $program (text "true"))
        (call $argument_bytes (local.get $at) (i32.const 3000000))
        (call $argument_bytes (local.get $at) (i32.const 3000000))
        (drop (call $run))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $n) (i32.const 60)))))"""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    played = stage.play(guest, engine=engine)
    assert played.raised == "DeniedError"
    assert len(played.ledger) == 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
    assert len(played.everything) < 3_000_000
