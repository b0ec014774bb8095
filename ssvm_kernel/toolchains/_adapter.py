"""The adapter by which a module for WASI 0.1, as C and Rust make it, has its imports from a component's WASI 0.2.

It is part of Bytecode Alliance's ``jco``, of which npm fetches the archive (180 KB) once.  Nothing of that is run here,
and the file must be the very one that is named below.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.host.spawn import run_tool
from ssvm_kernel.host.temporary import prefix_of
from ssvm_kernel.toolchains._asc_install import OF_NPM
from ssvm_kernel.toolchains._node import find_node, find_npm
from ssvm_kernel.toolchains._wasm_tools import INSTALL

__all__ = ["DIGEST", "adapter"]

_VERSION: Final = "1.35.0"
_PACKAGE: Final = f"@bytecodealliance/jco@{_VERSION}"
_MEMBER: Final = "package/lib/wasi_snapshot_preview1.reactor.wasm"
DIGEST: Final = "b857310c4753c8fafaa0f890e9ccf978dc3d9dbe8804b1125291a627485041d0"
_LARGEST: Final = 1 << 20
_TIMEOUT: Final = 300.0


def adapter(notice: Callable[[str], None] | None) -> bytes:
    """Return the adapter, fetched now if need be.

    Raises
    ------
    ToolchainMissing
        Where there is no npm, or it cannot fetch.
    """
    kept = store.read("adapter", DIGEST)
    if kept is not None and _is_it(kept):
        return kept
    if notice is not None:
        notice(f"fetching the adapter of WASI from npm ({_PACKAGE}): once on this machine, 180 KB")
    try:
        fetched = _fetched()
    except (OSError, subprocess.TimeoutExpired, tarfile.TarError) as error:
        raise ToolchainMissing(f"npm cannot fetch {_PACKAGE}: {error}") from error
    if not _is_it(fetched):
        raise ToolchainMissing(f"what npm fetched as {_PACKAGE} is not what it was when this was written")
    store.write("adapter", DIGEST, fetched)
    return fetched


def _is_it(data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == DIGEST


def _fetched() -> bytes:
    try:
        node = find_node()
        npm = find_npm(node)
    except ToolchainMissing:
        npm = None
    if npm is None:
        raise ToolchainMissing(f"there is no npm to fetch it with. Install both with: {INSTALL}", INSTALL)
    env = {name: value for name, value in os.environ.items() if OF_NPM.fullmatch(name)}
    with tempfile.TemporaryDirectory(prefix=prefix_of("adapter"), ignore_cleanup_errors=True) as folder:
        argv = [str(node.program), str(npm), "pack", _PACKAGE, "--ignore-scripts"]
        done = run_tool(argv, cwd=folder, env=env, timeout=_TIMEOUT)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode != 0 or not archives:
            raise ToolchainMissing(f"npm cannot fetch {_PACKAGE}: {done.stderr.decode(errors='replace').strip()}")
        with tarfile.open(archives[0]) as archive:
            member = archive.extractfile(_MEMBER)
            return b"" if member is None else member.read(_LARGEST)
