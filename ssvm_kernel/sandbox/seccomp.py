"""A system call filter for the worker: it can compute, talk on what it holds, and open what Landlock lets it open.

The filter is a small program for the kernel (classic BPF).  It is made here because the binding on PyPI
(``pyseccomp``) needs the system's ``libseccomp``, which a wheel cannot bring and many containers lack, and which knows
only the calls of its own time.  Making it is a pure function, so that a test runs it for every call and processor.

What it does not do: it cannot look behind a pointer, so it does not know which path a call names.  That is Landlock's
part.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ssvm_kernel.sandbox.libc import prctl, syscall
from ssvm_kernel.sandbox.syscalls import ALLOWED, CHECKED, GUARDED, HIGHEST

__all__ = [
    "MACHINES",
    "Instruction",
    "Machine",
    "build_filter",
    "guarded_calls",
    "install",
    "unanswerable",
    "unavailable",
]


class Instruction(NamedTuple):
    """One instruction of classic BPF: what to do, how far to jump when true and when false, and a value."""

    code: int
    jump_true: int
    jump_false: int
    value: int


Program: TypeAlias = list[Instruction]


@dataclass(frozen=True)
class Machine:
    """A processor: its name in the kernel's audit numbers, its seccomp call, and its column of call numbers."""

    audit: int
    seccomp_number: int
    column: int


MACHINES = {"x86_64": Machine(0xC000_003E, 317, 0), "aarch64": Machine(0xC000_00B7, 277, 1)}
"""Processors that the filter knows, by the name that Linux gives them."""

_LOAD, _EQUAL, _GREATER, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x54, 0x06
_AT_NUMBER, _AT_MACHINE, _AT_ARGUMENTS = 0, 4, 16
_ALLOW, _KILL_PROCESS, _ERROR, _NOTIFY = 0x7FFF_0000, 0x8000_0000, 0x0005_0000, 0x7FC0_0000

_CLONE_THREAD = 0x0001_0000
# new namespaces (the last is time's), and a process that a tracer follows
_CLONE_FORBIDDEN = 0x7E02_0000 | 0x0000_0080 | 0x0000_2000

_PRCTL_OPTIONS = (
    3,  # PR_GET_DUMPABLE
    15,  # PR_SET_NAME: of a thread
    16,  # PR_GET_NAME
    21,  # PR_GET_SECCOMP
    39,  # PR_GET_NO_NEW_PRIVS
    0x53564D41,  # PR_SET_VMA: newer C libraries name their memory
)
_IOCTL_REQUESTS = (
    0x5401,  # TCGETS: is it a terminal?
    0x541B,  # FIONREAD
    0x5421,  # FIONBIO
    0x5450,  # FIONCLEX
    0x5451,  # FIOCLEX
)
# never F_SETOWN and F_SETSIG, with which a descriptor sends any signal to any process of the user; nor leases
_FCNTL_COMMANDS = (
    *(0, 1, 2, 3, 4),  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL
    *(5, 6, 7, 36, 37, 38),  # locks
    *(1030, 1031, 1032),  # F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ
    *(1033, 1034),  # seals of memory files
)

_INTERNET = (2, 10)  # AF_INET, AF_INET6
_FAST_OPEN = 0x2000_0000  # MSG_FASTOPEN: connects by sending, past the call that is looked at
_SOCKET_OPTIONS = {
    1: (2, 7, 8, 9, 13),  # SOL_SOCKET: REUSEADDR, SNDBUF, RCVBUF, KEEPALIVE, LINGER
    6: (1, 4, 5, 6),  # TCP: NODELAY, KEEPIDLE, KEEPINTVL, KEEPCNT; never FASTOPEN_CONNECT and ULP
    0: (2,),  # IP: TTL
    41: (16, 26),  # IPv6: UNICAST_HOPS, V6ONLY
}

_SOCK_FILTER = struct.Struct("=HBBI")
_SET_FILTER, _GET_NOTIF_SIZES = 1, 3
_LISTENER, _THREADS_OR_ERROR, _KILLABLE_ONLY = 1 << 3, 1 << 4, 1 << 5
_SIZES = struct.Struct("=HHH")
_PR_GET_SECCOMP, _FILTERED = 21, 2
_ALL_THREADS = 1 << 0
# Before Linux 5.16 a filter also slowed the whole process down against speculation attacks inside one process.  The
# worker holds one guest and nothing else to steal, and newer kernels leave it out too.
_NO_SPECULATION_LIMITS = 1 << 2


def build_filter(machine: Machine, pid: int, file_times: bool, network: bool = False) -> Program:
    """Return the filter as instructions.

    Parameters
    ----------
    machine : Machine
        For which processor.
    pid : int
        The worker's process number; it may send signals to itself.
    file_times : bool
        Whether it may set the times of files that it holds open; only where a folder can be written (attack W06).
    network : bool
        Whether its calls for sockets and connections wait for the answer of whoever holds the filter's listener.

    Returns
    -------
    list of Instruction
        In the kernel's order.
    """
    program = [
        Instruction(_LOAD, 0, 0, _AT_MACHINE),
        Instruction(_EQUAL, 1, 0, machine.audit),
        Instruction(_RETURN, 0, 0, _KILL_PROCESS),  # 32-bit calls, whose numbers mean something else
        Instruction(_LOAD, 0, 0, _AT_NUMBER),
        # C libraries try new calls and fall back when the kernel lacks them; they do not expect a refusal
        Instruction(_GREATER, 0, 1, HIGHEST),
        _error(errno.ENOSYS),
    ]
    checks = _argument_checks(pid, file_times) | (_network_checks() if network else {})
    known = {**ALLOWED, **GUARDED, **CHECKED}
    for name, block in checks.items():
        number = known[name][machine.column]
        assert number is not None
        program += [Instruction(_EQUAL, 0, len(block), number), *block]
    numbers = (row[machine.column] for row in ALLOWED.values())
    return program + _search(_ranges(number for number in numbers if number is not None))


def unavailable(machine_name: str | None = None) -> str:
    """Return why the filter cannot be used here, for a person; empty when it can. Changes nothing."""
    name = machine_name or platform.machine()
    machine = MACHINES.get(name)
    if machine is None or sys.maxsize < 2**32:
        return f"there is no system call filter for this processor ({name}, {sys.maxsize.bit_length() + 1} bit)"
    try:
        syscall(machine.seccomp_number, _SET_FILTER, _ALL_THREADS | _NO_SPECULATION_LIMITS, None)
    except OSError as error:
        if error.errno == errno.EFAULT:  # it would have read the program: filters work
            return ""
        return f"this kernel or container offers no system call filters ({error.strerror})"
    raise AssertionError("the kernel took a filter that is none")


def guarded_calls() -> dict[int, str]:
    """Return the names of the calls that wait for an answer, by their numbers on this processor."""
    column = MACHINES[platform.machine()].column
    waiting = ("socket", "connect", "bind", "listen")
    return {number: name for name in waiting if (number := GUARDED[name][column]) is not None}


def unanswerable() -> str:
    """Return why calls cannot wait for an answer here, for a person; empty when they can. Changes nothing."""
    refused = unavailable()
    if refused:
        return refused
    sizes = ctypes.create_string_buffer(_SIZES.size)
    try:
        syscall(MACHINES[platform.machine()].seccomp_number, _GET_NOTIF_SIZES, 0, sizes)
    except OSError as error:
        return f"this kernel or container lets no process answer another's system calls ({error.strerror})"
    if _SIZES.unpack(sizes.raw) != (80, 24, 64):
        return "this kernel answers system calls in a form that is not known here"
    return ""


def install(file_times: bool, network: bool = False) -> int:
    """Put the filter in force for all threads of this process, for good; ``no_new_privs`` must be set before.

    Parameters
    ----------
    file_times, network : bool
        As for `build_filter`.

    Returns
    -------
    int
        With `network`, the descriptor whose holder answers; otherwise -1.

    Raises
    ------
    OSError
        When the kernel refuses.
    """
    machine = MACHINES[platform.machine()]
    program = build_filter(machine, os.getpid(), file_times, network)
    code = b"".join(_SOCK_FILTER.pack(*instruction) for instruction in program)
    request = _SockFprog(len(program), code)
    flags = _ALL_THREADS | _NO_SPECULATION_LIMITS
    listener = -1
    if network:
        listener = _listen(machine, flags | _LISTENER | _THREADS_OR_ERROR, request)
    else:
        thread = syscall(machine.seccomp_number, _SET_FILTER, flags, ctypes.byref(request))
        if thread:
            raise OSError(errno.EBUSY, f"thread {thread} has a filter of its own")
    if prctl(_PR_GET_SECCOMP) != _FILTERED:
        raise OSError(errno.EIO, "the kernel took the filter and does not use it")
    return listener


def _listen(machine: Machine, flags: int, request: _SockFprog) -> int:
    """Put a filter with a listener in force; a call is not begun anew by a signal once it is being answered."""
    try:
        return syscall(machine.seccomp_number, _SET_FILTER, flags | _KILLABLE_ONLY, ctypes.byref(request))
    except OSError as error:
        if error.errno != errno.EINVAL:  # before Linux 5.19
            raise
    return syscall(machine.seccomp_number, _SET_FILTER, flags, ctypes.byref(request))


class _SockFprog(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.c_char_p))


def _argument_checks(pid: int, file_times: bool) -> dict[str, Program]:
    """Return, for each call of `CHECKED`, instructions of which every path ends with an answer."""
    return {
        "clone": [  # threads only: a process would need CLONE_THREAD unset
            _argument(0),
            Instruction(_AND, 0, 0, _CLONE_THREAD | _CLONE_FORBIDDEN),
            *_one_of([_CLONE_THREAD], errno.EPERM),
        ],
        "clone3": [_error(errno.ENOSYS)],  # its flags lie behind a pointer; C libraries fall back to clone
        "kill": [_argument(0), *_one_of([pid], errno.EPERM)],
        "tgkill": [_argument(0), *_one_of([pid], errno.EPERM)],
        "prctl": [_argument(0), *_one_of(_PRCTL_OPTIONS, errno.EPERM)],
        "ioctl": [_argument(1), *_one_of(_IOCTL_REQUESTS, errno.ENOTTY)],
        "fcntl": [_argument(1), *_one_of(_FCNTL_COMMANDS, errno.EPERM)],
        "prlimit64": [  # asking about this process, never setting
            _argument(0),
            Instruction(_EQUAL, 2, 0, 0),
            Instruction(_EQUAL, 1, 0, pid),
            _error(errno.EPERM),
            *_null(2, errno.EPERM),
        ],
        # of an open file only, never by a path: Landlock does not look at this call
        "utimensat": _null(1, errno.EPERM) if file_times else [_error(errno.EPERM)],
    }


def _network_checks() -> dict[str, Program]:
    """Return the checks of a worker whose guest may ask for the network."""
    notify = Instruction(_RETURN, 0, 0, _NOTIFY)
    no_fast_open = [Instruction(_AND, 0, 0, _FAST_OPEN), *_one_of([0], errno.EPERM)]
    options: Program = [_argument(1)]
    for level, names in _SOCKET_OPTIONS.items():
        block = [_argument(2), *_one_of(names, errno.EPERM)]
        options += [Instruction(_EQUAL, 0, len(block), level), *block]
    return {
        "socket": [
            _argument(0),
            Instruction(_EQUAL, 2, 0, _INTERNET[0]),
            Instruction(_EQUAL, 1, 0, _INTERNET[1]),
            _error(errno.EACCES),
            notify,
        ],
        "connect": [notify],
        "bind": [notify],
        "listen": [notify],
        "setsockopt": [*options, _error(errno.EPERM)],
        "sendto": [_argument(3), *no_fast_open],
        "sendmsg": [_argument(2), *no_fast_open],
        "sendmmsg": [_argument(3), *no_fast_open],
    }


def _argument(index: int, upper: bool = False) -> Instruction:
    """Load one half of an argument (both processors keep the lower half first)."""
    return Instruction(_LOAD, 0, 0, _AT_ARGUMENTS + 8 * index + 4 * upper)


def _error(number: int) -> Instruction:
    return Instruction(_RETURN, 0, 0, _ERROR | number)


def _one_of(values: Iterable[int], otherwise: int) -> Program:
    program: Program = []
    for value in values:
        program += [Instruction(_EQUAL, 0, 1, value), Instruction(_RETURN, 0, 0, _ALLOW)]
    return [*program, _error(otherwise)]


def _null(index: int, otherwise: int) -> Program:
    return [
        _argument(index),
        Instruction(_EQUAL, 1, 0, 0),
        _error(otherwise),
        _argument(index, upper=True),
        *_one_of([0], otherwise),
    ]


def _search(ranges: list[tuple[int, int]]) -> Program:
    """Return a binary search: the kernel runs the whole filter for every number once when it is installed."""
    if len(ranges) > 1:
        middle = len(ranges) // 2
        below, above = _search(ranges[:middle]), _search(ranges[middle:])
        return [Instruction(_AT_LEAST, len(below), 0, ranges[middle][0]), *below, *above]
    first, last = ranges[0]
    return [
        Instruction(_AT_LEAST, 0, 2, first),
        Instruction(_GREATER, 1, 0, last),
        Instruction(_RETURN, 0, 0, _ALLOW),
        _error(errno.EPERM),
    ]


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
