"""Where the ``ziglang`` package and the C library that fits to it are."""

from __future__ import annotations

import functools
import hashlib
import importlib
import logging
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ssvm_kernel import sdk
from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.host.spawn import run_tool
from ssvm_kernel.toolchains._alone import alone
from ssvm_kernel.toolchains._programs import package_folder
from ssvm_kernel.toolchains._sysroot import CELL, FORMAT, make_sysroot, read_manifest
from ssvm_kernel.toolchains._tools import signature

__all__ = ["Sysroot", "Ziglang", "find_ziglang", "sysroot_for"]

INSTALL = "pip install 'ssvm-kernel[c]'"
_TIMEOUT = 900.0  # seconds for one of the two steps that make the C library; each takes about 15
_log = logging.getLogger(__name__)
_last: tuple[Ziglang, str] | None = None  # what was found last, and the program's signature then


@dataclass(frozen=True)
class Ziglang:
    """An installed ziglang package: its program, its ``lib`` folder, its version."""

    program: Path
    lib: Path
    version: str


@dataclass(frozen=True)
class Sysroot:
    """A C or C++ library with its headers: what to give the compiler and the linker."""

    includes: tuple[str, ...]
    command: tuple[str, ...]
    reactor: tuple[str, ...]
    defines: tuple[str, ...] = ()

    def link_line(self, objects: Sequence[str], *, reactor: bool = False) -> list[str]:
        """Return the linker's inputs, in order, with the cell's own `objects` in their place."""
        line: list[str] = []
        for item in self.reactor if reactor else self.command:
            line += objects if item == CELL else [item]
        return line


def find_ziglang() -> Ziglang:
    """Return the installed package, without running it.

    Raises
    ------
    ToolchainMissing
        With the command that installs it.
    """
    global _last
    if _last is not None and _unchanged(*_last):
        return _last[0]
    zig = _search()
    _last = (zig, signature(zig.program))
    return zig


def _unchanged(zig: Ziglang, seen: str) -> bool:
    try:
        return signature(zig.program) == seen
    except OSError:
        return False


def _search() -> Ziglang:
    package = package_folder("ziglang")
    if package is None:
        importlib.invalidate_caches()  # it may have been installed a moment ago, by this very kernel
        package = package_folder("ziglang")
    if package is None:
        raise ToolchainMissing(f"the package ziglang is not installed. Install it with: {INSTALL}", INSTALL)
    for name in ("zig", "zig.exe"):
        if (package / name).is_file():
            return Ziglang(package / name, package / "lib", _package_version(package / name))
    raise ToolchainMissing(f"the package ziglang in {package} is incomplete. Install it anew with: {INSTALL}", INSTALL)


def _package_version(program: Path) -> str:
    try:
        return version("ziglang")
    except PackageNotFoundError:  # installed without metadata: then any change of the program counts as another version
        return f"unknown-{hashlib.sha256(signature(program).encode()).hexdigest()[:12]}"


def sysroot_for(zig: Ziglang, notice: Callable[[str], None] | None, *, cxx: bool = False) -> Sysroot:
    """Return the C or C++ library for `zig`: the one shipped with this package, or one made now, once.

    Raises
    ------
    ToolchainMissing
        When it cannot be made.
    """
    c = _folder(zig, notice, "C")
    return _described(zig, _folder(zig, notice, "C++"), c) if cxx else _described(zig, c, c)


def _folder(zig: Ziglang, notice: Callable[[str], None] | None, language: str) -> Path:
    """Return the folder with the library of one language, made now if need be."""
    part = "" if language == "C" else "-cxx"
    shipped = Path(sdk.__file__).parent / "sysroot" / f"zig-{zig.version}{part}"
    if read_manifest(shipped) is not None:
        return shipped
    own = store.folder_or_temporary("sysroot") / f"zig-{zig.version}-{FORMAT}{part}"
    if read_manifest(own) is None:
        _make(zig, own, notice or _log.warning, language)
    return own


def _make(zig: Ziglang, folder: Path, notice: Callable[[str], None], language: str) -> None:
    """Make a library while no other kernel does."""
    try:
        with alone(folder, f"building the {language} library", notice):
            if read_manifest(folder) is not None:  # another kernel made it while this one waited
                return
            notice(f"building the {language} library of ziglang {zig.version}: once on this machine, half a minute")
            make_sysroot(zig.program, folder, _run, cxx=language == "C++")
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainMissing(
            f"ziglang {zig.version} cannot build the {language} library for cells: {error}"
        ) from error


def _run(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    done = run_tool(argv, cwd=cwd, env=env, timeout=_TIMEOUT)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


@functools.lru_cache(maxsize=8)
def _described(zig: Ziglang, folder: Path, c: Path) -> Sysroot:
    manifest = read_manifest(folder)
    if manifest is None:
        raise ToolchainMissing(f"the library in {folder} was removed while this kernel ran; run the cell again")

    def paths(model: str) -> tuple[str, ...]:
        return tuple(item if item == CELL else str(_which(item, folder, c)) for item in manifest[model])

    includes = tuple(str(zig.lib / name) for name in manifest["includes"])
    return Sysroot(includes, paths("command"), paths("reactor"), tuple(manifest.get("defines", ())))


def _which(name: str, folder: Path, c: Path) -> Path:
    """Return the file of a library: what C++ needs of C's is in C's folder."""
    return folder / name if (folder / name).is_file() else c / name
