"""A worker in small that does all its work under the lock, in both engines."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from .locked import USERS, command, needs_landlock, needs_seccomp

ENGINES = ("jit", "interpreter")

# In folder 3 (read-only) it reads in.txt, in folder 4 it writes what it read to out.txt, which it moves to sub/out.txt,
# dates, reads again and links; each call's errno is one byte of its output.  Then it sleeps 5 ms and takes 64 MiB.
GUEST = """
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func $times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "in.txt")
  (data (i32.const 16) "out.txt")
  (data (i32.const 32) "sub")
  (data (i32.const 48) "sub/out.txt")
  (data (i32.const 64) "linked")
  (data (i32.const 80) "forbidden")
  ;; buffers: 64 bytes read at 1024, its iovec at 200; results from 512, their iovec at 208
  (data (i32.const 200) "\\00\\04\\00\\00\\40\\00\\00\\00")
  (data (i32.const 208) "\\00\\02\\00\\00\\00\\00\\00\\00")
  (global $next (mut i32) (i32.const 512))
  (func $note (param $errno i32)
    (i32.store8 (global.get $next) (local.get $errno))
    (global.set $next (i32.add (global.get $next) (i32.const 1))))
  (func $opened (result i32) (i32.load (i32.const 240)))
  (func (export "_start")
    (call $note (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 240)))
    (call $note (call $read (call $opened) (i32.const 200) (i32.const 1) (i32.const 244)))
    (call $note (call $close (call $opened)))
    (i32.store (i32.const 204) (i32.load (i32.const 244)))
    (call $note (call $open (i32.const 4) (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 9)
      (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 240)))
    (call $note (call $write (call $opened) (i32.const 200) (i32.const 1) (i32.const 244)))
    (call $note (call $close (call $opened)))
    (call $note (call $mkdir (i32.const 4) (i32.const 32) (i32.const 3)))
    (call $note (call $rename (i32.const 4) (i32.const 16) (i32.const 7)
      (i32.const 4) (i32.const 48) (i32.const 11)))
    (call $note (call $times (i32.const 4) (i32.const 1) (i32.const 48) (i32.const 11)
      (i64.const 0) (i64.const 1000000000) (i32.const 5)))
    (call $note (call $link (i32.const 4) (i32.const 0) (i32.const 48) (i32.const 11)
      (i32.const 4) (i32.const 64) (i32.const 6)))
    (call $note (call $open (i32.const 4) (i32.const 0) (i32.const 48) (i32.const 11) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 240)))
    (call $note (call $close (call $opened)))
    (call $note (call $list (i32.const 4) (i32.const 2048) (i32.const 512) (i64.const 0) (i32.const 244)))
    (call $note (call $random (i32.const 4096) (i32.const 256)))
    (i32.store (i32.const 320) (i32.const 1))
    (i64.store (i32.const 328) (i64.const 5000000))
    (call $note (call $poll (i32.const 304) (i32.const 400) (i32.const 1) (i32.const 440)))
    (call $note (i32.eq (memory.grow (i32.const 1024)) (i32.const -1)))
    (i32.store8 (i32.const 67108863) (i32.const 1))
    (i32.store (i32.const 212) (i32.sub (global.get $next) (i32.const 512)))
    (drop (call $write (i32.const 1) (i32.const 208) (i32.const 1) (i32.const 244)))
    ;; what must fail: a new file in the read-only folder
    (i32.store8 (i32.const 512) (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 80) (i32.const 9)
      (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 240))))
    (i32.store (i32.const 212) (i32.const 1))
    (drop (call $write (i32.const 2) (i32.const 208) (i32.const 1) (i32.const 244))))
  (func (export "trap") unreachable))
"""

# A worker in small: warm before it knows a guest, then one socket message with the guest's pipes and machine code
WORKER = """
import wasmtime

def engine_of(name):
    config = wasmtime.Config()
    if name == "interpreter":
        config.target = "pulley64"
    return wasmtime.Engine(config)

def module_of(engine, kind, code):
    if kind == "compile":
        return wasmtime.Module(engine, guest)
    return wasmtime.Module.deserialize_file(engine, f"/dev/fd/{code}")

def run(kind, stdout, stderr, code):
    module = module_of(engine, kind, code)
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.stdout_file, wasi.stderr_file = f"/dev/fd/{stdout}", f"/dev/fd/{stderr}"
    wasi.preopen_dir(readable, "/r", False)
    wasi.preopen_dir(writable, "/w", True)
    store.set_wasi(wasi)
    exports = linker.instantiate(store, module).exports(store)
    exports["_start"](store)
    try:
        exports["trap"](store)
    except wasmtime.Trap as trap:
        results.setdefault("traps", []).append(str(trap.trap_code))
    store.close()

if nobody:
    become_nobody()
sock = socket.socket(fileno=channel)
engine = engine_of(name)
linker = wasmtime.Linker(engine)
linker.define_wasi()
results["threads when warm"] = privileges.threads()
modules = set(sys.modules)

for number in range(3):
    kind, fds, *_ = socket.recv_fds(sock, 100, 8)
    if number == 0:
        policy = LockPolicy(
            (channel, *fds), read=(readable,), write=(writable,), read_descriptors=tuple(fds[2:]), parent=os.getppid()
        )
        report = lock_worker(policy)
        results["complete"] = report.complete
    if nobody:  # the pipes belong to the suite's user, so this child makes its own and passes on what came
        (out_read, stdout), (err_read, stderr) = os.pipe(), os.pipe()
        run(kind.decode(), stdout, stderr, fds[-1])
        os.write(fds[0], os.read(out_read, 1000))
        os.write(fds[1], os.read(err_read, 1000))
    else:
        run(kind.decode(), fds[0], fds[1], fds[-1])
    for fd in fds:
        os.close(fd)
    sock.sendall(b"done")

results["imported later"] = sorted(set(sys.modules) - modules)
threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
attempt("reserve 32 GiB", lambda: len(mmap.mmap(-1, 32 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, 0)))
attempt("randomness", lambda: len(os.urandom(10)))
attempt("wait", select.select, [], [], [], 0.001)
attempt("temporary in memory", lambda: os.memfd_create("x") > 0)
attempt("ended", os.kill, os.getpid(), 0)
"""


@pytest.fixture
def folders():
    # not pytest's own: it keeps its folders to its user, also while another suite starts
    with tempfile.TemporaryDirectory() as root:
        Path(root).chmod(0o755)
        paths = {name: Path(root).resolve() / name for name in ("readable", "writable")}
        for path in paths.values():
            path.mkdir()
            path.chmod(0o777)
        (paths["readable"] / "in.txt").write_text("granted")
        yield {name: str(path) for name, path in paths.items()}


def machine_code(engine: str) -> bytes:
    import wasmtime

    config = wasmtime.Config()
    if engine == "interpreter":
        config.target = "pulley64"
    return bytes(wasmtime.Module(wasmtime.Engine(config), GUEST).serialize())


def request(sock: socket.socket, kind: bytes, *code: int) -> tuple[bytes, bytes]:
    """Send one request as the kernel does, and return what the guest wrote."""
    (out_read, out_write), (err_read, err_write) = os.pipe(), os.pipe()
    try:
        socket.send_fds(sock, [kind], [out_write, err_write, *code])
        os.close(out_write)
        os.close(err_write)
        assert sock.recv(10) == b"done"
        return os.read(out_read, 1000), os.read(err_read, 1000)
    finally:
        os.close(out_read)
        os.close(err_read)


@needs_landlock
@needs_seccomp
@pytest.mark.parametrize(("engine", "user"), list(itertools.product(ENGINES, USERS)))
def test_a_locked_worker_does_all_its_work(folders: dict[str, str], tmp_path: Path, engine: str, user: str):
    """Machine code from a file, compiling, machine code from memory; folders, pipes, threads, traps, sleep, memory."""
    code_file = tmp_path / "guest.cwasm"
    code_file.write_bytes(machine_code(engine))
    code_file.chmod(0o644)
    ours, theirs = socket.socketpair()
    child = command(
        "import select\n" + WORKER,
        nobody=user == "nobody",
        name=engine,
        guest=GUEST,
        channel=theirs.fileno(),
        **folders,
    )
    memory = os.memfd_create("machine code")
    os.fchmod(memory, 0o644)
    os.write(memory, machine_code(engine))
    ours.settimeout(60)
    with ours, theirs, code_file.open("rb") as file:
        worker = subprocess.Popen(child, pass_fds=[theirs.fileno()], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        theirs.close()
        with worker:
            try:
                for kind, *code in ((b"file", file.fileno()), (b"compile",), (b"memory", memory)):
                    stdout, stderr = request(ours, kind, *code)
                    assert stdout == bytes(16), f"{kind!r}: errnos {list(stdout)}"
                    assert stderr == b"\0"
                    out = Path(folders["writable"], "sub", "out.txt")
                    assert out.read_text() == "granted"
                    assert out.stat().st_mtime == 1
                    for path in (out, Path(folders["writable"], "linked")):
                        path.unlink()
                    out.parent.rmdir()
            finally:
                ours.close()
                output, errors = worker.communicate(timeout=60)
    os.close(memory)
    assert worker.returncode == 0, errors.decode()
    assert json.loads(output) == {
        "threads when warm": 1,
        "complete": True,
        "traps": ["TrapCode.UNREACHABLE"] * 3,
        "imported later": [],
        "reserve 32 GiB": str(32 << 30),
        "randomness": "10",
        "wait": "([], [], [])",
        "temporary in memory": "True",
        "ended": "None",
    }
    assert os.listdir(folders["readable"]) == ["in.txt"]  # noqa: PTH208
