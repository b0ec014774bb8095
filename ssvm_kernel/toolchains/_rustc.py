"""Find a Rust compiler that has a standard library for WebAssembly.

Many machines have several, and the one on ``PATH`` is often rustup's without that library while the system's has it.
Where the library is follows from where the compiler is, so most of them are judged without being started.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host.spawn import run_tool
from ssvm_kernel.toolchains._programs import path_folders
from ssvm_kernel.toolchains._tools import signature
from ssvm_kernel.toolchains._versions import version_said

__all__ = ["INSTALL", "TARGETS", "Rustc", "find_rustc"]

TARGETS = ("wasm32-wasip1", "wasm32-wasi")
"""The same target under its new and its old name; the new one is preferred."""

INSTALL = """\
  rustup:  rustup target add wasm32-wasip1
  Debian:  apt-get install rustc cargo libstd-rust-dev-wasm32 lld
  conda:   conda install anaconda::rust anaconda::rust-std-wasm32-wasip1"""

_SYSTEM = ("/usr/local/bin/rustc", "/usr/bin/rustc", "/opt/homebrew/bin/rustc")
_ENVIRONMENT = ("RUSTC", "RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "CARGO_HOME", "PATH", "HOME")
_DEFAULT = re.compile(r'^default_toolchain\s*=\s*"([^"]+)"', re.MULTILINE)
_VERSION = re.compile(r"^rustc (\S+)")
_TIMEOUT = 30.0


@dataclass(frozen=True)
class Rustc:
    """A usable compiler: its program, its version, and the target and folder of its WebAssembly library."""

    program: Path
    version: str
    target: str
    library: Path


_last: tuple[Rustc, str] | None = None  # what was found last, and all that the choice depended on


def find_rustc() -> Rustc:
    """Return the first compiler that can compile for WASI.

    ``RUSTC`` decides when it is set; else it is rustup's, this environment's, one on ``PATH``, the system's.

    Raises
    ------
    ToolchainMissing
        With the compilers that were looked at, and the commands that install one.
    """
    global _last
    if _last is not None and _grounds(_last[0]) == _last[1]:
        return _last[0]
    found = _search()
    _last = (found, _grounds(found))
    return found


def _grounds(rustc: Rustc) -> str:
    """Return what is looked at again of a choice: the variables and the compiler found, not what came beside it."""
    chosen = "|".join(os.environ.get(name, "") for name in _ENVIRONMENT)
    try:
        return f"{chosen}|{signature(rustc.program, rustc.library)}"
    except OSError:
        return "gone"


def _search() -> Rustc:
    named = os.environ.get("RUSTC")
    if named:
        program = shutil.which(named)
        found = _usable(Path(program)) if program else None
        if found is None:
            problem = "has no WebAssembly standard library" if program else "is not a program"
            raise ToolchainMissing(f"RUSTC is set to {named}, which {problem}. Unset it, or install one:\n{INSTALL}")
        return found
    seen: list[str] = []
    for program_path in _candidates():
        if (found := _usable(program_path)) is not None:
            return found
        seen.append(str(program_path))
    looked = f" (looked at {', '.join(seen)})" if seen else ""
    problem = "no Rust compiler with a WebAssembly standard library" if seen else "no Rust compiler"
    raise ToolchainMissing(f"{problem} was found{looked}. Install one in one of these ways:\n{INSTALL}")


def _candidates() -> Iterator[Path]:
    """Give the programs ``rustc`` of this machine, each once."""
    folders = [Path(sys.prefix) / "bin", *path_folders()]
    programs = [*_rustup_compilers(), *(folder / "rustc" for folder in folders), *map(Path, _SYSTEM)]
    seen = set()
    for program in programs:
        if not os.access(program, os.X_OK) or not program.is_file():
            continue
        real = program.resolve()
        if real.name == "rustup" or real in seen:  # rustup's own compilers are named above
            continue
        seen.add(real)
        yield program


def _rustup_compilers() -> Iterator[Path]:
    """Give rustup's compilers, the person's default first."""
    home = Path(os.environ.get("RUSTUP_HOME") or Path("~/.rustup").expanduser())
    try:
        names = sorted((item.name for item in (home / "toolchains").iterdir()), reverse=True)
    except OSError:
        return
    chosen = os.environ.get("RUSTUP_TOOLCHAIN", "")
    try:
        default = _DEFAULT.search((home / "settings.toml").read_text("utf-8"))
    except OSError:
        default = None
    preferred = [item for item in (chosen, default[1] if default else "") if item]
    names.sort(key=lambda name: [not name.startswith(item) for item in preferred])
    for name in names:
        yield home / "toolchains" / name / "bin" / "rustc"


def _usable(program: Path) -> Rustc | None:
    """Return the compiler with its version when it can compile for WASI."""
    beside = program.resolve().parent.parent / "lib" / "rustlib"
    for target in TARGETS:
        if beside.is_dir():
            library = beside / target / "lib"
        else:  # a wrapper, whose libraries are elsewhere
            library = Path(_ask(program, "--print", "target-libdir", "--target", target) or "/nonexistent")
        if _holds_std(library):
            version = _VERSION.match(version_said(program))
            return Rustc(program, version[1] if version else "unknown", target, library)
    return None


def _holds_std(library: Path) -> bool:
    return next(library.glob("libstd-*.rlib"), None) is not None


def _ask(program: Path, *question: str) -> str:
    """Return a compiler's answer, or an empty string when it gives none."""
    env = {name: os.environ[name] for name in (*_ENVIRONMENT, "LD_LIBRARY_PATH") if name in os.environ}
    try:
        done = run_tool([str(program), *question], cwd=_neutral_folder(), env=env, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


@functools.cache
def _neutral_folder() -> str:
    """Return a folder without a ``rust-toolchain.toml`` in it, which would change what rustup's programs answer."""
    return str(Path(sys.executable).anchor)
