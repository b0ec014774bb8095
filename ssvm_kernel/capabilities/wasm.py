"""What a WebAssembly binary says about itself: imports, exports and names, read without running or compiling it.

The bytes are not trusted.  Any input gives a result or a `LoadError`, in time and memory that grow with its length, and
no number in it is believed before the bytes that it counts are there.
"""

from __future__ import annotations

from ssvm_kernel.capabilities.binary import Binary, BinaryKind, Export, Import, is_component
from ssvm_kernel.capabilities.component import read_component
from ssvm_kernel.capabilities.coremodule import read_module
from ssvm_kernel.capabilities.reader import Reader
from ssvm_kernel.errors import LoadError

__all__ = ["Binary", "BinaryKind", "Export", "Import", "read_binary"]


def read_binary(data: bytes) -> Binary:
    """Return what a binary says about itself.

    Parameters
    ----------
    data : bytes
        A module or component in binary form.

    Raises
    ------
    LoadError
        When it is neither, or is cut off or malformed where this reader looks.
    """
    if data[:4] != b"\0asm":
        hint = "; this looks like its text form, which has to be compiled" if data.lstrip()[:1] == b"(" else ""
        raise LoadError(f"this is not a WebAssembly binary: it does not begin with the bytes \\0asm{hint}")
    header = data[4:8]
    if header == b"\x01\0\0\0":
        return read_module(Reader(data, 8))
    if is_component(data):
        return read_component(Reader(data, 8))
    raise LoadError(f"this WebAssembly binary has the version {header.hex()}, which is not known here")
