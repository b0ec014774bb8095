"""The model interfaces as SSVM had them (generation B), under its own name and under WasmEdge's.

They behave as SSVM 0.7 did: what did not work gives 0, or 1 where 0 is success, and the guest is told no more.
"""

# The functions' names are those that guests import, and their parameters come without names.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from ssvm_kernel.host.models import Interface, dims_at, graph_input

__all__ = ["Images", "TensorFlow", "TensorFlowLite"]

_MOST_APPENDED: Final = 10_000
_FORMATS: Final = {"jpg": "JPEG", "png": "PNG"}


class _Sessions(Interface):
    """What TensorFlow and TensorFlow Lite have in common."""

    extra: str

    def _session(self, number: int) -> Any:
        return self.state.session(self.extra, number)

    def create_session(self, caller: int, at: int, size: int) -> int:
        """Return a session of a model's bytes, 0 for none."""
        return self.state.open(self.extra, self.memory.read(caller, at, size))

    def delete_session(self, caller: int, number: int) -> None:
        """End a session."""
        self.state.close(self.extra, number)

    def run_session(self, caller: int, number: int) -> int:
        """Run, and return 0 or 1 for a failure."""
        return 0 if self.state.run(self._session(number)) else 1

    def get_tensor_len(self, caller: int, tensor: int) -> int:
        """Return a tensor's bytes, 0 for none."""
        return self.state.tensor_size(tensor)

    def get_tensor_data(self, caller: int, tensor: int, at: int) -> None:
        """Copy a tensor."""
        self.state.copy_tensor(tensor, partial(self.memory.view, caller, at))


class TensorFlowLite(_Sessions):
    """``ssvm_tensorflowlite`` and ``wasmedge_tensorflowlite``."""

    extra = "tflite"

    def append_input(self, caller: int, number: int, name: int, name_size: int, at: int, size: int) -> None:
        """Copy bytes into the input of that name; nothing when there is none, or it is of another size."""
        asked, data = self.memory.read(caller, name, name_size), self.memory.view(caller, at, size)
        session = self._session(number)
        found = None if session is None else session.input(asked)
        if session is not None and found is None:
            self.state.note(f"the model has no input {_shown(asked)}")
        elif session is not None and not session.set(found, data):
            self.state.note(f"the input {_shown(asked)} takes {session.size(found)} bytes, and not {size}")

    def get_output_tensor(self, caller: int, number: int, name: int, name_size: int) -> int:
        """Return the first output tensor of that name, 0 for none."""
        asked, session = self.memory.read(caller, name, name_size), self._session(number)
        return 0 if session is None else self.state.tensor(session, session.output(asked))


class TensorFlow(_Sessions):
    """``ssvm_tensorflow`` and ``wasmedge_tensorflow``."""

    extra = "tensorflow"

    def _name(self, caller: int, at: int, size: int, index: int) -> str:
        return f"{self.memory.read(caller, at, size).decode('utf-8', 'replace')}:{index}"

    def run_session(self, caller: int, number: int) -> int:
        """Forget the outputs of the last run, run, and return 0 or 1 for a failure."""
        session = self._session(number)
        if session is not None:
            self.state.forget_tensors(session)
        return super().run_session(caller, number)

    def append_input(
        self, caller: int, number: int, name: int, name_size: int, index: int, dims: int, count: int, dtype: int,
        at: int, size: int,
    ) -> None:  # fmt: skip
        """Add a value for an operation's output; nothing when it has not that form and type."""
        asked = self._name(caller, name, name_size, index)
        shape, data = dims_at(self.memory, caller, dims, count), self.memory.view(caller, at, size)
        session = self._session(number)
        if session is not None and len(session.inputs) < _MOST_APPENDED:
            given = graph_input(self.state, session, asked, shape, dtype, data)
            session.inputs += [] if given is None else [given]

    def append_output(self, caller: int, number: int, name: int, name_size: int, index: int) -> None:
        """Ask for an operation's output."""
        asked, session = self._name(caller, name, name_size, index), self._session(number)
        if session is not None and len(session.outputs) < _MOST_APPENDED:
            session.outputs.append(asked)

    def get_output_tensor(self, caller: int, number: int, name: int, name_size: int, index: int) -> int:
        """Return an output that was asked for, 0 for none."""
        asked, session = self._name(caller, name, name_size, index), self._session(number)
        return 0 if session is None else self.state.tensor(session, session.result(asked))

    def clear_input(self, caller: int, number: int) -> None:
        """Drop all inputs."""
        session = self._session(number)
        if session is not None:
            session.inputs.clear()

    def clear_output(self, caller: int, number: int) -> None:
        """Drop all outputs."""
        session = self._session(number)
        if session is not None:
            session.outputs.clear()
            session.forget()
            self.state.forget_tensors(session)


class Images(Interface):
    """``ssvm_image`` and ``wasmedge_image``: ``load_FORMAT_to_PIXELS``."""

    def function(self, name: str) -> Callable[..., Any]:
        """Return the function for a format and a form of pixels."""
        _, source, _, pixels = name.split("_")
        return partial(self._load, _FORMATS[source], pixels)

    def _load(
        self, kind: str, pixels: str, caller: int, at: int, size: int, width: int, height: int, to: int
    ) -> int:  # fmt: skip
        data = self.memory.read(caller, at, size)
        target = self.memory.view(caller, to, width * height * 3 * (4 if pixels.endswith("32f") else 1))
        library = self.state.library("images")
        if library is None:
            return 1
        decode = partial(library.to_pixels, data, kind, width, height, pixels)
        done = self.state.attempt("the picture cannot be used", decode)
        if done is None:
            return 1
        target[:] = done
        return 0


def _shown(name: bytes) -> str:
    return repr(name[:100].decode("utf-8", "replace"))
