"""A worker that its guest has taken over: it starts and is locked as every worker, and then does what it likes.

Runs in the worker's process, in place of `ssvm_kernel.sandbox.worker`; each deed is one way to misbehave.
"""

# It tries the system's calls as they are.
# ruff: noqa: PERF203, PTH108, PTH123, PTH208, SIM115

from __future__ import annotations

import array
import ctypes
import errno
import json
import math
import mmap
import os
import random
import signal
import socket
import struct
import time
from collections.abc import Callable

import msgspec

from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.wire import pack, recv_frame
from ssvm_kernel.sandbox.worker import Worker

__all__ = ["DEEDS", "NOISE", "main"]

CALL = protocol.CommandCall(b"/usr/bin/touch", (b"pwned",), (), 10_000)
DONE = protocol.Finished(exit_code=0, trap=None, load=0.0, instantiate=0.0, run=0.0, host=0.0, memory_bytes=0)
NOISE = "\x1b[2J\x1b]0;title\x07\u202e\u200b\r\x9b1A\0"
"""What must not reach a screen: clear it, rename the window, turn text around, move up."""


class Hostile(Worker):
    """A worker whose runs are a deed."""

    deed: Callable[[Hostile, protocol.Run, list[int]], protocol.Finished]

    def _run(self, request: protocol.Run, fds: list[int]) -> tuple[protocol.Finished, bytes]:
        profile = b'{"threads": [{"samples": "none"}]}'  # looked at only where a profile was asked for
        return type(self).deed(self, request, fds), profile

    def frame(self, data: bytes, blob: bytes = b"") -> None:
        self._sock.sendall(pack(data, len(blob)) + blob)

    def say(self, message: protocol.FromWorker | protocol.ToWorker, blob: bytes = b"") -> None:
        self.frame(protocol.encode(message), blob)

    def hear(self) -> protocol.ToWorker:
        received = recv_frame(self._sock)
        if received is None:
            os._exit(1)
        return protocol.decode_to_worker(received[0].header)


def escape(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Try what code that broke out of the engine would try first, and print how each try ended."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent, secret = os.getppid(), request.argv[1]

    def raw(name: str, *args: object) -> None:
        if getattr(libc, name)(*args) < 0:
            raise OSError(ctypes.get_errno(), name)

    tries: dict[str, Callable[[], object]] = {
        "open /etc/passwd": lambda: open("/etc/passwd", "rb"),
        "open a secret": lambda: open(secret, "rb"),
        "open it to write": lambda: open(secret, "ab"),
        "list /": lambda: os.listdir("/"),
        "open the kernel's memory": lambda: open(f"/proc/{parent}/mem", "rb"),
        "open the kernel's environment": lambda: open(f"/proc/{parent}/environ", "rb"),
        "delete": lambda: os.unlink(secret),
        "socket": lambda: socket.socket(),
        "local socket": lambda: socket.socket(socket.AF_UNIX),
        "fork": os.fork,
        "vfork and exec": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "kill the kernel": lambda: os.kill(parent, signal.SIGTERM),
        "trace the kernel": lambda: raw("ptrace", 16, parent, 0, 0),
        "become another": lambda: os.setuid(0),
        "unlock": lambda: raw("prctl", 38, 0, 0, 0, 0),
    }
    found = {}
    for name, attempt in tries.items():
        try:
            attempt()
            found[name] = "done"
        except OSError as error:
            found[name] = errno.errorcode.get(error.errno or 0, "?")
    os.write(fds[0], json.dumps(found).encode() + b"\n")
    return DONE


def changes_an_output(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Have a command print a megabyte, and try to change what it printed; print how each ended."""
    self.say(protocol.CommandCall(b"head", (b"-c", b"1000000", b"/dev/zero"), (), 10_000))
    received = recv_frame(self._sock)
    assert received is not None
    (shelf,) = received[1]
    tries: dict[str, Callable[[], object]] = {
        "write": lambda: os.pwrite(shelf, b"x", 0),
        "write to another opening": lambda: os.pwrite(os.open(f"/proc/self/fd/{shelf}", os.O_RDWR), b"x", 0),
        "map": lambda: mmap.mmap(shelf, 4096),
        "shorten": lambda: os.ftruncate(shelf, 0),
        "map as read and write": lambda: mmap.mmap(shelf, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE),
    }
    found = {}
    for name, attempt in tries.items():
        try:
            attempt()
            found[name] = "done"
        except OSError as error:
            found[name] = errno.errorcode.get(error.errno or 0, "?")
    seen = mmap.mmap(shelf, 0, prot=mmap.PROT_READ)
    os.write(fds[0], json.dumps([found, len(seen[:1_000_000].strip(b"\0"))]).encode() + b"\n")
    return DONE


def flood_of_commands(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Ask a thousand times without waiting for an answer."""
    self._sock.sendall(pack(protocol.encode(CALL)) * 1000)
    return DONE


def shows_without_end(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Show something again and again, waiting for each answer as an honest worker does."""
    for _ in range(100_000):
        self.say(protocol.DisplayCall(b"text/csv"), b"a\n1\n")
        self.hear()
    return DONE


def shows_while_showing(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self._sock.sendall((pack(protocol.encode(protocol.DisplayCall(b"text/csv")), 2) + b"a\n") * 1000)
    return DONE


def asks_for_input(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Want a line typed for a guest that was not given a box."""
    self.say(protocol.InputCall())
    self.hear()
    return DONE


def asks_again_while_asking(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.say(CALL)
    self.say(CALL)
    self.hear()
    return DONE


def ends_while_asking(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.say(CALL)
    return DONE


def dies_while_asking(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.say(CALL)
    os._exit(3)


def never_reads(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Fill the kernel's way to answer: each answer repeats the name three times."""
    call = protocol.CommandCall(b"n" * 1_000_000, (), (), 1)
    for _ in range(20):
        self.say(call)
    time.sleep(30)
    return DONE


def noise_for_frames(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    # The same each time: one in some thousand begins with lengths that could be, and the rest would be waited for.
    self._sock.sendall(random.Random(1).randbytes(100_000))
    time.sleep(30)
    return DONE


def unknown_message(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.frame(b"\x92\xa5Grant\xa3all")
    return DONE


def message_of_the_kernel(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.say(protocol.CommandReply(0, 0, 0))
    return DONE


def wrong_types(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.frame(b"\x95\xabCommandCall\xa4name\x90\x90\x01")  # a name that is text and not bytes
    return DONE


def compiled_in_a_run(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.say(protocol.Compiled(0.0), b"machine code")
    return DONE


def announced_length(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self._sock.sendall(struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF))
    return DONE


def half_a_frame(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self._sock.sendall(struct.pack("<II", 100, 100) + b"x" * 50)
    os._exit(0)


def finishes_twice(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.say(DONE)
    return DONE


def is_locked_by_its_own_word(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Say that nothing holds it, so that the doctor would tell so."""
    self.say(protocol.Locked(99, True, True, (), ("a lie",)))
    self.say(protocol.Ready(1))
    return DONE


def sends_descriptors(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Give the kernel descriptors that it did not ask for."""
    rights = array.array("i", [fds[0]] * 100)
    data = pack(protocol.encode(CALL))
    self._sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    self.hear()
    data = pack(protocol.encode(DONE))
    self._sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    while True:
        time.sleep(1)


def prints_while_asking(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Write to the guest's own streams while the person is being asked."""
    os.write(fds[0], b"before the question\n")
    self.say(CALL)
    time.sleep(0.2)
    os.write(fds[0], b"while it is asked\n")
    os.write(fds[1], b"and on stderr\n")
    self.hear()
    return DONE


def figures_that_are_none(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    return protocol.Finished(0, None, math.nan, math.inf, -math.inf, -1e300, 2**63 - 1)


def results_with_escapes(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Return results that nobody asked for, and that would act on a screen."""
    return msgspec.structs.replace(DONE, results=(NOISE, f"[ssvm] granted{NOISE}\nall", *["1"] * 100_000))


def finishes_honestly(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """Say that all is over, with a profile that is none."""
    return DONE


def trap_with_escapes(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    frames = (protocol.StackFrame(f"f{NOISE}", f"file{NOISE}", 1, 1), protocol.StackFrame(f"g{NOISE}"))
    return protocol.Finished(None, protocol.TrapInfo(f"t{NOISE}", frames), 0.0, 0.0, 0.0, 0.0, 0)


def failure_with_escapes(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.say(protocol.Failed("link", f"it {NOISE}"))
    return DONE


def failure_of_ours_with_escapes(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    self.say(protocol.Failed("internal", f"it {NOISE}\n{NOISE}"))
    return DONE


def impossible_numbers(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    for timeout in (-1, -(2**63), 2**64 - 1):
        self.say(protocol.CommandCall(b"/usr/bin/touch", (b"pwned",), (), timeout))
        self.hear()
    return DONE


def malformed_commands(self: Hostile, request: protocol.Run, fds: list[int]) -> protocol.Finished:
    """What the process interface of an honest worker never sends."""
    twice = ((b"A", b"1"), (b"A", b"2"))
    for name, args, env in (
        (b"", (), ()),
        (b"\0", (), ()),
        (b"/usr/bin/touch", (b"pwned\0x",), ()),
        (b"/usr/bin/touch", (b"pwned",), twice),
        (b"/usr/bin/touch", (b"pwned",), ((b"", b"1"),)),
        (b"/usr/bin/touch", (b"pwned",), ((b"LD_PRELOAD", b"/x.so"),)),
        (b"/usr/bin/touch", (b"pwned",) * 5000, ()),
        (b"\xff" * 5000, (), ()),
    ):
        self.say(protocol.CommandCall(name, args, env, 1000), b"stdin")
        self.hear()
    return DONE


DEEDS = {
    deed.__name__: deed
    for deed in (
        asks_again_while_asking,
        asks_for_input,
        announced_length,
        compiled_in_a_run,
        dies_while_asking,
        ends_while_asking,
        failure_of_ours_with_escapes,
        failure_with_escapes,
        figures_that_are_none,
        finishes_twice,
        flood_of_commands,
        half_a_frame,
        impossible_numbers,
        is_locked_by_its_own_word,
        malformed_commands,
        message_of_the_kernel,
        never_reads,
        noise_for_frames,
        results_with_escapes,
        sends_descriptors,
        shows_while_showing,
        shows_without_end,
        trap_with_escapes,
        unknown_message,
        wrong_types,
    )
}
"""Deeds against the protocol."""


def main(fd: int, parent: int, deed: str) -> None:
    """Serve the kernel, badly."""
    Hostile.deed = {
        **DEEDS,
        "changes_an_output": changes_an_output,
        "escape": escape,
        "finishes_honestly": finishes_honestly,
        "prints_while_asking": prints_while_asking,
    }[deed]
    Hostile(socket.socket(fileno=fd), parent).serve()
