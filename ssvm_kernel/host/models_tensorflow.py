"""TensorFlow graphs (frozen, as `GraphDef`), by TensorFlow.

Loaded in a worker that was lent it, before the worker is locked.  A graph is a program: some of its operations open
files and call Python.  The locked process holds them, and those that are known are refused besides (attack T05).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ssvm_kernel.host.graph_operations import refuses

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # what a graph gives must not hang on the processor
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import tensorflow as tf

_v1: Any = tf.compat.v1

__all__ = ["GraphSession", "Input", "dtype_of", "warm_up"]

_THREADS: Final = 2
_NUMBERS: Final = frozenset({1, 2, 3, 4, 5, 6, 8, 9, 10, 14, 17, 18, 19, 22, 23})
"""Types whose elements are numbers of a fixed size, as the C interface numbers them."""


def warm_up() -> None:
    """Load what is loaded lazily; nothing is run, since the threads that this starts would never end."""
    for name in ("ConfigProto", "GraphDef", "Session", "import_graph_def"):
        getattr(_v1, name)
    np.dtype(tf.bfloat16.as_numpy_dtype)


def dtype_of(number: int) -> Any:
    """Return the array type of one of TensorFlow's types; None for texts, resources, and those that are none."""
    return np.dtype(tf.dtypes.as_dtype(number).as_numpy_dtype) if number in _NUMBERS else None


@dataclass(frozen=True)
class Input:
    """What is fed: an output of an operation, and its value."""

    name: str
    value: Any


class GraphSession:
    """One graph, ready to run.

    Parameters
    ----------
    model : bytes
        A serialized ``GraphDef``.

    Raises
    ------
    Exception
        Whatever the library raises for a broken graph; ValueError for one with an operation that is refused.
    """

    def __init__(self, model: bytes) -> None:
        definition = _v1.GraphDef()
        definition.ParseFromString(model)
        for operation in _operations(definition):
            if refuses(operation):
                raise ValueError(f"its operation {operation} can reach files or other programs, and is not run")
        self._graph = tf.Graph()
        with self._graph.as_default():
            _v1.import_graph_def(definition, name="")
        config = _v1.ConfigProto(
            intra_op_parallelism_threads=_THREADS, inter_op_parallelism_threads=_THREADS, use_per_session_threads=False
        )
        self._session: Any = _v1.Session(graph=self._graph, config=config)
        self.inputs: list[Input] = []
        self.outputs: list[str] = []
        self._numbers = itertools.count(1)
        self._results: dict[int, bytes] = {}
        self._found: dict[str, int] = {}

    def has(self, name: str) -> bool:
        """Whether the graph has an output of that name (``operation:slot``)."""
        try:
            self._graph.get_tensor_by_name(name)
        except (KeyError, ValueError, TypeError):
            return False
        return True

    def run(self) -> None:
        """Compute the outputs that were asked for; those of the last run are gone.

        Raises
        ------
        Exception
            Whatever the library raises: a name that is not there, a form that does not fit.
        """
        self.forget()
        feeds = {item.name: item.value for item in self.inputs}
        if len(feeds) < len(self.inputs):
            raise ValueError("an input is given twice")
        for name, value in zip(self.outputs, self._session.run(list(self.outputs), feeds), strict=True):
            number = next(self._numbers)
            array = np.asarray(value)
            self._results[number] = b"" if array.dtype.kind in "OSU" else np.ascontiguousarray(array).tobytes()
            self._found.setdefault(name, number)

    def forget(self) -> None:
        """Let go of all results."""
        self._results.clear()
        self._found.clear()

    def result(self, name: str) -> int | None:
        """Return the number of a result of the last run, or None."""
        return self._found.get(name)

    def size(self, number: int) -> int:
        """Return the bytes of a result; 0 when it is gone."""
        return len(self._results.get(number, b""))

    def read_into(self, number: int, target: memoryview) -> None:
        """Copy a result's bytes."""
        target[:] = self._results.get(number, b"")

    def close(self) -> None:
        """Let go of the graph."""
        self._session.close()


def _operations(definition: Any) -> Iterator[str]:
    nodes = (definition.node, *(function.node_def for function in definition.library.function))
    return (str(node.op) for each in nodes for node in each)
