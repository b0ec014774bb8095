"""What a worker does so that its guest can ask for connections; whether it gets them is decided elsewhere.

The engine is told to try whatever the guest wants: it looks at addresses too late to be asked, and is not trusted.  The
calls that it makes wait for the kernel's process (`ssvm_kernel.host.netguard`).
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from typing import Any, Final

import wasmtime
from wasmtime import _bindings as bindings

from ssvm_kernel.sandbox.setting import CannotRun

__all__ = ["HTTP", "allow_sockets", "lend_http", "prepare_names", "store_http"]

HTTP: Final = "wasi:http/"
_LIBRARIES: Final = ("libresolv.so.2", "libnss_files.so.2", "libnss_dns.so.2")
_MOST_CONFIG: Final = 4096


def prepare_names() -> None:
    """Prepare the C library's resolver, before the lock: it reads no file afterwards.

    Without a configuration it asks a name server on this computer.  It is told to use TCP, where an answer needs no
    address of the server's to be believed, and that is what the kernel's process answers.  Before glibc 2.34 the parts
    that ask were libraries of their own.
    """
    os.environ["RES_OPTIONS"] = "use-vc attempts:1"
    for name in _LIBRARIES:
        with suppress(OSError):
            ctypes.CDLL(name)


def allow_sockets(wasi: wasmtime.WasiConfig) -> None:
    """Let a guest try sockets for TCP and names.

    Raises
    ------
    CannotRun
        When the engine's library does not offer that in a way that is known here.
    """
    config: Any = wasi.ptr()
    bindings.wasi_config_inherit_network(config)
    allow_tcp = getattr(bindings, "wasi_config_allow_tcp", None)
    if allow_tcp is not None:
        bindings.wasi_config_allow_ip_name_lookup(config, True)
        allow_tcp(config, True)
        return
    # Since version 49 the engine refuses every socket for TCP by default (its pull request 13936), and its C library
    # has no function to allow them.  The three choices are three bytes in a row, names, UDP and TCP, and which ones
    # they are shows when the first is made.
    address = ctypes.cast(config, ctypes.c_void_p).value or 0
    size = min(_MOST_CONFIG, _allocated(address))
    before = ctypes.string_at(address, size)
    bindings.wasi_config_allow_ip_name_lookup(config, True)
    after = ctypes.string_at(address, size)
    changed = [at for at in range(size) if before[at] != after[at]]
    if len(changed) != 1 or (before + b"\xff\xff")[changed[0] : changed[0] + 3] != b"\0\0\0":
        raise CannotRun("link", "this version of the engine offers no sockets in a way that is known here")
    ctypes.c_uint8.from_address(address + changed[0] + 2).value = 1


def _allocated(address: int) -> int:
    """Return how many bytes from an address on were allocated together; all of them can be read."""
    function = ctypes.CDLL(None).malloc_usable_size
    function.restype, function.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
    return int(function(address))


def lend_http(linker: Any) -> None:
    """Add the functions of ``wasi:http`` to a component's linker; each of its stores needs `store_http`.

    Raises
    ------
    wasmtime.WasmtimeError
        When the linker has them already.
    """
    error = bindings.wasmtime_component_linker_add_wasi_http(linker.ptr())
    if error:
        raise wasmtime.WasmtimeError._from_ptr(error)


def store_http(store: wasmtime.Store) -> None:
    """Let the instances of a store use ``wasi:http``."""
    bindings.wasmtime_context_set_wasi_http(store._context())
