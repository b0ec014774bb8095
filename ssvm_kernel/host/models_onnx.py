"""ONNX models, by ONNX Runtime.

Loaded in a worker that was lent it, before the worker is locked.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnxruntime

__all__ = ["OnnxSession", "warm_up"]

_THREADS: Final = 2
_TYPES: Final = {
    "tensor(float)": "<f4",
    "tensor(double)": "<f8",
    "tensor(float16)": "<f2",
    "tensor(uint8)": "u1",
    "tensor(int8)": "i1",
    "tensor(uint16)": "<u2",
    "tensor(int16)": "<i2",
    "tensor(int32)": "<i4",
    "tensor(uint32)": "<u4",
    "tensor(int64)": "<i8",
    "tensor(uint64)": "<u8",
    "tensor(bool)": "?",
}


def warm_up() -> None:
    """Load what is loaded lazily; nothing is run, since the threads that this starts might not end."""
    onnxruntime.SessionOptions()


class OnnxSession:
    """One model, ready to run.

    Parameters
    ----------
    model : bytes
        The file; one that keeps its weights in other files is refused by the library, which cannot open them.

    Raises
    ------
    Exception
        Whatever the library raises for a broken model.
    """

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = _THREADS, 4
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.inputs: list[Any] = self._session.get_inputs()
        self.outputs: list[dict[str, Any]] = [{"index": number} for number in range(len(self._session.get_outputs()))]
        self._given: dict[str, Any] = {}
        self._results: list[bytes] = []

    def set(self, number: int, shape: tuple[int, ...], data: bytes) -> bool:
        """Keep the value of an input.

        Raises
        ------
        ValueError, KeyError
            When the bytes are not of that form, or the input's type is none of numbers.
        """
        wanted = self.inputs[number]
        self._given[wanted.name] = np.frombuffer(data, _TYPES[wanted.type]).reshape(shape)
        return True

    def run(self) -> None:
        """Compute the outputs.

        Raises
        ------
        Exception
            Whatever the library raises.
        """
        self._results = []
        values = self._session.run(None, self._given)
        self._results = [
            b"" if value.dtype.hasobject else np.ascontiguousarray(value).tobytes() for value in map(np.asarray, values)
        ]

    def size(self, number: int) -> int:
        """Return the bytes of an output; 0 before it was computed."""
        return len(self._results[number]) if number < len(self._results) else 0

    def read_into(self, number: int, target: memoryview) -> None:
        """Copy an output."""
        if number < len(self._results):
            target[:] = self._results[number]
