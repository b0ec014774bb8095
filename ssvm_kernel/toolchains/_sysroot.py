"""Make the C and C++ libraries that cells are linked with, once, out of what the ``ziglang`` package brings.

``zig cc`` builds the C library on first use with some six hundred processes, which takes half a minute, and keeps it in
a cache that does not move with the installation.  So that is done once, when the package is built (or when another
version of ziglang is installed than the one it was built with), and cells use its result directly.  What C++ needs
besides is a folder of its own, so that C does not wait for it.

The build hook loads this file by its path in an environment that has nothing else: only the standard library is
imported here, and whoever calls says how a process is started.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["CELL", "FORMAT", "MANIFEST", "Run", "make_sysroot", "read_manifest"]

FORMAT = 1
"""Changes when what is made or how it is described changes."""

MANIFEST = "manifest.json"
CELL = "{cell}"
"""Stands in a link line for the cell's own object files."""

Run = Callable[[Sequence[str], str, Mapping[str, str]], tuple[int, str, str]]
"""Runs ``argv`` in a folder with an environment; returns status, stdout and stderr."""

# Speed-optimised, without debug sections: those of a library mean nothing to the author of a cell.
_FLAGS = ("-target", "wasm32-wasi", "-O2", "-s")
_CXX_FLAGS = ("-fno-exceptions",)
_MODELS = ("command", "reactor")
# The libraries are shipped with the package, so what their authors ask to be passed on goes with them.
_LICENSES = (
    "LICENSE",
    "lib/libc/wasi/LICENSE*",
    "lib/libc/wasi/libc-*/*/COPYRIGHT",
    "lib/libc/wasi/libc-*/*/LICENSE",
    "lib/libc/musl/COPYRIGHT",
)
_CXX_LICENSES = ("lib/libcxx/LICENSE*", "lib/libcxxabi/LICENSE*")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the description of a finished C library of this format in `folder`, or None."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("format") == FORMAT else None


def make_sysroot(zig: str | Path, destination: Path, run: Run, *, cxx: bool = False) -> None:
    """Make the C library for a ziglang installation, or what C++ needs besides it.

    Parameters
    ----------
    zig : path
        The program ``zig``, with its ``lib`` folder beside it.
    destination : Path
        The folder to make; it appears complete or not at all.
    run : callable
        Starts a process (see `Run`).
    cxx : bool
        Make the C++ library, without the files that are in the C library's folder already.

    Raises
    ------
    RuntimeError
        When zig fails or says something that is not understood.
    OSError
        When the folder cannot be written.
    """
    zig = Path(zig)
    destination.parent.mkdir(parents=True, exist_ok=True)
    # zig's own cache is keyed by paths relative to the working folder if that is above its installation, so it works in
    # a folder of its own that is thrown away with the cache.
    with (
        tempfile.TemporaryDirectory(prefix="ssvm-sysroot-") as work,
        tempfile.TemporaryDirectory(prefix=".part-", dir=destination.parent) as staging,
    ):
        result = Path(staging) / "sysroot"
        result.mkdir()
        manifest: dict[str, Any] = {"format": FORMAT, "zig": _run_zig(run, zig, ["version"], work)[0].strip()}
        cell = "cell.cpp" if cxx else "cell.c"
        (Path(work) / cell).write_text("int main() { return 0; }\n" if cxx else "int main(void) { return 0; }\n")
        for model in _MODELS:
            argv = ["c++" if cxx else "cc", *_FLAGS, *(_CXX_FLAGS if cxx else ()), f"-mexec-model={model}"]
            said = _run_zig(run, zig, [*argv, "--verbose", cell, "-o", "cell.wasm"], work)[1]
            manifest[model] = _take_link_inputs(said, Path(work), result, "libc++*" if cxx else "*")
            manifest["includes"] = _include_folders(said, zig.parent / "lib")
            manifest["defines"] = _defines(said) if cxx else []
        (result / "LICENSES.txt").write_text(_licenses(zig.parent, _CXX_LICENSES if cxx else _LICENSES), "utf-8")
        manifest["sha256"] = {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(result.iterdir())
        }
        (result / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", "utf-8")
        if destination.is_dir():
            shutil.rmtree(destination)
        result.rename(destination)


def _run_zig(run: Run, zig: Path, arguments: Sequence[str], work: str) -> tuple[str, str]:
    env = {"ZIG_GLOBAL_CACHE_DIR": f"{work}/global", "ZIG_LOCAL_CACHE_DIR": f"{work}/local", "LC_ALL": "C"}
    status, stdout, stderr = run([str(zig), *arguments], work, env)
    if status != 0:
        raise RuntimeError(f"zig {' '.join(arguments)} failed with status {status}: {stderr[-2000:]}")
    return stdout, stderr


def _take_link_inputs(said: str, work: Path, result: Path, wanted: str) -> list[str]:
    """Copy what the link line names into `result`; return their names in order, `CELL` where the cell stood.

    Files whose names do not match `wanted` are named, and not copied.
    """
    lines = [line for line in said.splitlines() if line.startswith("wasm-ld ")]
    if not lines:
        raise RuntimeError(f"zig cc --verbose shows no link line: {said[-2000:]}")
    order = []
    words = shlex.split(lines[-1])
    for index, word in enumerate(words):
        path = work / word  # an absolute word stays as it is
        if words[index - 1] == "-o" or path.suffix not in {".o", ".a"}:
            continue
        if path.name == "cell.o":
            order.append(CELL)
        else:
            if path.match(wanted):
                shutil.copyfile(path, result / path.name)
            order.append(path.name)
    if CELL not in order or not any(name.startswith("crt1") for name in order) or "libc.a" not in order:
        raise RuntimeError(f"zig's link line is not understood: {lines[-1]}")
    return order


def _include_folders(said: str, lib: Path) -> list[str]:
    """Return the folders for system headers, relative to zig's ``lib`` folder, in order."""
    words = _compile_line(said)
    named = [Path(words[index + 1]) for index, word in enumerate(words[:-1]) if word == "-isystem"]
    folders = [path.relative_to(lib).as_posix() for path in named if path.is_dir() and path.is_relative_to(lib)]
    if not folders:
        raise RuntimeError(f"zig cc --verbose shows no header folders: {said[-2000:]}")
    return folders


def _defines(said: str) -> list[str]:
    """Return the macros that the library's headers need to fit to the library, as flags."""
    words = _compile_line(said)
    named = [f"-D{words[index + 1]}" for index, word in enumerate(words[:-1]) if word == "-D"]
    # NDEBUG is no part of it, and would take the assertions out of cells.
    found = [flag for flag in named if flag.startswith("-D_LIBC")]
    if not found:
        raise RuntimeError(f"zig c++ --verbose shows no settings of the C++ library: {said[-2000:]}")
    return found


def _compile_line(said: str) -> list[str]:
    return next((shlex.split(line) for line in said.splitlines() if " -cc1 " in line), [])


def _licenses(package: Path, patterns: Sequence[str]) -> str:
    """Return the licences of what the libraries are made of, each under its path in the ziglang package."""
    files = sorted({file for pattern in patterns for file in package.glob(pattern)})
    texts = [f"==== {file.relative_to(package).as_posix()} ====\n\n{file.read_text('utf-8')}" for file in files]
    return "\n\n".join(texts)
