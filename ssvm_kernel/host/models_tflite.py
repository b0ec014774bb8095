"""TensorFlow Lite models, by LiteRT.

Loaded in a worker that was lent it, before the worker is locked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from ai_edge_litert.interpreter import Interpreter

__all__ = ["LiteSession", "warm_up"]

_THREADS: Final = 2  # as SSVM had it
_SMALL: Final = 1 << 14
_TINY: Final = Path(__file__).with_name("tiny.tflite")


def warm_up() -> None:
    """Run a model of one matrix: the library reads what processor this is when it is first used."""
    LiteSession(_TINY.read_bytes()).run()


class LiteSession:
    """One model, ready to run.

    Parameters
    ----------
    model : bytes
        The file.

    Raises
    ------
    Exception
        Whatever the library raises for a broken model: ValueError, RuntimeError, MemoryError.
    """

    def __init__(self, model: bytes) -> None:
        self._model = model  # the library reads from these very bytes as long as it lives
        self._interpreter: Any = Interpreter(model_content=model, num_threads=_THREADS)
        self._interpreter.allocate_tensors()
        self.inputs: list[dict[str, Any]] = self._interpreter.get_input_details()
        self.outputs: list[dict[str, Any]] = self._interpreter.get_output_details()
        self._inputs = _by_name(self.inputs)
        self._outputs = _by_name(self.outputs)
        self._forms: dict[int, tuple[int, Any, tuple[int, ...]]] = {}  # of inputs, which nothing here resizes

    def input(self, name: bytes) -> int | None:
        """Return the number of an input tensor, or None when no input has that name."""
        return self._inputs.get(name)

    def output(self, name: bytes) -> int | None:
        """Return the number of the first output tensor of that name, or None."""
        return self._outputs.get(name)

    def set(self, number: int, data: bytes | memoryview) -> bool:
        """Copy bytes into a tensor; return whether they fit it."""
        if number not in self._forms:
            tensor = self._view(number)
            self._forms[number] = (-1, None, ()) if tensor is None else (tensor.nbytes, tensor.dtype, tensor.shape)
        size, kind, shape = self._forms[number]
        if size != len(data):
            return False
        if data:
            self._interpreter.set_tensor(number, np.frombuffer(data, kind).reshape(shape))
        return True

    def run(self) -> None:
        """Compute the outputs.

        Raises
        ------
        RuntimeError
            When the model cannot be run.
        """
        self._interpreter.invoke()

    def size(self, number: int) -> int:
        """Return the bytes of a tensor; 0 for one without a form that is known."""
        tensor = self._view(number)
        return 0 if tensor is None else int(tensor.nbytes)

    def read_into(self, number: int, target: memoryview) -> None:
        """Copy a tensor's bytes."""
        small = len(target) <= _SMALL  # copied twice, which takes less than to look at it in place
        tensor = self._interpreter.get_tensor(number) if small else self._view(number)
        if tensor is None or not tensor.size or tensor.dtype.kind in "OSU":
            return
        target[:] = tensor.tobytes() if small else tensor.reshape(-1).view(np.uint8).data

    def _view(self, number: int) -> Any:
        """Return the library's own memory of a tensor as an array; None for texts, which have no such form.

        To be let go of before the next run: the library refuses to run, since it may move its memory.
        """
        try:
            tensor = self._interpreter.tensor(number)()
        except ValueError:
            return None
        return None if tensor.dtype.hasobject or tensor.dtype.kind == "S" else tensor


def _by_name(details: list[dict[str, Any]]) -> dict[bytes, int]:
    return {str(item["name"]).encode(): int(item["index"]) for item in reversed(details)}
