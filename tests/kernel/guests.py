"""Guests in WAT, so that these tests need no compiler."""

from __future__ import annotations

from benchmarks.guests import HELLO, LOOP, Texts

__all__ = ["HELLO", "LOOP", "cell", "command_cell"]

_WASI = """
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"""
_PROCESS = """
  (import "ssvm_process" "ssvm_process_set_prog_name" (func $set_name (param i32 i32)))
  (import "ssvm_process" "ssvm_process_add_arg" (func $add_arg (param i32 i32)))
  (import "ssvm_process" "ssvm_process_add_env" (func $add_env (param i32 i32 i32 i32)))
  (import "ssvm_process" "ssvm_process_set_timeout" (func $set_timeout (param i32)))
  (import "ssvm_process" "ssvm_process_run" (func $run (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout_len" (func $out_len (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout" (func $out (param i32)))
  (import "ssvm_process" "ssvm_process_get_stderr_len" (func $err_len (result i32)))
  (import "ssvm_process" "ssvm_process_get_stderr" (func $err (param i32)))"""


def cell(options: str, body: str, *, data: str = "") -> str:
    """Return a cell whose guest prints with ``(call $print FD POINTER LENGTH)`` and exits with ``(call $exit N)``."""
    return f"""%%ssvm wat {options}
(module {_WASI}
  (memory (export "memory") 64) {data}
  (func $print (param $fd i32) (param $at i32) (param $size i32)
    (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $size))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start") {body}))"""


def command_cell(options: str, *argv: str, env: dict[str, str] | None = None, timeout: int = 600_000) -> str:
    """Return a cell whose guest runs a command, prints what it printed, and exits with its code (modulo 126)."""
    texts = Texts(4096)
    name, *arguments = map(texts.place, argv)
    calls = [f"(call $set_name {name})", *(f"(call $add_arg {place})" for place in arguments)]
    calls += [f"(call $add_env {texts.place(name)} {texts.place(value)})" for name, value in (env or {}).items()]
    return f"""%%ssvm wat {options}
(module {_WASI} {_PROCESS}
  (memory (export "memory") 64) {texts.segment()}
  (func $print (param $fd i32) (param $size i32)
    (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (local.get $size))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start") (local $code i32)
    {" ".join(calls)}
    (call $set_timeout (i32.const {timeout}))
    (local.set $code (call $run))
    (call $out (i32.const 65536)) (call $print (i32.const 1) (call $out_len))
    (call $err (i32.const 65536)) (call $print (i32.const 2) (call $err_len))
    (call $exit (i32.and (local.get $code) (i32.const 63)))))"""
