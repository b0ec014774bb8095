"""Guests that the benchmarks run, in WAT; and the speed of those from C cells (``python -m benchmarks.guests``)."""

from __future__ import annotations

__all__ = ["FIB", "HELLO", "LOOP", "SIEVE", "Texts", "command_guest"]

HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 16) "hello\\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
"""

LOOP = '(module (memory (export "memory") 1) (func (export "_start") (loop $again (br $again))))'

FIB = """(module
  (memory (export "memory") 1)
  (func $fib (param $n i32) (result i32)
    (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add
        (call $fib (i32.sub (local.get $n) (i32.const 1)))
        (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func (export "_start") (drop (call $fib (i32.const 32)))))
"""

SIEVE = """(module
  (memory (export "memory") 64)
  (func (export "_start") (local $round i32) (local $p i32) (local $i i32)
    (loop $rounds
      (local.set $p (i32.const 2))
      (loop $primes
        (local.set $i (i32.mul (local.get $p) (i32.const 2)))
        (loop $strike
          (i32.store8 (local.get $i) (i32.const 1))
          (local.set $i (i32.add (local.get $i) (local.get $p)))
          (br_if $strike (i32.lt_u (local.get $i) (i32.const 4000000))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br_if $primes (i32.lt_u (local.get $p) (i32.const 2000))))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $rounds (i32.lt_u (local.get $round) (i32.const 2))))))
"""


class Texts:
    """Texts in a guest's memory, one behind the other.

    Parameters
    ----------
    at : int
        Address of the first one.
    """

    def __init__(self, at: int) -> None:
        self._at = at
        self._all = bytearray()

    @property
    def end(self) -> int:
        """Address behind the last one."""
        return self._at + len(self._all)

    def place(self, text: str | bytes) -> str:
        """Add a text, and return its address and size as a function gets them."""
        data = text.encode() if isinstance(text, str) else text
        place = f"(i32.const {self.end}) (i32.const {len(data)})"
        self._all += data
        return place

    def segment(self) -> str:
        """Return the data segment that puts them there."""
        return f'(data (i32.const {self._at}) "{"".join(f"{chr(92)}{byte:02x}" for byte in self._all)}")'


def command_guest(
    program: str, args: tuple[str, ...] = (), *, times: int = 1, pages: int = 16, stdin: int = 0, fill: bool = False
) -> str:
    """Return a guest that runs one command `times` times and copies its whole stdout into its memory each time.

    Parameters
    ----------
    program, args : str, tuple of str
        The command.
    times : int
        How often it runs.
    pages : int
        Memory of the guest, in pages of 64 KiB.
    stdin : int
        How many bytes of its memory the guest gives to the command.
    fill : bool
        Whether all of its memory is in use, and not only there to be had; it is written before `_start` is.
    """
    texts = Texts(1024)
    name, *rest = map(texts.place, (program, *args))
    start = 2 * 65536
    filling = (
        f"(func $fill (memory.fill (i32.const {start}) (i32.const 1) (i32.const {pages * 65536 - start})))"
        " (start $fill)"
    )
    add_args = "\n      ".join(f"(call $add_arg {item})" for item in rest)
    return f"""(module
  (import "ssvm_process" "ssvm_process_set_prog_name" (func $set_name (param i32 i32)))
  (import "ssvm_process" "ssvm_process_add_arg" (func $add_arg (param i32 i32)))
  (import "ssvm_process" "ssvm_process_set_timeout" (func $set_timeout (param i32)))
  (import "ssvm_process" "ssvm_process_add_stdin" (func $add_stdin (param i32 i32)))
  (import "ssvm_process" "ssvm_process_run" (func $run (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout_len" (func $out_len (result i32)))
  (import "ssvm_process" "ssvm_process_get_stderr_len" (func $err_len (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout" (func $out (param i32)))
  (import "ssvm_process" "ssvm_process_get_stderr" (func $err (param i32)))
  (memory (export "memory") {pages})
  {texts.segment()}
  {filling if fill else ""}
  (func (export "_start") (local $n i32)
    (loop $again
      (call $set_name {name})
      {add_args}
      (call $set_timeout (i32.const 60000))
      (call $add_stdin (i32.const 65536) (i32.const {stdin}))
      (if (call $run) (then unreachable))
      (drop (call $out_len)) (drop (call $err_len))
      (call $out (i32.const 65536)) (call $err (i32.const 1024))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const {times}))))))
"""


def main() -> None:
    """Measure C cells against a native compiler with the same source."""
    from benchmarks.native import against_native
    from benchmarks.runner import finish

    finish("guests", list(against_native()))


if __name__ == "__main__":
    main()
