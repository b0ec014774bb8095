"""What a guest prints on its way to the cell: how fast it may print, and whether all of it arrives.

``python -m benchmarks.streams``
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from itertools import accumulate
from statistics import median

import wasmtime

from benchmarks.kernel import Kernel, running_kernel
from benchmarks.runner import Row, finish
from ssvm_kernel.display.streams import SHOWN_BYTES, GuestStreams
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import RunTraits
from ssvm_kernel.runtime import Prepared
from ssvm_kernel.session import Session

MIB = 1 << 20
LINES = 100_000
WINDOW = 3.0
"""Seconds over which Jupyter's server counts."""
SERVER_BYTES, SERVER_MESSAGES = 1e6 * WINDOW, 1000 * WINDOW
"""What it lets pass in that time; over it everything is dropped but status messages."""

_WRITE = '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'

FLOOD = f"""(module {_WRITE}
  (memory (export "memory") 4)
  (data (i32.const 0) "\\40\\00\\00\\00\\00\\00\\01\\00")
  (func (export "_start") (local $left i32)
    (memory.fill (i32.const 64) (i32.const 120) (i32.const 65535))
    (i32.store8 (i32.const 65599) (i32.const 10))
    (local.set $left (i32.const %d))
    (loop $again
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
"""
"""Prints so many pieces of 64 KiB."""

COUNT = f"""(module {_WRITE}
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\0c\\00\\00\\00")
  (data (i32.const 16) "line 000000\\0a")
  (func (export "_start") (local $number i32) (local $rest i32) (local $digit i32)
    (loop $lines
      (local.set $rest (local.get $number)) (local.set $digit (i32.const 26))
      (loop $digits
        (i32.store8 (local.get $digit) (i32.add (i32.const 48) (i32.rem_u (local.get $rest) (i32.const 10))))
        (local.set $rest (i32.div_u (local.get $rest) (i32.const 10)))
        (br_if $digits (i32.gt_u (local.tee $digit (i32.sub (local.get $digit) (i32.const 1))) (i32.const 20))))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $lines
        (i32.lt_u (local.tee $number (i32.add (local.get $number) (i32.const 1))) (i32.const {LINES}))))))
"""
"""Prints ``line 000000`` and so on, one write for each."""


class _Nowhere:
    """A surface that shows nothing."""

    live = True

    def write(self, stream: str, text: str) -> None:
        """Drop text."""

    def show(self, bundle: object) -> _Nowhere:
        """Drop an output."""
        del bundle
        return self

    def update(self, bundle: object) -> None:
        """Drop it again."""


def write_speed(rounds: int = 15) -> Row:
    """Measure a guest that prints 64 MiB, of which the cell shows the first megabyte."""
    session = Session()
    speeds = []
    with Prepared(session.grants, Guest("flood", bytes(wasmtime.wat2wasm(FLOOD % 1024))), RunTraits()) as prepared:
        handler = session.runtime.broker.handler(prepared.context)
        for _ in range(rounds + 2):
            streams = GuestStreams(_Nowhere(), SHOWN_BYTES, keep=SHOWN_BYTES)
            outcome = session.runtime.runner.run(prepared.job("jit"), streams, handler)
            streams.close()
            assert streams.totals["stdout"] == 64 * MIB
            speeds.append(64 * MIB / outcome.run / 1e6)
    session.close()
    speeds = sorted(speeds[2:])
    middle = median(speeds)
    return Row(
        "a guest prints 64 MiB with the cap on",
        middle,
        0.0,
        middle,
        1000,
        "MB/s",
        at_least=True,
        samples=rounds,
        spread=(speeds[0], speeds[-1]),
    )


def arrivals(kernel: Kernel, code: str) -> tuple[list[tuple[float, str]], float]:
    """Run a cell; return when which text came, and the seconds until the kernel was idle."""
    started = time.perf_counter()
    request = kernel.client.execute(code)
    came: list[tuple[float, str]] = []
    while True:
        try:
            message = kernel.client.get_iopub_msg(timeout=120)
        except queue.Empty:
            raise TimeoutError(code) from None
        if message["parent_header"].get("msg_id") != request:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "error":
            raise RuntimeError("\n".join(content["traceback"]))
        if kind == "stream":
            came.append((time.perf_counter() - started, content["text"]))
        elif kind == "status" and content["execution_state"] == "idle":
            kernel.client.get_shell_msg(timeout=60)
            return came, time.perf_counter() - started


def most_in_a_window(came: list[tuple[float, str]]) -> tuple[float, float]:
    """Return the most bytes and messages that came within the server's window."""
    sizes = [0, *accumulate(len(text.encode()) for _, text in came)]
    most_bytes = most_messages = first = 0
    for last, (at, _) in enumerate(came):
        while came[first][0] < at - WINDOW:
            first += 1
        most_bytes = max(most_bytes, sizes[last + 1] - sizes[first])
        most_messages = max(most_messages, last + 1 - first)
    return most_bytes, most_messages


def to_the_notebook() -> Iterator[Row]:
    """Measure what arrives of many lines and of a flood, as a front end sees it."""
    with running_kernel() as kernel:
        arrivals(kernel, f"%%ssvm wat --output-limit 2000000\n{COUNT}")
        came, seconds = arrivals(kernel, f"%%ssvm wat --output-limit 2000000\n{COUNT}")
        lines = "".join(text for _, text in came).splitlines()
        if lines != [f"line {number:06}" for number in range(LINES)]:
            raise RuntimeError(f"of {LINES:,} lines {len(lines):,} came, or not as they were")
        most_bytes, most_messages = most_in_a_window(came)
        yield _figure(f"{LINES:,} lines to the notebook, to idle", seconds * 1e3, 5000, "ms")
        yield _figure("most bytes of them in the server's 3 s", most_bytes / 1e3, SERVER_BYTES / 1e3, "kB")
        yield _figure("most messages of them in the server's 3 s", most_messages, SERVER_MESSAGES, "messages")
        came, seconds = arrivals(kernel, f"%%ssvm wat\n{FLOOD % 16_384}")
        if "1.1 GB more were printed and are not shown" not in "".join(text for _, text in came):
            raise RuntimeError("nothing tells what was cut")
        yield _figure("a guest that prints 1 GiB, to idle", seconds * 1e3, 5000, "ms")
        yield _figure("most bytes of it in the server's 3 s", most_in_a_window(came)[0] / 1e3, SERVER_BYTES / 1e3, "kB")


def _figure(name: str, value: float, goal: float, unit: str) -> Row:
    return Row(name, value, 0.0, value, goal, unit, samples=1, spread=(value, value))


def main() -> None:
    """Measure everything and print the table."""
    finish("streams", [write_speed(), *to_the_notebook()])


if __name__ == "__main__":
    main()
