"""The filter, run for every system call of both processors, and in force in real processes."""

from __future__ import annotations

import errno
import itertools
import re
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from ssvm_kernel.sandbox import seccomp
from ssvm_kernel.sandbox.syscalls import ALLOWED, CHECKED, GUARDED, HIGHEST

from .calls import REFUSED
from .locked import needs_seccomp, run_child

PID = 4242
ALLOW, KILL, NOTIFY = "allow", "kill", "notify"


def answer(
    machine: seccomp.Machine,
    number: int,
    arguments: Sequence[int] = (),
    *,
    audit: int | None = None,
    times: bool = False,
    network: bool = False,
) -> str | int:
    """Run the filter as the kernel does: returns ``allow``, ``kill``, ``notify`` or an errno."""
    values = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, machine.audit if audit is None else audit, 0, *values)
    program = seccomp.build_filter(machine, PID, times, network)
    register, at = 0, 0
    while True:
        code, jump_true, jump_false, value = program[at]
        at += 1
        if code == 0x20:
            (register,) = struct.unpack_from("<I", data, value)
        elif code == 0x54:
            register &= value
        elif code == 0x15:
            at += jump_true if register == value else jump_false
        elif code == 0x25:
            at += jump_true if register > value else jump_false
        elif code == 0x35:
            at += jump_true if register >= value else jump_false
        elif code == 0x06:
            return {0x7FFF0000: ALLOW, 0x80000000: KILL, 0x7FC00000: NOTIFY}.get(value) or value & 0xFFFF
        else:
            raise AssertionError(f"no instruction {code:#x}")


def numbers_of(table: dict[str, tuple[int | None, int | None]], machine: seccomp.Machine) -> dict[str, int]:
    return {name: number for name, row in table.items() if (number := row[machine.column]) is not None}


MACHINES = pytest.mark.parametrize("machine", seccomp.MACHINES.values(), ids=seccomp.MACHINES)


@MACHINES
def test_exactly_the_listed_calls_pass(machine: seccomp.Machine):
    allowed = set(numbers_of(dict(ALLOWED), machine).values())
    checked = set(numbers_of(dict(CHECKED), machine).values())
    assert not allowed & checked
    assert not (allowed | checked) & set(numbers_of(dict(REFUSED), machine).values())
    for number in range(HIGHEST + 1):
        if number not in checked:
            assert answer(machine, number) == (ALLOW if number in allowed else errno.EPERM), number


@MACHINES
@pytest.mark.parametrize("number", [HIGHEST + 1, 512, 0x40000000, 0x40000000 | 59, 0x7FFFFFFF, 0xFFFFFFFF])
def test_calls_that_nobody_reviewed_do_not_exist(machine: seccomp.Machine, number: int):
    assert answer(machine, number) == errno.ENOSYS


@MACHINES
def test_calls_of_another_processor_kill(machine: seccomp.Machine):
    others = [other.audit for other in seccomp.MACHINES.values() if other is not machine]
    for audit in (*others, 0x40000003, 0x40000028, 0):  # i386, arm
        assert answer(machine, 0, audit=audit) == KILL


STREAM = 0x80801  # with SOCK_CLOEXEC and SOCK_NONBLOCK


@MACHINES
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("socket", [2, STREAM, 6], NOTIFY),
        ("socket", [10, 2, 17], NOTIFY),  # the one who answers knows TCP alone
        *(("socket", [family, STREAM], errno.EACCES) for family in (0, 1, 3, 16, 17, 31, 38, 40, 45, 0xFFFFFFFF)),
        ("socket", [2 | 1 << 32, STREAM], NOTIFY),  # the kernel takes the lower half
        ("connect", [3, 0x1000, 16], NOTIFY),
        ("bind", [3, 0x1000, 16], NOTIFY),
        ("listen", [3, 1], NOTIFY),
        ("setsockopt", [3, 6, 1], ALLOW),  # TCP_NODELAY
        ("setsockopt", [3, 41, 26], ALLOW),  # IPV6_V6ONLY
        ("setsockopt", [3, 6, 30], errno.EPERM),  # TCP_FASTOPEN_CONNECT
        ("setsockopt", [3, 6, 31], errno.EPERM),  # TCP_ULP
        ("setsockopt", [3, 6, 19], errno.EPERM),  # TCP_REPAIR
        ("setsockopt", [3, 1, 26], errno.EPERM),  # SO_ATTACH_FILTER
        ("setsockopt", [3, 1, 25], errno.EPERM),  # SO_BINDTODEVICE
        ("setsockopt", [3, 41, 2], errno.EPERM),  # an option's number on another level
        ("setsockopt", [3, 0x10000, 1], errno.EPERM),
        ("sendto", [3, 0x1000, 1, 0x4000], ALLOW),  # MSG_NOSIGNAL
        ("sendto", [3, 0x1000, 1, 0x20004000, 0x2000, 16], errno.EPERM),  # MSG_FASTOPEN
        ("sendmsg", [3, 0x1000, 0], ALLOW),
        ("sendmsg", [3, 0x1000, 0x20000000], errno.EPERM),
        ("sendmmsg", [3, 0x1000, 2, 0x4000], ALLOW),
        ("sendmmsg", [3, 0x1000, 2, 0x20000000], errno.EPERM),
    ],
)
def test_calls_for_the_network_wait_where_they_are_guarded_and_fail_elsewhere(machine, call, arguments, expected):
    number = {**ALLOWED, **GUARDED}[call][machine.column]
    assert number is not None
    assert answer(machine, number, arguments, network=True) == expected
    assert answer(machine, number, arguments) == (ALLOW if call in ALLOWED else errno.EPERM)


@MACHINES
def test_a_guarded_process_may_nothing_more(machine):
    special = {*numbers_of(dict(GUARDED), machine).values(), *numbers_of(dict(CHECKED), machine).values()}
    special |= {number for call in ("sendto", "sendmsg", "sendmmsg") if (number := ALLOWED[call][machine.column])}
    for number in range(HIGHEST + 1):
        if number not in special:
            assert answer(machine, number, network=True) == answer(machine, number), number


THREAD = 0x3D0F00  # what glibc's pthread_create passes
TOP = 1 << 32


@MACHINES
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("clone", [THREAD], ALLOW),
        ("clone", [THREAD | 0x400000], ALLOW),  # musl
        ("clone", [17], errno.EPERM),  # fork
        ("clone", [0x4111], errno.EPERM),  # vfork
        ("clone", [THREAD | 0x10000000], errno.EPERM),  # CLONE_NEWUSER
        ("clone", [THREAD | 0x20000], errno.EPERM),  # CLONE_NEWNS
        ("clone", [THREAD | 0x80], errno.EPERM),  # CLONE_NEWTIME
        ("clone", [THREAD | 0x2000], errno.EPERM),  # CLONE_PTRACE
        ("clone3", [], errno.ENOSYS),
        ("kill", [PID, 9], ALLOW),
        ("kill", [PID | TOP, 9], ALLOW),  # the kernel takes the lower half of a pid
        ("kill", [PID + 1, 9], errno.EPERM),
        ("kill", [0, 9], errno.EPERM),
        ("kill", [0xFFFFFFFF, 9], errno.EPERM),
        ("kill", [(1 << 64) - PID, 9], errno.EPERM),  # its group
        ("tgkill", [PID, PID + 7, 6], ALLOW),
        ("tgkill", [1, 1, 6], errno.EPERM),
        ("prctl", [15], ALLOW),  # a thread's name
        ("prctl", [0x53564D41], ALLOW),
        ("prctl", [1], errno.EPERM),  # PR_SET_PDEATHSIG
        ("prctl", [4], errno.EPERM),  # PR_SET_DUMPABLE
        ("prctl", [22], errno.EPERM),  # PR_SET_SECCOMP
        ("prctl", [0x59616D61], errno.EPERM),  # PR_SET_PTRACER
        ("ioctl", [3, 0x5401], ALLOW),
        ("ioctl", [3, 0x5412], errno.ENOTTY),  # TIOCSTI
        ("ioctl", [3, 0x541C], errno.ENOTTY),  # TIOCLINUX
        ("ioctl", [3, 0x5412 | TOP], errno.ENOTTY),
        ("ioctl", [3, 0x8901], errno.ENOTTY),  # FIOSETOWN
        ("fcntl", [3, 4], ALLOW),
        ("fcntl", [3, 1030], ALLOW),
        ("fcntl", [3, 8], errno.EPERM),  # F_SETOWN
        ("fcntl", [3, 10], errno.EPERM),  # F_SETSIG
        ("fcntl", [3, 15], errno.EPERM),  # F_SETOWN_EX
        ("fcntl", [3, 1024], errno.EPERM),  # F_SETLEASE
        ("fcntl", [3, 1026], errno.EPERM),  # F_NOTIFY
        ("prlimit64", [0, 7, 0], ALLOW),
        ("prlimit64", [PID, 7, 0], ALLOW),
        ("prlimit64", [0, 7, 4096], errno.EPERM),
        ("prlimit64", [0, 7, TOP], errno.EPERM),
        ("prlimit64", [1, 7, 0], errno.EPERM),
        ("utimensat", [3, 0], errno.EPERM),
    ],
)
def test_arguments_decide(machine: seccomp.Machine, call: str, arguments: list[int], expected: str | int):
    number = CHECKED[call][machine.column]
    assert number is not None
    assert answer(machine, number, arguments) == expected


@MACHINES
def test_times_of_an_open_file_only_where_something_can_be_written(machine: seccomp.Machine):
    number = CHECKED["utimensat"][machine.column]
    assert number is not None
    assert answer(machine, number, [3, 0], times=True) == ALLOW
    assert answer(machine, number, [3, 4096], times=True) == errno.EPERM
    assert answer(machine, number, [3, TOP], times=True) == errno.EPERM


@MACHINES
def test_every_checked_call_is_in_the_filter(machine: seccomp.Machine):
    program = seccomp.build_filter(machine, PID, True)
    tested = {value for code, _, _, value in program if code == 0x15}
    assert set(numbers_of(dict(CHECKED), machine).values()) <= tested
    assert len(program) < 4096  # the kernel's limit


def _header_numbers(text: str, pattern: str) -> dict[str, int]:
    return {name: int(number) for name, number in re.findall(pattern, text, re.MULTILINE)}


def test_the_numbers_are_those_of_the_kernel_headers():
    assert {call: REFUSED[call] for call in GUARDED} == GUARDED
    """A wrong number would let through another call than the one that was looked at."""
    ziglang = pytest.importorskip("ziglang", reason="the kernel's numbers come from its copy")
    text = Path(ziglang.__file__).with_name("lib").joinpath("std/os/linux/syscalls.zig").read_text()
    for column, name in enumerate(("X64", "Arm64")):
        match = re.search(rf"pub const {name} = enum\(usize\) {{(.*?)\n}};", text, re.DOTALL)
        assert match is not None
        known = _header_numbers(match[1], r"^\s+(\w+) = (\d+),")
        assert len(known) > 300
        ours = {
            call: row[column]
            for call, row in itertools.chain(ALLOWED.items(), CHECKED.items(), REFUSED.items())
            if row[column] is not None
        }
        assert ours == {call: known[call] for call in ours}
        # None means that the processor has no such call
        absent = {call for table in (ALLOWED, CHECKED, REFUSED) for call, row in table.items() if row[column] is None}
        assert not absent & set(known)


@needs_seccomp
def test_it_holds_all_threads_of_a_process():
    found = run_child(
        """
        go, done = threading.Event(), threading.Event()
        def old_thread():
            go.wait()
            attempt("old thread", socket.socket)
            done.set()
        threading.Thread(target=old_thread).start()
        privileges.forbid_new_privileges()
        seccomp.install(False)
        go.set()
        done.wait()
        new = threading.Thread(target=attempt, args=("new thread", socket.socket))
        new.start()
        new.join()
        attempt("main thread", socket.socket)
        attempt("files are not its matter", lambda: len(os.listdir("/")) > 3)
        """
    )
    assert found == {
        "old thread": "EPERM",
        "new thread": "EPERM",
        "main thread": "EPERM",
        "files are not its matter": "True",
    }


@needs_seccomp
def test_it_needs_no_new_privs_first():
    found = run_child("if os.getuid() == 0:\n    become_nobody()\nattempt('install', seccomp.install, False)")
    assert found == {"install": "EACCES"}


def test_a_processor_without_a_table_is_told():
    assert "riscv64" in seccomp.unavailable("riscv64")
