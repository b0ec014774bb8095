"""Limits of the system, in real processes."""

from __future__ import annotations

import resource
import signal
import sys
from pathlib import Path

import pytest

from .locked import run_child


def test_what_is_in_force_is_told():
    found = run_child(
        """
        limits = ResourceLimits(open_files=50, data_bytes=1 << 30, file_bytes=1 << 20, cpu_seconds=100)
        attempt("applied", lambda: dict(rlimits.apply_rlimits(limits)))
        import resource
        for name in ("CORE", "NOFILE", "DATA", "FSIZE", "CPU"):
            attempt(name, resource.getrlimit, getattr(resource, "RLIMIT_" + name))
        """
    )
    values = {"CORE": 0, "NOFILE": 50, "DATA": 1 << 30, "FSIZE": 1 << 20, "CPU": 100}
    assert found.pop("applied") == repr(
        {"core": 0, "memlock": 0, "nofile": 50, "data": 1 << 30, "fsize": 1 << 20, "cpu": 100}
    )
    assert found == {name: repr((value, value)) for name, value in values.items()}


def test_a_lower_limit_stays():
    found = run_child(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        attempt("applied", lambda: dict(rlimits.apply_rlimits(ResourceLimits(open_files=50)))["nofile"])
        """
    )
    assert found == {"applied": "20"}


def test_none_leaves_a_limit_alone():
    before = resource.getrlimit(resource.RLIMIT_DATA)
    found = run_child(
        """
        import resource
        rlimits.apply_rlimits(ResourceLimits())
        attempt("data", resource.getrlimit, resource.RLIMIT_DATA)
        """
    )
    assert found == {"data": repr(before)}


def test_files_and_descriptors_end_at_their_limit(tmp_path: Path):
    found = run_child(
        """
        rlimits.apply_rlimits(ResourceLimits(open_files=32, file_bytes=1000))
        def write():
            with open(path, "wb", buffering=0) as file:
                file.write(b"x" * 1000)
                file.write(b"x")
        attempt("write", write)
        attempt("open", lambda: [os.dup(0) for _ in range(40)])
        """,
        path=str(tmp_path / "file"),
    )
    assert found == {"write": "EFBIG", "open": "EMFILE"}
    assert (tmp_path / "file").stat().st_size == 1000


@pytest.mark.skipif(sys.platform != "linux", reason="counts private memory on Linux only")
def test_memory_ends_at_its_limit_but_reservations_do_not_count():
    found = run_child(
        """
        rlimits.apply_rlimits(ResourceLimits(data_bytes=256 << 20))
        attempt("small", lambda: len(bytearray(32 << 20)))
        attempt("large", lambda: len(bytearray(512 << 20)))
        libc.mmap.restype = ctypes.c_void_p
        reserve = lambda: libc.mmap(None, ctypes.c_size_t(16 << 30), 0, 0x22, -1, ctypes.c_long(0)) > 0
        attempt("reserve", reserve)
        """
    )
    assert found == {"small": str(32 << 20), "large": "MemoryError: ", "reserve": "True"}


@pytest.mark.skipif(sys.platform != "linux", reason="counts private memory on Linux only")
def test_a_guest_sees_the_memory_limit_as_a_failed_grow():
    found = run_child(
        """
        import wasmtime
        store = wasmtime.Store()
        wat = '(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))'
        rlimits.apply_rlimits(ResourceLimits(data_bytes=256 << 20))
        grow = wasmtime.Instance(store, wasmtime.Module(store.engine, wat), []).exports(store)["grow"]
        attempt("64 MiB", grow, store, 1024)
        attempt("1 GiB", grow, store, 16384)
        attempt("again", grow, store, 1)
        """
    )
    assert found == {"64 MiB": "1", "1 GiB": "-1", "again": "1025"}


def test_processor_time_ends_at_its_limit():
    found = run_child("rlimits.apply_rlimits(ResourceLimits(cpu_seconds=1))\nwhile True: pass", expect=None)
    assert int(found["returncode"]) in (-signal.SIGXCPU, -signal.SIGKILL)
