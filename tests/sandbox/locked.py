"""Runs Python code in a real child process that locks itself first, as a worker does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

from ssvm_kernel.sandbox import landlock, seccomp

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are parts of Linux")
needs_landlock = pytest.mark.skipif(
    sys.platform != "linux" or not landlock.availability().abi, reason="this kernel offers no Landlock"
)
needs_seccomp = pytest.mark.skipif(
    sys.platform != "linux" or bool(seccomp.unavailable()), reason="no system call filter for this kernel or processor"
)

USERS = ["same user", *(["nobody"] if hasattr(os, "getuid") and os.getuid() == 0 else [])]
"""As whom a child runs: the suite's user, and one without rights when the suite runs as root."""

_PRELUDE = """
import sys
sys.path[:] = {path!r}
import array, ctypes, errno, fcntl, json, mmap, os, signal, socket, stat, struct, threading, time, traceback
from ssvm_kernel.errors import LockError
from ssvm_kernel.sandbox import landlock, oslock, privileges, rlimits, seccomp
from ssvm_kernel.sandbox.oslock import LockPolicy, ResourceLimits, lock_worker

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
results = {{}}

def become_nobody():
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)

def raw(number, *arguments):
    "A system call as code that broke out would make it; returns its answer or raises."
    arguments = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    answer = libc.syscall(ctypes.c_long(number), *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer

def landlock_only(abi, **paths):
    privileges.forbid_new_privileges()
    landlock.restrict(abi, **paths)

def attempt(name, function, *arguments):
    "Record what a try came to: the name of its error, or what it returned."
    try:
        results[name] = repr(function(*arguments))
    except OSError as error:
        results[name] = errno.errorcode.get(error.errno, str(error.errno))
    except LockError as error:
        results[name] = f"LockError: {{error}}"
    except Exception as error:
        results[name] = f"{{type(error).__name__}}: {{error}}"

"""
_END = "\nos.write(1, json.dumps(results).encode())\n"


def command(body: str, **values: object) -> list[str]:
    """Return the command line of a child that runs `body` with `values` as its global names."""
    names = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    code = _PRELUDE.format(path=sys.path) + names + textwrap.dedent(body) + _END
    return [sys.executable, "-I", "-c", code]


def run_child(
    body: str, *, pass_fds: tuple[int, ...] = (), expect: int | None = 0, timeout: float = 60, **values: object
) -> dict[str, str]:
    """Run `body` in a child and return what it put into ``results``.

    Its code must come to a return status of `expect`; None accepts any, and returns that as ``returncode``.
    """
    done = subprocess.run(command(body, **values), capture_output=True, pass_fds=pass_fds, timeout=timeout, check=False)
    if expect is None:
        return {"returncode": str(done.returncode), "stderr": done.stderr.decode()}
    assert done.returncode == expect, done.stderr.decode()
    return json.loads(done.stdout) if done.stdout else {}
