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

ENDS_AS_IT_BEGINS = r"""(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_initialize") WHAT)
  (func (export "one") (result i32) (i32.const 1))
)"""

ASKS = r"""(module
  (import "ssvm_process" "ssvm_process_set_prog_name" (func $name (param i32 i32)))
  (import "ssvm_process" "ssvm_process_run" (func $run (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "true")
  (func (export "ask") (result i32) (call $name (i32.const 8) (i32.const 4)) (call $run))
)"""

ASKS_AND_ENDS = ASKS.replace(
    "(call $run))", '(call $run) (unreachable))\n  (func (export "one") (result i32) (i32.const 1))'
)

SHOWS = r"""(module
  (import "ssvm_display" "show" (func $show (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "text/csva,b")
  (func (export "show") (result i32)
    (call $show (i32.const 8) (i32.const 8) (i32.const 16) (i32.const 3)))
)"""

_ALLOCATOR = r"""
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 4096))
  (global $freed (mut i32) (i32.const 0))
  (func $take (param $size i32) (result i32) (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get $size)) (i32.const 15)) (i32.const -8)))
    (local.get $at))
  (func $drop (param $at i32) (param $size i32)
    (global.set $freed (i32.add (global.get $freed) (local.get $size))))
  (func $reversed (param $at i32) (param $size i32) (result i32) (local $to i32) (local $index i32)
    (local.set $to (call $take (local.get $size)))
    (block $done (loop $next
      (br_if $done (i32.eq (local.get $index) (local.get $size)))
      (i32.store8 (i32.add (local.get $to) (local.get $index)) (i32.load8_u (i32.sub (i32.sub
        (i32.add (local.get $at) (local.get $size)) (local.get $index)) (i32.const 1))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br $next)))
    (local.get $to))
  (func (export "freed") (result i32) (global.get $freed))
"""

# As wasm-bindgen 0.2.61 makes them: one parameter for the allocator, results in memory where the first argument says.
OLD_BINDGEN = f"""(module {_ALLOCATOR}
  (func (export "__wbindgen_malloc") (param i32) (result i32) (call $take (local.get 0)))
  (func (export "__wbindgen_free") (param i32 i32) (call $drop (local.get 0) (local.get 1)))
  (func (export "reverse") (param $result i32) (param $at i32) (param $size i32)
    (i32.store (local.get $result) (call $reversed (local.get $at) (local.get $size)))
    (i32.store offset=4 (local.get $result) (local.get $size)))
  (func (export "length") (param $at i32) (param $size i32) (result i32) (local.get $size))
  (func (export "sub") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
  (func (export "sub64") (param $result i32) (param i32 i32 i32 i32)
    (i64.store (local.get $result) (i64.sub
      (i64.or (i64.extend_i32_u (local.get 1)) (i64.shl (i64.extend_i32_u (local.get 2)) (i64.const 32)))
      (i64.or (i64.extend_i32_u (local.get 3)) (i64.shl (i64.extend_i32_u (local.get 4)) (i64.const 32))))))
)"""

# As later ones make them: sizes with an alignment, results in memory on the guest's stack or as two values.
NEW_BINDGEN = f"""(module {_ALLOCATOR}
  (global $stack (mut i32) (i32.const 2048))
  (func (export "__wbindgen_malloc") (param i32 i32) (result i32) (call $take (local.get 0)))
  (func (export "__wbindgen_free") (param i32 i32 i32) (call $drop (local.get 0) (local.get 1)))
  (func (export "__wbindgen_add_to_stack_pointer") (param i32) (result i32)
    (global.set $stack (i32.add (global.get $stack) (local.get 0))) (global.get $stack))
  (func (export "stack") (result i32) (global.get $stack))
  (func (export "reverse") (param $result i32) (param $at i32) (param $size i32)
    (i32.store (local.get $result) (call $reversed (local.get $at) (local.get $size)))
    (i32.store offset=4 (local.get $result) (local.get $size)))
  (func (export "reverse2") (param $at i32) (param $size i32) (result i32 i32)
    (call $reversed (local.get $at) (local.get $size)) (local.get $size))
)"""

# What wasm-bindgen's guests import of JavaScript, under the names of several versions.
OF_JAVASCRIPT = f"""(module
  (import "wbg" "__wbindgen_throw" (func $throw (param i32 i32)))
  (import "./guest_bg.js" "__wbg___wbindgen_throw_81fc77679af83bc6" (func $later (param i32 i32)))
  (import "./guest_bg.js" "__wbindgen_init_externref_table" (func $prepare))
  (import "wbg" "__wbindgen_object_drop_ref" (func $let-go (param i32)))
  (import "wbg" "__wbg_new_693216e109162396" (func $new (result i32)))
  (import "wbg" "__wbg_new_8a6f238a6ece86ea" (func $new-reference (result externref)))
  (import "wbg" "__wbg_stack_0ddaca5d1abfb52f" (func $stack (param i32 i32)))
  (import "wbg" "__wbg_stack_0ed75d68575b0f3c" (func $stack-of-reference (param i32 externref)))
  (import "wbg" "__wbg_error_09919627ac0992f5" (func $error (param i32 i32)))
  (import "__wbindgen_placeholder__" "__wbindgen_string_new" (func $string (param i32 i32) (result externref)))
  {_ALLOCATOR}
  (global $begun (mut i32) (i32.const 0))
  (data (i32.const 16) "no such\\0aday")
  (func (export "__wbindgen_malloc") (param i32 i32) (result i32) (call $take (local.get 0)))
  (func (export "__wbindgen_start") (call $prepare) (global.set $begun (i32.const 7)))
  (func (export "begun") (result i32) (call $let-go (i32.const 132)) (global.get $begun))
  (func (export "throws") (call $throw (i32.const 16) (i32.const 11)))
  (func (export "throws_later") (call $later (i32.const 16) (i32.const 11)))
  (func (export "throws_far") (call $throw (i32.const -8) (i32.const -1)))
  (func (export "panics")
    (i32.store (i32.const 64) (i32.const -1)) (i32.store (i32.const 68) (i32.const -1))
    (call $stack (i32.const 64) (call $new))
    (call $stack-of-reference (i32.const 64) (call $new-reference))
    (call $error (i32.const 16) (i32.add (i32.const 11) (i32.load (i32.const 68)))))
  (func (export "stack_far") (call $stack (i32.const -4) (i32.const 0)))
  (func (export "asks") (drop (call $string (i32.const 16) (i32.const 3))))
)"""

_LINES = r"""shout(text: string) -> string
packed(values: [u16], ) -> u32
first(values: [f64]) -> f64
liar(data: bytes) -> bytes
small(n: u8) -> i8
wrong(n: f64)
none(x: i32)""".replace("\n", r"\0a")

# With signatures: one in the name of its export, the others in the section.
STATED = f"""(module {_ALLOCATOR}
  (func (export "ssvm_alloc") (param i32) (result i32) (call $take (local.get 0)))
  (func (export "ssvm_free") (param i32 i32) (call $drop (local.get 0) (local.get 1)))
  (func $reverse (param $at i32) (param $size i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (call $reversed (local.get $at) (local.get $size))) (i64.const 32))
      (i64.extend_i32_u (local.get $size))))
  (func (export "reverse(data: bytes) -> bytes # backwards") (param i32 i32) (result i64)
    (call $reverse (local.get 0) (local.get 1)))
  (func (export "shout") (param i32 i32) (result i64) (call $reverse (local.get 0) (local.get 1)))
  (func (export "packed") (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
  (func (export "first") (param i32 i32) (result f64) (f64.load (local.get 0)))
  (func (export "liar") (param i32 i32) (result i64) (i64.const -1))
  (func (export "small") (param i32) (result i32) (local.get 0))
  (func (export "wrong") (param i32) (result i32) (local.get 0))
  (@custom "ssvm_sig" "{_LINES}")
)"""
