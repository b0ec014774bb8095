"""Guests whose functions are called, in WAT."""

from __future__ import annotations

NUMBERS = r"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (data (i32.const 8) "\10\00\00\00\06\00\00\00hello\0a")
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0)) (else (i32.add
      (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "next") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
  (func (export "add64") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
  (func (export "halves") (param f32 f64) (result f32 f64)
    (f32.mul (local.get 0) (f32.const 0.5)) (f64.mul (local.get 1) (f64.const 0.5)))
  (func (export "same") (param i32) (result i32) (local.get 0))
  (func (export "hello") (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0))))
  (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "loop") (loop (br 0)))
  (func (export "vector") (param v128))
)"""

ASKS = r"""(module
  (import "ssvm_process" "ssvm_process_set_prog_name" (func $name (param i32 i32)))
  (import "ssvm_process" "ssvm_process_run" (func $run (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "true")
  (func (export "ask") (result i32) (call $name (i32.const 8) (i32.const 4)) (call $run))
)"""
