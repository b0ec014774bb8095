"""The crates that a Rust cell can use without installing them, compiled once per compiler."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel import sdk
from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.host.temporary import prefix_of
from ssvm_kernel.toolchains._rustc import Rustc
from ssvm_kernel.toolchains._tools import packaged_digest, run_compiler, signature

__all__ = ["extern_flags", "libraries", "sources_digest"]

_SDK = Path(sdk.__file__).parent / "rust"
_PROCESS = _SDK / "rust_process_interface_library" / "src"
_TENSORFLOW = _SDK / "ssvm_tensorflow_interface" / "src"
# The process interface under its first name and those it was renamed to, the other interfaces, and what exports
# functions to Python and of components: where the sources are, and the feature each is compiled with.
_CRATES = {
    "rust_process_interface_library": (_PROCESS, ""),
    "ssvm_process_interface": (_PROCESS, ""),
    "wasmedge_process_interface": (_PROCESS, "wasmedge"),
    "ssvm_display": (_SDK / "ssvm_display" / "src", ""),
    "ssvm_export": (_SDK / "ssvm_export" / "src", ""),
    "ssvm_tensorflow_interface": (_TENSORFLOW, ""),
    "ssvm_wit": (_SDK / "ssvm_wit" / "src", ""),
    "wasmedge_tensorflow_interface": (_TENSORFLOW, "wasmedge"),
}
_MENTIONED = re.compile(r"\b(?:" + "|".join(_CRATES) + r")\b")
_KIND = "rlib"


@dataclass(frozen=True)
class _Build:
    """How crates are compiled: as the cells that use them."""

    rustc: Rustc
    flags: tuple[str, ...]


def libraries(texts: Iterable[str], rustc: Rustc, flags: Sequence[str]) -> dict[str, bytes]:
    """Return the crates that a cell or one of the session's files mentions, compiled, by their names.

    Parameters
    ----------
    texts : iterable of str
        The cell's text, and that of the session's files that it can have.
    rustc : Rustc
        The compiler.
    flags : sequence of str
        The flags that every cell is compiled with.

    Raises
    ------
    ToolchainMissing
        When the compiler cannot compile them.
    """
    build = _Build(rustc, tuple(flags))
    mentioned = {crate for text in texts for crate in _MENTIONED.findall(text)}
    return {crate: _library(crate, build) for crate in sorted(mentioned)}


def extern_flags(found: Mapping[str, bytes], workdir: Path) -> list[str]:
    """Put `libraries` into the folder of a compile, and return the flags by which a cell gets them.

    The compiler wants them under their own names.
    """
    out: list[str] = []
    for crate, data in found.items():
        library = workdir / f"lib{crate}.rlib"
        library.write_bytes(data)
        out += ["--extern", f"{crate}={library.name}"]
    return out


def sources_digest() -> str:
    """Return the digest of the crates' sources."""
    return packaged_digest(_SDK, "*/src/*.rs")


def _library(crate: str, build: _Build) -> bytes:
    """Return the compiled crate, from the store or from the compiler."""
    rustc = build.rustc
    parts = [crate, *build.flags, rustc.version, rustc.target, signature(rustc.program), sources_digest()]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    kept = store.read(_KIND, key)
    if kept is not None:
        return kept
    made = _compile(crate, build)
    store.write(_KIND, key, made)
    return made


def _compile(crate: str, build: _Build) -> bytes:
    with tempfile.TemporaryDirectory(prefix=prefix_of("crate"), ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        inside = work / crate  # named like the crate in a panic's message, without a path of this machine
        inside.mkdir()
        sources, feature = _CRATES[crate]
        for file in sources.glob("*.rs"):
            (inside / file.name).write_bytes(file.read_bytes())
        argv = [str(build.rustc.program), *build.flags, "--crate-type", "rlib", "--crate-name", crate]
        argv += ["--cfg", f'feature="{feature}"'] if feature else []
        argv += [f"{crate}/lib.rs", "-o", f"lib{crate}.rlib"]
        done = run_compiler(argv, work, source="")
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise ToolchainMissing(f"{build.rustc.program} {build.rustc.version} cannot compile {crate}: {said}")
        return (work / f"lib{crate}.rlib").read_bytes()
