"""The AssemblyScript compiler: found on the machine, or fetched once from npm in the versions that are pinned here.

npm checks what it fetches against the digests in ``package-lock.json``, and runs no script of any package.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.host.spawn import run_tool
from ssvm_kernel.toolchains._alone import alone
from ssvm_kernel.toolchains._node import INSTALL, Node, find_node, find_npm
from ssvm_kernel.toolchains._programs import programs

__all__ = ["DRIVER", "OF_NPM", "Compiler", "find_compiler", "installed"]

_FOLDER = Path(__file__).parent / "_asc"
DRIVER = _FOLDER / "driver.mjs"
_MANIFESTS = ("package.json", "package-lock.json")
_COMPILER, _SHIM = "assemblyscript", "@assemblyscript/wasi-shim"
_NEEDED = (f"{_COMPILER}/dist/asc.js", f"{_SHIM}/assembly/wasi_process.ts")
_WITHOUT = ("binaryen/bin",)  # programs that no cell needs, four fifths of the whole
_TIMEOUT = 900.0
# npm is the person's: their registry, their proxy, their certificates.
OF_NPM = re.compile(
    r"(?i:npm_config_.*|(https?|no|all)_proxy)|PATH|HOME|LD_LIBRARY_PATH|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|TMPDIR"
)


@dataclass(frozen=True)
class Compiler:
    """The compiler: what runs it, and the folder of packages that has it, or will have it when it is first needed."""

    node: Node
    packages: Path
    version: str

    @property
    def is_installed(self) -> bool:
        """Whether all of it is there."""
        return _whole(self.packages)


def find_compiler() -> Compiler:
    """Return the compiler that was fetched before, else one of the machine, else the one that can be fetched.

    Raises
    ------
    ToolchainMissing
        Where there is no Node.js, or no npm to fetch the compiler.
    """
    node = find_node()
    ours = _home() / "node_modules"
    if not _whole(ours):
        theirs = _of_the_machine()
        if theirs is not None:
            return Compiler(node, theirs, _version(theirs))
        if find_npm(node) is None:
            problem = f"{node.program} has no npm to fetch the AssemblyScript compiler with"
            raise ToolchainMissing(f"{problem}. Install both with: {INSTALL}", INSTALL)
    return Compiler(node, ours, _pinned()[_COMPILER])


def installed(notice: Callable[[str], None] | None = None) -> Compiler:
    """Return the compiler, fetched now when that was not done before.

    Raises
    ------
    ToolchainMissing
        When it cannot be fetched.
    """
    compiler = find_compiler()
    if compiler.is_installed:
        return compiler
    home = compiler.packages.parent
    try:
        home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(home, f"fetching AssemblyScript {compiler.version}", notice):
            if not compiler.is_installed:  # another kernel may have fetched it while this one waited
                if notice is not None:
                    notice(f"fetching AssemblyScript {compiler.version} from npm: once on this machine, about 25 MB")
                _fetch(compiler.node, home)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainMissing(f"AssemblyScript {compiler.version} cannot be fetched: {error}") from error
    return compiler


def _fetch(node: Node, home: Path) -> None:
    npm = find_npm(node)
    if npm is None:
        raise ToolchainMissing(f"there is no npm to fetch AssemblyScript with. Install it with: {INSTALL}", INSTALL)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=home.parent, ignore_cleanup_errors=True) as folder:
        for name in _MANIFESTS:
            shutil.copyfile(_FOLDER / name, Path(folder) / name)
        argv = [str(node.program), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-bin-links"]
        env = {name: value for name, value in os.environ.items() if OF_NPM.fullmatch(name)}
        done = run_tool(argv, cwd=folder, env=env, timeout=_TIMEOUT)
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        if done.returncode != 0 or not _whole(Path(folder) / "node_modules"):
            raise ToolchainMissing(f"npm cannot fetch AssemblyScript {_pinned()[_COMPILER]}: {said}")
        for name in _WITHOUT:
            shutil.rmtree(Path(folder) / "node_modules" / name, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)  # what an interrupted removal left of it
        Path(folder).rename(home)


def _whole(packages: Path) -> bool:
    return all((packages / name).is_file() for name in _NEEDED)


def _home() -> Path:
    """Return where the pinned versions are, or will be."""
    digest = _digest(_FOLDER / "package-lock.json")
    # Without links, so that a compiler that stays (`_asc_server`) is known again.
    return store.folder_or_temporary("assemblyscript").resolve() / digest[:16]


@functools.cache
def _digest(packaged: Path) -> str:
    return hashlib.sha256(packaged.read_bytes()).hexdigest()


@functools.cache
def _pinned() -> dict[str, str]:
    dependencies: dict[str, str] = json.loads((_FOLDER / "package.json").read_text("utf-8"))["dependencies"]
    return dependencies


def _of_the_machine() -> Path | None:
    """Return the folder of packages with the ``asc`` on ``PATH``, when it is of our series and the shim lies beside."""
    program = next(programs("asc"), None)
    if program is None:
        return None
    packages = program.parent.parent.parent
    series = _pinned()[_COMPILER].rpartition(".")[0]
    return packages if _whole(packages) and _version(packages).startswith(f"{series}.") else None


def _version(packages: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return str(json.loads((packages / _COMPILER / "package.json").read_text("utf-8")).get("version", ""))
    return ""
