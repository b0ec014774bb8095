"""WASI-NN (``wasi_ephemeral_nn``) for TensorFlow Lite and ONNX models on the processor.

A graph is kept as its bytes; each context that is made of it is a session of its own.
"""

# The functions' names are those that guests import, and their parameters come without names.
# ruff: noqa: ARG002

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from ssvm_kernel.host.handles import Handles, TooMany
from ssvm_kernel.host.models import Interface, ModelState
from ssvm_kernel.host.models_errno import errno, put
from ssvm_kernel.host.process import Memory

__all__ = ["NeuralNetworks"]

_SUCCESS: Final = 0
_INVALID_ARGUMENT: Final = 1
_INVALID_ENCODING: Final = 2
_RUNTIME_ERROR: Final = 5
_TOO_LARGE: Final = 7
_NOT_FOUND: Final = 8
_ENCODINGS: Final = {1: "onnx", 4: "tflite"}
_TARGETS: Final = (0, 3)  # the processor, and WasmEdge's "auto"
_MOST_GRAPHS: Final = 64
_MOST_DIMS: Final = 32
_TENSOR: Final = struct.Struct("<IIB3xII")


class NeuralNetworks(Interface):
    """The functions of WASI-NN."""

    def __init__(self, state: ModelState, memory: Memory) -> None:
        super().__init__(state, memory)
        self._graphs: Handles[tuple[str, bytes]] = Handles(_MOST_GRAPHS)
        self._kinds: dict[int, str] = {}

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function that never traps."""
        return errno(super().function(name))

    def _context(self, number: int) -> Any:
        return self.state.session(self._kinds.get(number, ""), number)

    def load(self, caller: int, parts: int, count: int, encoding: int, target: int, out: int) -> int:
        """Take a model's bytes; a broken one is told now, and not when it is first used."""
        extra = _ENCODINGS.get(encoding)
        if extra is None:
            return _INVALID_ENCODING
        if target not in _TARGETS or count != 1:
            return _INVALID_ARGUMENT
        self.memory.view(caller, out, 4)
        model = self.memory.read(caller, *struct.unpack("<II", self.memory.read(caller, parts, 8)))
        tried = self.state.open(extra, model)
        if not tried:
            return _NOT_FOUND if extra in self.state.missed else _INVALID_ARGUMENT
        self.state.close(extra, tried)
        try:
            put(self.memory, caller, out, self._graphs.add((extra, model)))
        except TooMany as error:
            self.state.note(f"no further graph: {error}")
            return _RUNTIME_ERROR
        return _SUCCESS

    def load_by_name(self, *_: int) -> int:
        """Refuse: this host keeps no models."""
        self.state.note("no models are kept here under a name; hand over a model's bytes")
        return _NOT_FOUND

    def init_execution_context(self, caller: int, graph: int, out: int) -> int:
        """Make a session."""
        found = self._graphs.get(graph)
        if found is None:
            return _INVALID_ARGUMENT
        self.memory.view(caller, out, 4)
        session = self.state.open(*found)
        if not session:
            return _RUNTIME_ERROR
        self._kinds[session] = found[0]
        put(self.memory, caller, out, session)
        return _SUCCESS

    def set_input(self, caller: int, number: int, index: int, tensor: int) -> int:
        """Copy a tensor; its type is not looked at, since hosts do not agree on the numbers, but its size is."""
        session = self._context(number)
        if session is None or index >= len(session.inputs):
            return _INVALID_ARGUMENT
        dims, rank, _, at, size = _TENSOR.unpack(self.memory.read(caller, tensor, _TENSOR.size))
        if rank > _MOST_DIMS:
            return _INVALID_ARGUMENT
        shape = struct.unpack(f"<{rank}I", self.memory.read(caller, dims, 4 * rank))
        data = self.memory.read(caller, at, size)
        if self._kinds[number] == "onnx":
            fits = self.state.attempt("the input cannot be taken", partial(session.set, index, shape, data))
        else:
            fits = session.set(int(session.inputs[index]["index"]), data)
        return _SUCCESS if fits else _INVALID_ARGUMENT

    def compute(self, caller: int, number: int) -> int:
        """Run a session."""
        session = self._context(number)
        if session is None:
            return _INVALID_ARGUMENT
        return _SUCCESS if self.state.run(session) else _RUNTIME_ERROR

    def get_output(self, caller: int, number: int, index: int, at: int, room: int, out: int) -> int:
        """Copy an output and store its size."""
        session = self._context(number)
        if session is None or index >= len(session.outputs):
            return _INVALID_ARGUMENT
        tensor = int(session.outputs[index]["index"])
        size = session.size(tensor)
        if size > room:
            return _TOO_LARGE
        session.read_into(tensor, self.memory.view(caller, at, size))
        put(self.memory, caller, out, size)
        return _SUCCESS
