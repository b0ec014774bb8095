"""From a file that was named on the command line to a guest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.cli.codefile import MAGIC, CodeFile
from ssvm_kernel.errors import LoadError, UsageError
from ssvm_kernel.guest import Guest
from ssvm_kernel.host.userkey import user_key
from ssvm_kernel.sandbox.engines import ENGINES, EngineSettings, engine_tag

__all__ = ["Loaded", "load", "read"]


@dataclass(frozen=True)
class Loaded:
    """A guest, and machine code for it where the file had some: for which engine, and the code."""

    guest: Guest
    engine: str = ""
    code: bytes = b""


def read(path: Path) -> bytes:
    """Return a file's content.

    Raises
    ------
    LoadError
        When it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise LoadError(f"{visible(str(path), 300)} cannot be read: {error.strerror}") from None


def load(path: Path, engine: str = "") -> Loaded:
    """Return the guest in a module, or in a file of ``ssvm compile``.

    Parameters
    ----------
    path : Path
        The file.
    engine : str
        The engine that was asked for, empty for any.

    Raises
    ------
    LoadError
        When it is neither, or machine code that must not be run or cannot be run here.
    UsageError
        When it was compiled for another engine than the one asked for.
    """
    data = read(path)
    name = visible(path.name, 100)
    if not data.startswith(MAGIC):
        return Loaded(_module(path, data))
    made_by = {other: engine_tag(EngineSettings(other)) for other in ENGINES}
    content = CodeFile.load(data, name, user_key(), made_by)
    if engine and engine != content.engine:
        raise UsageError(f"{name} was compiled for the engine {content.engine}, not for {engine}")
    return Loaded(Guest(path.name, content.wasm), content.engine, content.code)


def _module(path: Path, data: bytes) -> Guest:
    guest = Guest(path.name, data)
    if guest.is_module:
        return guest
    name = visible(path.name, 100)
    if data.startswith((b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf")):
        raise LoadError(
            f"{name} is refused: it is machine code of this computer, not WebAssembly, and would run outside of any "
            "sandbox. Compile the module itself: ssvm compile FILE.wasm OUT"
        )
    raise LoadError(f"{name} is not a WebAssembly module: {guest.why_no_module}")
