"""``ssvm compile`` and ``ssvm inspect``."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from ssvm_kernel.capabilities.manifest import manifest_of
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.cli.codefile import MAGIC, CodeFile
from ssvm_kernel.cli.files import load, read
from ssvm_kernel.errors import SsvmError
from ssvm_kernel.host.userkey import user_key
from ssvm_kernel.sandbox.engines import engine_tag
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.runner import Job, Runner

__all__ = ["compile_file", "inspect_file"]


def compile_file(engine: str, file: str, out: str) -> int:
    """Make machine code of a module, in a locked worker, and write both to `out`.

    Raises
    ------
    SsvmError
        When the module is none, or the result cannot be written.
    """
    guest = load(Path(file)).guest
    key = user_key()
    pool = WorkerPool()
    try:
        job = Job(guest.wasm, guest.sha256, engine)
        code = Runner(pool).compile(job)[1]
    finally:
        pool.close()
    _write(Path(out), CodeFile(engine, engine_tag(job.settings), guest.wasm, code).dump(key))
    return 0


def inspect_file(file: str) -> int:
    """Print what a guest can ask for and cannot do.

    Raises
    ------
    LoadError
        When it is no WebAssembly.
    """
    path = Path(file)
    data = read(path)
    name = visible(path.name, 100)
    lines = []
    if data.startswith(MAGIC):
        header = CodeFile.header(data, name)
        lines.append(f"machine code for the engine {header.engine}, compiled by {visible(header.made_by, 200)}")
        start = len(data) - 32 - header.code_bytes - header.module_bytes
        data = data[start : start + header.module_bytes]
    binary = read_binary(data)
    manifest = manifest_of(binary)
    title = f"{name}: {binary.kind.value}, {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()}"
    lines += [f"entry: {manifest.entry}"]
    lines += [f"process interface: {manifest.interface}"] if manifest.interface else []
    lines += manifest.lines()
    lines += [f"exports the {item.kind} {visible(item.name, 100)} {item.type}".rstrip() for item in manifest.exports]
    sys.stdout.write("\n".join([title, *(f"  {line}" for line in lines)]) + "\n")
    return 0


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: one that is running may be the one that is replaced."""
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".ssvm-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise SsvmError(f"{visible(str(path), 300)} cannot be written: {error.strerror}") from None
