"""A worker that was taken over by its guest, and tries everything: through Python, and by bare system calls."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from .calls import here
from .locked import USERS, needs_landlock, needs_seccomp, run_child

pytestmark = [needs_landlock, needs_seccomp]

# what is tried, and the errors that count as refused; EXDEV is Landlock's answer to moving a file to wider rights
REFUSED = {
    "open /etc/passwd": "EACCES",
    "raw openat /etc/passwd": "EACCES",
    "raw openat2 /etc/passwd": "EACCES",
    "list /": "EACCES",
    "list the home folder": "EACCES",
    "list /proc": "EACCES",
    "open the parent's environment": "EACCES",
    "open the parent's memory": "EACCES",
    "open its own environment": "EACCES",
    "open its own memory": "EACCES",
    "through /proc/self/root": "EACCES",
    "through /proc/self/cwd": "EACCES",
    "a new file in /tmp": "EACCES",
    "a new file in /dev/shm": "EACCES",
    "a device": "EACCES",
    "a terminal": "EACCES",
    "create by O_TMPFILE": "EACCES",
    "an O_PATH descriptor, opened again": "EACCES",
    "below an O_PATH folder": "EACCES",
    "read an O_PATH descriptor": "EBADF",
    "open a regular file again by its descriptor": "EACCES",
    # read-only grant
    "read-only: open for writing": "EACCES",
    "read-only: create": "EACCES",
    "read-only: truncate by opening": "EACCES",
    "read-only: truncate by path": "EPERM",
    "read-only: unlink": "EACCES",
    "read-only: make a folder": "EACCES",
    "read-only: rename inside": "EACCES",
    "read-only: link": "EACCES EXDEV",
    "read-only: make a symbolic link": "EACCES",
    "read-only: mode by descriptor": "EPERM",
    "read-only: times by path": "EPERM",
    "read-only: owner by descriptor": "EPERM",
    "read-only: attributes by ioctl": "ENOTTY",
    "read-only: extended attribute": "EPERM",
    "read-only: write lease": "EPERM",
    # writable grant
    "writable: link a secret into it": "EACCES EXDEV",
    "writable: link a read-only file into it": "EACCES EXDEV",
    "writable: move a read-only file into it": "EACCES EXDEV",
    "writable: move a file out": "EACCES EXDEV",
    "writable: open its own link to a secret": "EACCES",
    "writable: open its own link to a folder outside": "EACCES",
    "writable: ..": "EACCES",
    "writable: run a program in it": "EPERM",
    "writable: device": "EPERM",
    "writable: named pipe": "EPERM",
    "writable: mode by path": "EPERM",
    # files outside that Landlock itself does not rule
    "outside: mode": "EPERM",
    "outside: owner": "EPERM",
    "outside: times": "EPERM",
    "outside: truncate": "EPERM",
    "outside: extended attribute": "EPERM",
    "outside: delete": "EACCES",
    "outside: rename": "EACCES EXDEV",
    "outside: watch a folder": "EPERM",
    # other processes
    "os.fork": "EPERM",
    "os.posix_spawn": "EPERM",
    "subprocess": "EPERM",
    "os.execv": "EPERM",
    "run a memory file": "EPERM",
    "clone a process": "EPERM",
    "clone a process that shares memory": "EPERM",
    "clone into a user namespace": "EPERM",
    "clone3": "ENOSYS",
    "signal 0 to the parent": "EPERM",
    "kill the parent": "EPERM",
    "kill the group": "EPERM",
    "kill everything": "EPERM",
    "tgkill the parent": "EPERM",
    "queue a signal to the parent": "EPERM",
    "signal the parent by a descriptor's owner": "EPERM",
    "trace the parent": "EPERM",
    "read the parent's memory": "EPERM",
    "write the parent's memory": "EPERM",
    "a descriptor of the parent": "EPERM",
    "limits of the parent": "EPERM",
    "priority of the parent": "EPERM",
    # network
    "internet socket": "EPERM",
    "internet 6 socket": "EPERM",
    "Unix socket": "EPERM",
    "netlink socket": "EPERM",
    "socket pair": "EPERM",
    "connect what it holds": "EPERM",
    # its own lock
    "raise its own limits": "EPERM",
    "outlive the parent": "EPERM",
    "be dumpable again": "EPERM",
    "leave its process group": "EPERM",
    "become root": "EPERM",
    "type into a terminal": "ENOTTY",
    "an unknown call": "ENOSYS",
    "a call of another table": "ENOSYS",
}
WORKS = {
    "read-only: read": "b'read me'",
    "writable: write and read": "b'written'",
    "writable: move inside": "None",
    "writable: symbolic link": "None",
    "signal 0 to itself": "None",
    "see that a file exists": "True",  # known: neither Landlock nor seccomp hides that
}

ATTACKS = """
os.chdir(outside)
os.umask(0o022)
if nobody:
    become_nobody()
ppid = os.getppid()
held, held_peer = socket.socketpair()
secret = os.open(outside + "/secret", os.O_RDONLY)
O_TMPFILE = getattr(os, "O_TMPFILE")
AT_FDCWD = -100
home = os.path.expanduser("~")
lock_worker(LockPolicy((held.fileno(), held_peer.fileno(), secret), read=(readable,), write=(writable,)))

def read(path, flags=os.O_RDONLY, **options):
    descriptor = os.open(path, flags, **options)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)

def create(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))

def pointer(value):
    return ctypes.c_char_p(value.encode())

attempt("open /etc/passwd", open, "/etc/passwd")
attempt("raw openat /etc/passwd", raw, openat, AT_FDCWD, pointer("/etc/passwd"), os.O_RDONLY, 0)
how = struct.pack("QQQ", 0, 0, 0)
attempt("raw openat2 /etc/passwd", raw, 437, AT_FDCWD, pointer("/etc/passwd"), ctypes.c_char_p(how), 24)
attempt("list /", os.listdir, "/")
attempt("list the home folder", os.listdir, home)
attempt("list /proc", os.listdir, "/proc")
attempt("open the parent's environment", open, f"/proc/{ppid}/environ")
attempt("open the parent's memory", open, f"/proc/{ppid}/mem")
attempt("open its own environment", open, "/proc/self/environ")
attempt("open its own memory", os.open, "/proc/self/mem", os.O_RDWR)
attempt("through /proc/self/root", open, "/proc/self/root/etc/passwd")
attempt("through /proc/self/cwd", open, "/proc/self/cwd/secret")
attempt("a new file in /tmp", create, f"/tmp/ssvm-{os.getpid()}")
attempt("a new file in /dev/shm", create, f"/dev/shm/ssvm-{os.getpid()}")
attempt("a device", open, "/dev/zero", "rb")
attempt("a terminal", os.open, "/dev/tty", os.O_RDWR)
attempt("create by O_TMPFILE", os.open, "/tmp", O_TMPFILE | os.O_RDWR)
by_path = os.open("/etc/passwd", os.O_PATH)
attempt("an O_PATH descriptor, opened again", open, f"/proc/self/fd/{by_path}")
attempt("read an O_PATH descriptor", os.read, by_path, 10)
attempt("below an O_PATH folder", lambda: read("passwd", dir_fd=os.open("/etc", os.O_PATH)))
attempt("open a regular file again by its descriptor", open, f"/proc/self/fd/{secret}")

attempt("read-only: read", read, readable + "/file")
held_file = os.open(readable + "/file", os.O_RDONLY)
attempt("read-only: open for writing", open, readable + "/file", "r+")
attempt("read-only: create", create, readable + "/new")
attempt("read-only: truncate by opening", os.open, readable + "/file", os.O_RDONLY | os.O_TRUNC)
attempt("read-only: truncate by path", os.truncate, readable + "/file", 0)
attempt("read-only: unlink", os.unlink, readable + "/file")
attempt("read-only: make a folder", os.mkdir, readable + "/folder")
attempt("read-only: rename inside", os.rename, readable + "/file", readable + "/other")
attempt("read-only: link", os.link, readable + "/file", readable + "/other")
attempt("read-only: make a symbolic link", os.symlink, "file", readable + "/link")
attempt("read-only: mode by descriptor", os.fchmod, held_file, 0o777)
attempt("read-only: times by path", os.utime, readable + "/file", (0, 0))
attempt("read-only: owner by descriptor", os.fchown, held_file, 0, 0)
attempt("read-only: attributes by ioctl", fcntl.ioctl, held_file, 0x40086602, struct.pack("l", 0))
attempt("read-only: extended attribute", os.setxattr, readable + "/file", "user.x", b"x")
attempt("read-only: write lease", fcntl.fcntl, held_file, fcntl.F_SETLEASE, fcntl.F_RDLCK)

with open(writable + "/mine", "wb") as file:
    file.write(b"written")
attempt("writable: write and read", read, writable + "/mine")
os.mkdir(writable + "/folder")
attempt("writable: move inside", os.rename, writable + "/mine", writable + "/folder/mine")
attempt("writable: link a secret into it", os.link, outside + "/secret", writable + "/stolen")
attempt("writable: link a read-only file into it", os.link, readable + "/file", writable + "/stolen")
attempt("writable: move a read-only file into it", os.rename, readable + "/file", writable + "/stolen")
attempt("writable: move a file out", os.rename, writable + "/folder/mine", outside + "/planted")
attempt("writable: symbolic link", os.symlink, outside + "/secret", writable + "/link")
attempt("writable: open its own link to a secret", open, writable + "/link")
os.symlink("../outside", writable + "/up")
attempt("writable: open its own link to a folder outside", open, writable + "/up/secret")
attempt("writable: ..", open, writable + "/../outside/secret")
attempt("writable: run a program in it", os.execv, writable + "/program", ["program"])
attempt("writable: device", os.mknod, writable + "/null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
attempt("writable: named pipe", os.mkfifo, writable + "/fifo")
attempt("writable: mode by path", os.chmod, writable + "/folder/mine", 0o4755)

attempt("outside: mode", os.chmod, outside + "/secret", 0o777)
attempt("outside: owner", os.chown, outside + "/secret", 0, 0)
attempt("outside: times", os.utime, outside + "/secret", (0, 0))
attempt("outside: truncate", os.truncate, outside + "/secret", 0)
attempt("outside: extended attribute", os.setxattr, outside + "/secret", "user.x", b"x")
attempt("outside: delete", os.unlink, outside + "/secret")
attempt("outside: rename", os.rename, outside + "/secret", outside + "/other")
attempt("outside: watch a folder", raw, calls["inotify_init1"], 0)
attempt("see that a file exists", os.path.exists, outside + "/secret")

attempt("os.fork", os.fork)
attempt("os.posix_spawn", os.posix_spawn, "/bin/true", ["true"], {})
attempt("subprocess", subprocess.Popen, ["/bin/true"])
attempt("os.execv", os.execv, "/bin/true", ["true"])
memory = os.memfd_create("program")
os.write(memory, b"#!/bin/true\\n")
attempt("run a memory file", raw, calls["execveat"], memory, pointer(""), None, None, 0x1000)
attempt("clone a process", raw, clone, signal.SIGCHLD, 0, 0, 0, 0)
attempt("clone a process that shares memory", raw, clone, 0x100 | 0x4000 | signal.SIGCHLD, 0, 0, 0, 0)
attempt("clone into a user namespace", raw, clone, 0x10000 | 0x800 | 0x100 | 0x10000000, 0, 0, 0, 0)
attempt("clone3", raw, 435, ctypes.create_string_buffer(88), 88)
attempt("signal 0 to itself", os.kill, os.getpid(), 0)
attempt("signal 0 to the parent", os.kill, ppid, 0)
attempt("kill the parent", os.kill, ppid, signal.SIGCONT)
attempt("kill the group", os.killpg, 0, signal.SIGCONT)
attempt("kill everything", os.kill, -1, signal.SIGCONT)
attempt("tgkill the parent", raw, tgkill, ppid, ppid, 0)
attempt("queue a signal to the parent", raw, calls["rt_sigqueueinfo"], ppid, signal.SIGCONT, None)
attempt("signal the parent by a descriptor's owner", fcntl.fcntl, held, fcntl.F_SETOWN, ppid)
attempt("trace the parent", raw, calls["ptrace"], 16, ppid, 0, 0)
attempt("read the parent's memory", raw, calls["process_vm_readv"], ppid, 0, 0, 0, 0, 0)
attempt("write the parent's memory", raw, calls["process_vm_writev"], ppid, 0, 0, 0, 0, 0)
attempt("a descriptor of the parent", raw, calls["pidfd_open"], ppid, 0)
attempt("limits of the parent", resource.prlimit, ppid, resource.RLIMIT_NOFILE)
attempt("priority of the parent", os.setpriority, os.PRIO_PROCESS, ppid, 19)

attempt("internet socket", lambda: socket.socket().connect(("127.0.0.1", port)))
attempt("internet 6 socket", socket.socket, socket.AF_INET6)
attempt("Unix socket", socket.socket, socket.AF_UNIX)
attempt("netlink socket", socket.socket, socket.AF_NETLINK, socket.SOCK_RAW)
attempt("socket pair", socket.socketpair)
attempt("connect what it holds", held.connect, "\\0ssvm-test")

limit = ctypes.c_char_p(struct.pack("QQ", 256, 256))
attempt("raise its own limits", libc_call, "setrlimit", resource.RLIMIT_NOFILE, limit)
attempt("outlive the parent", libc_call, "prctl", 1, 0)
attempt("be dumpable again", libc_call, "prctl", 4, 1)
attempt("leave its process group", os.setpgid, 0, 0)
attempt("become root", os.setuid, 0)
attempt("type into a terminal", fcntl.ioctl, 0, 0x5412, b"x")
attempt("an unknown call", raw, 9999)
attempt("a call of another table", raw, 0x40000000 | 39)
for name, number in calls.items():
    if name not in ("execve", "fork", "vfork"):
        attempt("call: " + name, raw, number, -1, -1, -1, -1, -1, -1)  # harmless, were it let through
"""


@pytest.fixture(scope="module", params=USERS)
def results(request: pytest.FixtureRequest):
    nobody = request.param == "nobody"
    with tempfile.TemporaryDirectory() as root, socket.create_server(("127.0.0.1", 0)) as server:
        folders = {name: f"{Path(root).resolve()}/{name}" for name in ("readable", "writable", "outside")}
        for folder in folders.values():
            Path(folder).mkdir()
        Path(folders["readable"], "file").write_bytes(b"read me")
        Path(folders["outside"], "secret").write_bytes(b"secret")
        program = Path(folders["writable"], "program")
        program.write_text("#!/bin/true\n")
        program.chmod(0o755)
        if nobody:  # its own files: what is refused then is refused by the lock, not by their owner
            for path in (Path(root), *Path(root).rglob("*")):
                os.chown(path, 65534, 65534)
        found = run_child(
            "import resource, subprocess\nfrom ssvm_kernel.sandbox.libc import libc_call\n" + ATTACKS,
            nobody=nobody,
            port=server.getsockname()[1],
            calls=here(),
            **_checked_calls(),
            **folders,
        )
        found["secret"] = Path(folders["outside"], "secret").read_text()
        found["outside"] = repr(sorted(path.name for path in Path(folders["outside"]).iterdir()))
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
        yield found


def _checked_calls() -> dict[str, int]:
    import platform

    x86 = platform.machine() == "x86_64"
    return {"clone": 56 if x86 else 220, "tgkill": 234 if x86 else 131, "openat": 257 if x86 else 56}


@pytest.mark.parametrize("attack", REFUSED)
def test_the_system_refuses(results: dict[str, str], attack: str):
    assert results[attack] in REFUSED[attack].split()


@pytest.mark.parametrize("call", [name for name in here() if name not in ("execve", "fork", "vfork")])
def test_the_call_is_refused_whatever_its_arguments(results: dict[str, str], call: str):
    assert results[f"call: {call}"] == "EPERM"


@pytest.mark.parametrize("deed", WORKS)
def test_what_was_granted_works(results: dict[str, str], deed: str):
    assert results[deed] == WORKS[deed]


def test_nothing_outside_changed(results: dict[str, str]):
    assert results["secret"] == "secret"
    assert results["outside"] == "['secret']"


@pytest.mark.parametrize("call", [name for name in ("fork", "vfork", "execve") if name in here()])
def test_a_bare_call_starts_no_process(call: str):
    """Alone in its child: where one of these worked, two processes would go on from here."""
    found = run_child(
        "lock_worker(LockPolicy(()))\nattempt('call', raw, number, ctypes.c_char_p(b'/bin/true'), 0, 0)",
        number=here()[call],
    )
    assert found == {"call": "EPERM"}


def test_without_the_lock_the_same_attempts_go_through(tmp_path: Path):
    """The attacks are real: unlocked, they work, so what refuses them above is the lock."""
    Path(tmp_path, "secret").write_text("secret")
    found = run_child(
        """
        attempt("open", open, "/etc/passwd")
        attempt("list", lambda: len(os.listdir("/")) > 3)
        attempt("socket", lambda: socket.socket().close())
        attempt("mode", os.chmod, folder + "/secret", 0o600)
        attempt("signal", os.kill, os.getppid(), 0)
        attempt("run", lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1])
        attempt("O_PATH", lambda: open(f"/proc/self/fd/{os.open('/etc/passwd', os.O_PATH)}").close())
        """,
        folder=str(tmp_path),
    )
    assert found.pop("open").startswith("<_io.TextIOWrapper")
    assert found == {"list": "True", "socket": "None", "mode": "None", "signal": "None", "run": "0", "O_PATH": "None"}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="32-bit calls are a matter of x86")
def test_32_bit_calls_kill_the_process():
    """Their numbers mean other calls: 11 is execve there, munmap here."""
    code = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20 (getpid); int 0x80; ret
    found = run_child(
        """
        memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        memory.write(code)
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
        lock_worker(LockPolicy(()))
        call()
        """,
        code=code,
        expect=None,
    )
    assert found["returncode"] in ("-31", "-11")  # SIGSYS; SIGSEGV where the kernel has no 32-bit calls
