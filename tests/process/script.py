"""Guests made from a list of calls: each run of a command is told on stdout, in numbers and with its outputs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.guests import Texts
from tests.process.conftest import TYPES

__all__ = ["Told", "block", "reports", "script", "texts"]

_TEXTS = 1 << 20  # where the guest's data begin; what is below is scratch
_BULK = 2 << 20  # the pattern, and later each output
_BLOCK = bytes((7 * index) % 256 for index in range(4096))
_HEADER = struct.Struct("<iiII")

Step = tuple[object, ...]
"""A function of the interface and what it gets, bytes or a number; or one of these: ``("run",)``, ``("run_quietly",)``,
``("add_pattern", size)``, ``("fill_memory", size)``, ``("repeat", count, step, ...)``."""


@dataclass(frozen=True)
class Told:
    """What the guest was told of one run: the code by `run`, by `get_exit_code`, and both outputs."""

    code: int
    exit_code: int
    stdout: bytes
    stderr: bytes


def reports(printed: bytes) -> list[Told]:
    """Return what a guest printed, run by run."""
    told = []
    while printed:
        code, exit_code, out, err = _HEADER.unpack_from(printed)
        rest = printed[_HEADER.size :]
        told.append(Told(code, exit_code, rest[:out], rest[out : out + err]))
        assert len(rest) >= out + err
        printed = rest[out + err :]
    return told


def block(size: int) -> bytes:
    """Return the pattern that ``add_pattern`` gives to a command: blocks of 4096 bytes that begin with their number."""
    return b"".join(struct.pack("<I", index) + _BLOCK[4:] for index in range(size // 4096))


def texts(name: str, *args: str) -> list[Step]:
    """Return the steps that name a program and its arguments."""
    return [("set_prog_name", name.encode()), *(("add_arg", arg.encode()) for arg in args)]


def script(*steps: Step, prefix: str = "ssvm_process") -> str:
    """Return a guest that makes these calls in this order."""
    imports = "".join(f'(import "{prefix}" "{prefix}_{name}" (func ${name} {type_}))' for name, type_ in TYPES.items())
    data = Texts(_TEXTS)
    data.place(_BLOCK)
    body = "\n    ".join(_calls(steps, data))
    assert data.end < _BULK
    return f"""(module {imports}
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 64)
  {data.segment()}
  (func $print (param $at i32) (param $size i32)
    (loop $more (if (local.get $size) (then
      (i32.store (i32.const 16) (local.get $at)) (i32.store (i32.const 20) (local.get $size))
      (if (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)) (then unreachable))
      (local.set $at (i32.add (local.get $at) (i32.load (i32.const 24))))
      (local.set $size (i32.sub (local.get $size) (i32.load (i32.const 24))))
      (br $more)))))
  (func $need (param $end i32) (local $missing i32)
    (local.set $missing (i32.sub
      (i32.shr_u (i32.add (local.get $end) (i32.const 65535)) (i32.const 16)) (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0)) (then
      (if (i32.lt_s (memory.grow (local.get $missing)) (i32.const 0)) (then unreachable)))))
  (func $pattern (param $size i32) (local $done i32)
    (call $need (i32.add (i32.const {_BULK}) (local.get $size)))
    (loop $more
      (memory.copy (i32.add (i32.const {_BULK}) (local.get $done)) (i32.const {_TEXTS}) (i32.const 4096))
      (i32.store (i32.add (i32.const {_BULK}) (local.get $done)) (i32.shr_u (local.get $done) (i32.const 12)))
      (local.set $done (i32.add (local.get $done) (i32.const 4096)))
      (br_if $more (i32.lt_u (local.get $done) (local.get $size))))
    (call $add_stdin (i32.const {_BULK}) (local.get $size)))
  (func $fill (param $size i32)
    (call $need (local.get $size))
    (memory.fill (i32.const {_BULK}) (i32.const 1) (i32.sub (local.get $size) (i32.const {_BULK}))))
  (func $tell (param $code i32) (local $out i32) (local $err i32)
    (local.set $out (call $get_stdout_len))
    (local.set $err (call $get_stderr_len))
    (call $need (i32.add (i32.const {_BULK}) (i32.add (local.get $out) (local.get $err))))
    (i32.store (i32.const 0) (local.get $code)) (i32.store (i32.const 4) (call $get_exit_code))
    (i32.store (i32.const 8) (local.get $out)) (i32.store (i32.const 12) (local.get $err))
    (call $print (i32.const 0) (i32.const 16))
    (call $get_stdout (i32.const {_BULK}))
    (call $get_stderr (i32.add (i32.const {_BULK}) (local.get $out)))
    (call $print (i32.const {_BULK}) (i32.add (local.get $out) (local.get $err))))
  (func (export "_start") (local $n i32)
    {body}))"""


def _calls(steps: tuple[Step, ...], data: Texts) -> Iterator[str]:
    for name, *values in steps:
        if name == "run":
            yield "(call $tell (call $run))"
        elif name == "add_pattern":
            yield f"(call $pattern (i32.const {values[0]}))"
        elif name == "fill_memory":
            yield f"(call $fill (i32.const {values[0]}))"
        elif name == "repeat":
            count, *inner = values
            yield f"(local.set $n (i32.const {count})) (loop $again"
            yield from _calls(tuple(inner), data)
            yield "(br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
        elif name == "run_quietly":
            yield "(drop (call $run))"
        else:
            places = [data.place(item) if isinstance(item, bytes) else f"(i32.const {item})" for item in values]
            yield f"(call ${name} {' '.join(places)})"
