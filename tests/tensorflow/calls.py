"""A guest that does nothing but pass calls on: each function of the model interfaces, to be called from a test."""

from __future__ import annotations

import struct
from typing import Any

import wasmtime

from ssvm_kernel.capabilities.models import MODEL_TYPES
from ssvm_kernel.host.lending import Lent
from ssvm_kernel.host.models import ModelState
from ssvm_kernel.host.models_binding import bind_models

PAGES = 64


def trampolines(module: str) -> str:
    """Return a module with a memory that imports all functions of one interface and exports each under its name."""
    imports, functions = [], []
    for name, type_ in MODEL_TYPES[module].items():
        takes, _, gives = (side.replace(",", "").strip("()") for side in type_.partition(" -> "))
        signature = f"(param {takes})" + (f" (result {gives})" if gives else "")
        imports.append(f'(import "{module}" "{name}" (func ${name} {signature}))')
        given = " ".join(f"(local.get {number})" for number in range(len(takes.split())))
        functions.append(f'(func (export "{name}") {signature} (call ${name} {given}))')
    return f'(module {" ".join(imports)} (memory (export "memory") {PAGES}) {" ".join(functions)})'


class Calls:
    """One instance of such a guest; `put` places bytes in its memory."""

    def __init__(self, module: str, lent: Lent, *, closed: bool = True) -> None:
        self.module = module
        self.state = ModelState(lent, closed=closed)
        engine = wasmtime.Engine()
        linker, self._store = wasmtime.Linker(engine), wasmtime.Store(engine)
        compiled = wasmtime.Module(engine, trampolines(module))
        bind_models(linker, self.state, compiled.imports)
        self._exports = linker.instantiate(self._store, compiled).exports(self._store)
        self.memory: Any = self._exports["memory"]
        self._free = 1024

    def __call__(self, name: str, *arguments: int | bytes) -> Any:
        """Call a function; bytes become a place and a length."""
        words: list[int] = []
        for argument in arguments:
            words += self.put(argument) if isinstance(argument, bytes) else [argument]
        for prefixed in (f"{self.module}_{name}", name):
            if prefixed in MODEL_TYPES[self.module]:
                return self._exports[prefixed](self._store, *words)
        raise AssertionError(name)

    def put(self, data: bytes) -> tuple[int, int]:
        at = self.room(len(data))
        self.memory.write(self._store, data, at)
        return at, len(data)

    def room(self, size: int) -> int:
        at, self._free = self._free, self._free + size + (-size % 16)
        assert self._free < PAGES << 16
        return at

    def read(self, at: int, size: int) -> bytes:
        return bytes(self.memory.read(self._store, at, at + size))

    def number(self, at: int) -> int:
        return struct.unpack("<I", self.read(at, 4))[0]

    def tensor(self, number: int) -> bytes:
        """Return a tensor of generation B."""
        size = self("get_tensor_len", number)
        at = self.room(size)
        self("get_tensor_data", number, at)
        return self.read(at, size)
