"""``ssvm compile`` and ``ssvm inspect``."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

from ssvm_kernel.capabilities.manifest import manifest_of
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wasm import read_binary
from ssvm_kernel.cli.codefile import MAGIC, CodeFile
from ssvm_kernel.cli.files import load, read
from ssvm_kernel.host.named import own_content, write_whole
from ssvm_kernel.host.userkey import user_key
from ssvm_kernel.sandbox.engines import engine_tag
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.runner import Job, Runner

__all__ = ["compile_file", "inspect_file"]

_WHAT: Final = "machine code"


def compile_file(engine: str, file: str, out: str) -> int:
    """Make machine code of a module, in a locked worker, and write both to `out`.

    Raises
    ------
    SsvmError
        When the module is none, or the result cannot be written; a file that is something else is not replaced.
    """
    place = Path(out)
    own_content(place, _WHAT, lambda data: data.startswith(MAGIC))
    guest = load(Path(file)).guest
    key = user_key()
    pool = WorkerPool()
    try:
        job = Job(guest.wasm, guest.sha256, engine)
        code = Runner(pool).compile(job)[1]
    finally:
        pool.close()
    write_whole(place, CodeFile(engine, engine_tag(job.settings), guest.wasm, code).dump(key), _WHAT)
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
        data = CodeFile.module(data, header)
    binary = read_binary(data)
    manifest = manifest_of(binary)
    title = f"{name}: {binary.kind.value}, {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()}"
    lines += [f"entry: {manifest.entry}"]
    lines += [f"process interface: {manifest.interface}"] if manifest.interface else []
    lines += manifest.lines()
    lines += [f"exports the {item.kind} {visible(item.name, 100)} {item.type}".rstrip() for item in manifest.exports]
    sys.stdout.write("\n".join([title, *(f"  {line}" for line in lines)]) + "\n")
    return 0
