"""Guests for the command line, in WAT."""

from __future__ import annotations

_WASI = {
    "fd_write": "(param i32 i32 i32 i32) (result i32)",
    "fd_read": "(param i32 i32 i32 i32) (result i32)",
    "proc_exit": "(param i32)",
    "args_sizes_get": "(param i32 i32) (result i32)",
    "args_get": "(param i32 i32) (result i32)",
    "environ_sizes_get": "(param i32 i32) (result i32)",
    "environ_get": "(param i32 i32) (result i32)",
    "path_open": "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)",
}
_PROCESS = {
    "set_prog_name": "(param i32 i32)",
    "add_arg": "(param i32 i32)",
    "run": "(result i32)",
    "get_stdout_len": "(result i32)",
    "get_stdout": "(param i32)",
    "get_stderr_len": "(result i32)",
    "get_stderr": "(param i32)",
}


def guest(body: str, *, uses: tuple[str, ...] = (), prefix: str = "", data: str = "", more: str = "") -> str:
    """Return a command module whose body may ``(call $print FD AT SIZE)`` and ``(call $proc_exit N)``."""
    wasi = "".join(
        f'(import "wasi_snapshot_preview1" "{name}" (func ${name} {_WASI[name]}))'
        for name in dict.fromkeys(("fd_write", "proc_exit", *uses))
    )
    process = "".join(
        f'(import "{prefix}" "{prefix}_{name}" (func ${name} {type_}))' for name, type_ in _PROCESS.items()
    )
    return f"""(module {wasi} {process if prefix else ""}
      (memory (export "memory") 64) {data}
      (func $print (param $fd i32) (param $at i32) (param $size i32)
        (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $size))
        (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
      {more}
      (func (export "_start") (local $code i32) {body}))"""


HELLO = guest(
    "(call $print (i32.const 1) (i32.const 16) (i32.const 6)) (call $print (i32.const 2) (i32.const 32) (i32.const 4))",
    data='(data (i32.const 16) "hello\\n") (data (i32.const 32) "err\\n")',
)


def exits(code: int) -> str:
    """Return a guest that exits with `code`."""
    return guest(f"(call $proc_exit (i32.const {code}))")


TRAPS = guest(
    "(call $print (i32.const 1) (i32.const 16) (i32.const 4)) unreachable", data='(data (i32.const 16) "one\\n")'
)
ENDLESS = guest("(loop (br 0))")
CAT_BODY = """
  (loop $again
    (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 65536))
    (local.set $code (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (if (local.get $code) (then (call $proc_exit (local.get $code))))
    (local.set $code (i32.load (i32.const 8)))
    (if (local.get $code) (then
      (call $print (i32.const 1) (i32.const 65536) (local.get $code)) (br $again))))"""
CAT = guest(CAT_BODY, uses=("fd_read",))
FLOOD = guest("(loop (call $print (i32.const 1) (i32.const 1024) (i32.const 65536)) (br 0))")
ARGUMENTS = guest(
    "(drop (call $args_sizes_get (i32.const 16) (i32.const 20)))"
    "(drop (call $args_get (i32.const 1024) (i32.const 4096)))"
    "(call $print (i32.const 1) (i32.const 4096) (i32.load (i32.const 20)))",
    uses=("args_sizes_get", "args_get"),
)
ENVIRONMENT = guest(
    "(drop (call $environ_sizes_get (i32.const 16) (i32.const 20)))"
    "(drop (call $environ_get (i32.const 1024) (i32.const 4096)))"
    "(call $print (i32.const 1) (i32.const 4096) (i32.load (i32.const 20)))",
    uses=("environ_sizes_get", "environ_get"),
)
_OPEN = (
    "(local.set $code (call $path_open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 8) (i32.const {flags})"
    " (i64.const {rights}) (i64.const 0) (i32.const 0) (i32.const 24)))"
    " (if (local.get $code) (then (call $proc_exit (local.get $code))))"
)
WRITES = guest(
    _OPEN.format(flags=1, rights=64) + "(call $print (i32.load (i32.const 24)) (i32.const 32) (i32.const 7))",
    uses=("path_open",),
    data='(data (i32.const 16) "file.txt") (data (i32.const 32) "written")',
)
READS = guest(
    _OPEN.format(flags=0, rights=2)
    + "(i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 9))"
    "(drop (call $fd_read (i32.load (i32.const 24)) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "(call $print (i32.const 1) (i32.const 65536) (i32.load (i32.const 8)))",
    uses=("path_open", "fd_read"),
    data='(data (i32.const 16) "file.txt")',
)
REACTOR = """(module
  (global $ready (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $ready (i32.const 1)))
  (func (export "ready") (result i32) (global.get $ready))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "all") (param i32 i64 f32 f64) (result i32 i64 f32 f64)
    (local.get 0) (local.get 1) (local.get 2) (local.get 3))
  (func (export "boom") unreachable)
  (func (export "loop") (loop (br 0))))"""
TOO_LARGE = '(module (memory 3) (func (export "_start")))'


def commands(prefix: str, *argv: str, first: str = "", then: str = "", uses: tuple[str, ...] = ()) -> str:
    """Return a guest that prints `first`, runs a command, prints what that printed, and exits with its code."""
    at, data = 4096, []

    def text(value: str) -> str:
        nonlocal at
        encoded = value.encode()
        escaped = "".join(f"\\{byte:02x}" for byte in encoded)
        data.append(f'(data (i32.const {at}) "{escaped}")')
        place = f"(i32.const {at}) (i32.const {len(encoded)})"
        at += len(encoded)
        return place

    calls = [f"(call $set_prog_name {text(argv[0])})", *(f"(call $add_arg {text(item)})" for item in argv[1:])]
    calls.insert(0, f"(call $print (i32.const 1) {text(first)})")
    return guest(
        f"""{" ".join(calls)} (local.set $code (call $run))
        (call $get_stdout (i32.const 65536)) (call $print (i32.const 1) (i32.const 65536) (call $get_stdout_len))
        (call $get_stderr (i32.const 65536)) (call $print (i32.const 2) (i32.const 65536) (call $get_stderr_len))
        {then}
        (call $proc_exit (i32.and (local.get $code) (i32.const 255)))""",
        prefix=prefix,
        data=" ".join(data),
        uses=uses,
    )
