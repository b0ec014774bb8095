"""Files that ``ssvm compile`` writes: a module together with the machine code that an engine made of it.

Machine code does whatever it says, outside of WebAssembly's safety, so a file of somebody else must never be loaded as
code.  Each carries a MAC with a key that only this person has, over all of it.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import LoadError

__all__ = ["MAGIC", "CodeFile", "Header"]

MAGIC: Final = b"\0ssvm-code-1\n"
_MAC_BYTES: Final = 32
_SIZE: Final = struct.Struct("<I")
_MOST_HEADER: Final = 1 << 16


Size = Annotated[int, msgspec.Meta(ge=0)]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says about itself.

    Parameters
    ----------
    engine : str
        ``"jit"`` or ``"interpreter"``.
    made_by : str
        Engine, its version and settings: only the same can run the code.
    module_sha256 : str
        Hash of the module.
    module_bytes, code_bytes : int
        Sizes of the two parts that follow.
    """

    engine: str
    made_by: str
    module_sha256: str
    module_bytes: Size
    code_bytes: Size


@dataclass(frozen=True)
class CodeFile:
    """A module and its machine code."""

    engine: str
    made_by: str
    wasm: bytes
    code: bytes

    def dump(self, key: bytes) -> bytes:
        """Return the file, signed with this person's key."""
        header = msgspec.json.encode(
            Header(self.engine, self.made_by, hashlib.sha256(self.wasm).hexdigest(), len(self.wasm), len(self.code))
        )
        body = b"".join([MAGIC, _SIZE.pack(len(header)), header, self.wasm, self.code])
        return body + hmac.digest(key, body, "sha256")

    @classmethod
    def load(cls, data: bytes, name: str, key: bytes, made_by: dict[str, str]) -> CodeFile:
        """Return a file's content after all that it says was checked.

        Parameters
        ----------
        data : bytes
            The file.
        name : str
            What to call it in messages.
        key : bytes
            This person's key.
        made_by : dict of str to str
            By engine, what its code must have been made by to run here.

        Raises
        ------
        LoadError
            When somebody else made it, it was changed, or another engine or version made it.
        """
        body, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
        if not hmac.compare_digest(hmac.digest(key, body, "sha256"), mac):
            raise LoadError(
                f"{name} is refused: it holds machine code that you did not compile on this computer, or that was "
                "changed since. Machine code is not held by WebAssembly's rules, so only your own is run. Compile the "
                "module itself: ssvm compile FILE.wasm OUT"
            )
        header = cls.header(data, name)
        here = made_by.get(header.engine, "nothing")
        if header.made_by != here:
            raise LoadError(
                f"{name} was compiled by {visible(header.made_by, 200)}, and this is {here}: compile the module again"
            )
        start = len(MAGIC) + _SIZE.size + _SIZE.unpack_from(data, len(MAGIC))[0]
        code_at = start + header.module_bytes
        return cls(header.engine, header.made_by, body[start:code_at], body[code_at:])

    @staticmethod
    def module(data: bytes, header: Header) -> bytes:
        """Return the module in a file, unchecked: to look at, and not to run."""
        start = len(data) - _MAC_BYTES - header.code_bytes - header.module_bytes
        return data[start : start + header.module_bytes]

    @staticmethod
    def header(data: bytes, name: str) -> Header:
        """Return what a file says about itself, unchecked.

        Raises
        ------
        LoadError
            When it is cut off or no such file.
        """
        at = len(MAGIC) + _SIZE.size
        if not data.startswith(MAGIC) or len(data) < at + _MAC_BYTES:
            raise LoadError(f"{name} is cut off")
        size = _SIZE.unpack_from(data, len(MAGIC))[0]
        try:
            header = msgspec.json.decode(data[at : at + min(size, _MOST_HEADER)], type=Header)
        except msgspec.MsgspecError as error:
            raise LoadError(f"{name} is broken: {visible(str(error), 200)}") from None
        if at + size + header.module_bytes + header.code_bytes + _MAC_BYTES != len(data):
            raise LoadError(f"{name} is cut off, or has something behind its end")
        return header
