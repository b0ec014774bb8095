"""A program that does what its last argument says, and a library."""

from __future__ import annotations

PROGRAM = r"""(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "ssvm_process" "ssvm_process_set_prog_name" (func $name (param i32 i32)))
  (import "ssvm_process" "ssvm_process_set_timeout" (func $timeout (param i32)))
  (import "ssvm_process" "ssvm_process_run" (func $run (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout_len" (func $stdout_length (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout" (func $get_stdout (param i32)))
  (memory (export "memory") 64)
  (data (i32.const 256) "to stderr")
  (func $length (param $text i32) (result i32) (local $at i32)
    (local.set $at (local.get $text))
    (block $end (loop $next
      (br_if $end (i32.eqz (i32.load8_u (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
    (i32.sub (local.get $at) (local.get $text)))
  (func $print (param $fd i32) (param $at i32) (param $size i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $size))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $copy (param $from i32)
    (block $end (loop $more
      (i32.store (i32.const 16) (i32.const 65536))
      (i32.store (i32.const 20) (i32.const 65536))
      (br_if $end (call $fd_read (local.get $from) (i32.const 16) (i32.const 1) (i32.const 24)))
      (br_if $end (i32.eqz (i32.load (i32.const 24))))
      (call $print (i32.const 1) (i32.const 65536) (i32.load (i32.const 24)))
      (br $more))))
  (func (export "_start") (local $last i32) (local $what i32) (local $rest i32)
    (drop (call $sizes (i32.const 96) (i32.const 100)))
    (drop (call $args (i32.const 512) (i32.const 4096)))
    (local.set $last (i32.load (i32.add (i32.const 508) (i32.mul (i32.const 4) (i32.load (i32.const 96))))))
    (local.set $what (i32.load8_u (local.get $last)))
    (local.set $rest (i32.add (local.get $last) (i32.const 1)))
    ;; n: prints how many arguments it has, its name included
    (if (i32.eq (local.get $what) (i32.const 110)) (then
      (i32.store8 (i32.const 256) (i32.add (i32.const 48) (i32.load (i32.const 96))))
      (call $print (i32.const 1) (i32.const 256) (i32.const 1)) (return)))
    ;; e: copies its stdin
    (if (i32.eq (local.get $what) (i32.const 101)) (then (call $copy (i32.const 0)) (return)))
    ;; a: prints the rest of the argument, and something to stderr
    (if (i32.eq (local.get $what) (i32.const 97)) (then
      (call $print (i32.const 1) (local.get $rest) (call $length (local.get $rest)))
      (call $print (i32.const 2) (i32.const 256) (i32.const 9)) (return)))
    ;; t: traps; x: exits with 3; l: never ends
    (if (i32.eq (local.get $what) (i32.const 116)) (then unreachable))
    (if (i32.eq (local.get $what) (i32.const 120)) (then (call $exit (i32.const 3))))
    (if (i32.eq (local.get $what) (i32.const 108)) (then (loop (br 0))))
    ;; p: prints three MiB
    (if (i32.eq (local.get $what) (i32.const 112)) (then
      (call $print (i32.const 1) (i32.const 65536) (i32.const 3145728)) (return)))
    ;; c: runs the command of this name, and prints its stdout
    (if (i32.eq (local.get $what) (i32.const 99)) (then
      (call $name (local.get $rest) (call $length (local.get $rest)))
      (call $timeout (i32.const 600000))
      (if (call $run) (then (call $exit (i32.const 1))))
      (call $get_stdout (i32.const 65536))
      (call $print (i32.const 1) (i32.const 65536) (call $stdout_length)) (return)))
    ;; f: prints the file of this name in its first folder
    (if (i32.eq (local.get $what) (i32.const 102)) (then
      (if (call $open (i32.const 3) (i32.const 1) (local.get $rest) (call $length (local.get $rest))
        (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 104)) (then (call $exit (i32.const 2))))
      (call $copy (i32.load (i32.const 104)))))))"""

LIBRARY = r"""(module
  (func (export "half") (param i32) (result i32)
    (if (i32.and (local.get 0) (i32.const 1)) (then unreachable)) (i32.div_s (local.get 0) (i32.const 2)))
  (func (export "add") (param f64 f64) (result f64) (f64.add (local.get 0) (local.get 1)))
  (global $count (mut i32) (i32.const 0))
  (func (export "next") (param i32) (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
  (func (export "until") (param i32) (result i32) (loop (br_if 0 (i32.eq (local.get 0) (i32.const 5)))) (local.get 0))
)"""
