"""The model interfaces of WasmEdge 0.13 and later (generation C): each function returns an error number.

Sessions and tensors are the same as for SSVM's own functions.  Pictures are resized and turned into numbers as SSVM did
it (value / 255); grey and transparent ones are converted, as WasmEdge did.
"""

# The functions' names are those that guests import, and their parameters come without names.
# ruff: noqa: ARG002

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from ssvm_kernel.errors import GuestTrap
from ssvm_kernel.host.models import Interface, dims_at, graph_input
from ssvm_kernel.host.process import Memory

__all__ = ["Images", "TensorFlow", "TensorFlowLite", "errno", "put"]

_SUCCESS: Final = 0
_INVALID_ARGUMENT: Final = 1
_MISSING_MEMORY: Final = 3
_BUSY: Final = 4
_RUNTIME_ERROR: Final = 5
_PIXELS: Final = ("rgb8", "bgr8", "rgb32f", "bgr32f")
_FORMATS: Final = {"load_jpg": "JPEG", "load_png": "PNG", "load_image": ""}


def errno(function: Callable[..., int]) -> Callable[..., int]:
    """Return a function that answers a range outside of the guest's memory with a number, and not with a trap."""

    def call(*arguments: int) -> int:
        try:
            return function(*arguments)
        except GuestTrap:
            return _MISSING_MEMORY

    return call


def put(memory: Memory, caller: int, at: int, value: int) -> None:
    """Store a 32-bit number in the guest."""
    memory.view(caller, at, 4)[:] = struct.pack("<I", value & 0xFFFFFFFF)


class _Sessions(Interface):
    """What TensorFlow and TensorFlow Lite have in common."""

    extra: str
    failed: int

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function that never traps."""
        return errno(super().function(name))

    def _session(self, number: int) -> Any:
        return self.state.session(self.extra, number)

    def create_session(self, caller: int, at: int, size: int, out: int) -> int:
        """Make a session of a model's bytes."""
        self.memory.view(caller, out, 4)  # before anything is made
        session = self.state.open(self.extra, self.memory.read(caller, at, size))
        put(self.memory, caller, out, session)
        return _SUCCESS if session else _INVALID_ARGUMENT

    def delete_session(self, caller: int, number: int) -> int:
        """End a session."""
        self.state.close(self.extra, number)
        return _SUCCESS

    def run_session(self, caller: int, number: int) -> int:
        """Run a session."""
        session = self._session(number)
        if session is None:
            return _INVALID_ARGUMENT
        return _SUCCESS if self.state.run(session) else self.failed

    def get_tensor_len(self, caller: int, number: int, tensor: int, out: int) -> int:
        """Store a tensor's bytes."""
        if self._session(number) is None or not self.state.has_tensor(tensor):
            return _INVALID_ARGUMENT
        put(self.memory, caller, out, self.state.tensor_size(tensor))
        return _SUCCESS

    def get_tensor_data(self, caller: int, number: int, tensor: int, at: int, size: int, out: int) -> int:
        """Copy a tensor, or as much of it as there is room for, and store how much."""
        if self._session(number) is None or not self.state.has_tensor(tensor):
            return _INVALID_ARGUMENT
        copied = self._copy(caller, tensor, at, min(size, self.state.tensor_size(tensor)))
        put(self.memory, caller, out, copied)
        return _SUCCESS

    def _copy(self, caller: int, tensor: int, at: int, size: int) -> int:
        target = self.memory.view(caller, at, size)
        whole = bytearray(self.state.tensor_size(tensor))
        self.state.copy_tensor(tensor, lambda _: memoryview(whole))
        target[:] = whole[:size]
        return size

    def _found(self, caller: int, tensor: int, out: int) -> int:
        if not tensor:
            return _INVALID_ARGUMENT
        put(self.memory, caller, out, tensor)
        return _SUCCESS


class TensorFlowLite(_Sessions):
    """``wasmedge_tensorflowlite``."""

    extra = "tflite"
    failed = _RUNTIME_ERROR

    def append_input(self, caller: int, number: int, name: int, name_size: int, at: int, size: int) -> int:
        """Copy bytes into the input of that name."""
        asked, data = self.memory.read(caller, name, name_size), self.memory.view(caller, at, size)
        session = self._session(number)
        found = None if session is None else session.input(asked)
        return _SUCCESS if found is not None and session.set(found, data) else _INVALID_ARGUMENT

    def get_output_tensor(self, caller: int, number: int, name: int, name_size: int, out: int) -> int:
        """Store the first output tensor of that name."""
        asked, session = self.memory.read(caller, name, name_size), self._session(number)
        return self._found(caller, 0 if session is None else self.state.tensor(session, session.output(asked)), out)

    def get_tensor_data(self, caller: int, number: int, tensor: int, at: int, size: int, out: int) -> int:
        """Copy a tensor into room of just its size; WasmEdge never stored how much."""
        if self._session(number) is None or not self.state.has_tensor(tensor) or size != self.state.tensor_size(tensor):
            return _INVALID_ARGUMENT
        put(self.memory, caller, out, 0)
        self._copy(caller, tensor, at, size)
        return _SUCCESS


class TensorFlow(_Sessions):
    """``wasmedge_tensorflow``."""

    extra = "tensorflow"
    failed = _BUSY  # so it is

    def _named(self, caller: int, number: int, name: int, size: int) -> tuple[Any, str]:
        """Return a session and what is named; a session that has nothing of that name is none."""
        text = self.memory.read(caller, name, size).decode("utf-8", "replace")
        text = text if ":" in text else f"{text}:0"
        session = self._session(number)
        return (session if session is not None and session.has(text) else None), text

    def create_session_saved_model(self, *_: int) -> int:
        """Refuse a model in a folder of the host: the guest would choose what the host reads."""
        self.state.note("a model in a folder of this computer is not loaded; hand over a frozen graph's bytes")
        return _INVALID_ARGUMENT

    def run_session(self, caller: int, number: int) -> int:
        """Forget the outputs of the last run, and run."""
        session = self._session(number)
        if session is not None:
            self.state.forget_tensors(session)
        return super().run_session(caller, number)

    def append_input(
        self, caller: int, number: int, name: int, name_size: int, dims: int, count: int, dtype: int, at: int, size: int
    ) -> int:
        """Set the value of an operation's output."""
        session, asked = self._named(caller, number, name, name_size)
        shape, data = dims_at(self.memory, caller, dims, count), self.memory.view(caller, at, size)
        given = None if session is None else graph_input(self.state, session, asked, shape, dtype, data)
        if given is None:
            return _INVALID_ARGUMENT
        session.inputs = [*(item for item in session.inputs if item.name != asked), given]
        return _SUCCESS

    def append_output(self, caller: int, number: int, name: int, name_size: int) -> int:
        """Ask for an operation's output."""
        session, asked = self._named(caller, number, name, name_size)
        if session is None:
            return _INVALID_ARGUMENT
        session.outputs = [*(item for item in session.outputs if item != asked), asked]
        return _SUCCESS

    def get_output_tensor(self, caller: int, number: int, name: int, name_size: int, out: int) -> int:
        """Store an output that was asked for."""
        session, asked = self._named(caller, number, name, name_size)
        return self._found(caller, 0 if session is None else self.state.tensor(session, session.result(asked)), out)

    def clear_input(self, caller: int, number: int) -> int:
        """Drop all inputs."""
        return self._clear(number, "inputs")

    def clear_output(self, caller: int, number: int) -> int:
        """Drop all outputs."""
        return self._clear(number, "outputs")

    def _clear(self, number: int, which: str) -> int:
        session = self._session(number)
        if session is None:
            return _INVALID_ARGUMENT
        getattr(session, which).clear()
        return _SUCCESS


class Images(Interface):
    """``wasmedge_image``: 0 for success, 1 for anything else."""

    def function(self, name: str) -> Callable[..., Any]:
        """Return the function for a format."""
        load = errno(partial(self._load, _FORMATS[name]))
        return lambda *arguments: min(load(*arguments), 1)

    def _load(
        self, kind: str, caller: int, at: int, size: int, width: int, height: int, form: int, to: int, room: int
    ) -> int:
        library = self.state.library("images")
        needed = width * height * 3 * (4 if form > 1 else 1)
        if library is None or form >= len(_PIXELS) or not 0 < needed <= room:
            return _INVALID_ARGUMENT
        data, target = self.memory.read(caller, at, size), self.memory.view(caller, to, needed)
        decode = partial(library.to_pixels, data, kind, width, height, _PIXELS[form], convert=True)
        done = self.state.attempt("the picture cannot be used", decode)
        if done is None:
            return _INVALID_ARGUMENT
        target[:] = done
        return _SUCCESS
