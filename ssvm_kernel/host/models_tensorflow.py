"""TensorFlow graphs (frozen, as `GraphDef`), by TensorFlow.

Loaded in a worker that was lent it, before the worker is locked.  A graph is a program: some of its operations open
files and call Python.  The locked process holds them, and those that are known are refused besides (attack T05).
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ssvm_kernel.host.graph_operations import refuses

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # what a graph gives must not hang on the processor
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import tensorflow as tf
from tensorflow.core.protobuf.config_pb2 import CallableOptions

_v1: Any = tf.compat.v1

__all__ = ["GraphSession", "Input", "dtype_of", "warm_up"]

_THREADS: Final = 2
_ALIGNED: Final = 64  # bytes: the library computes with such an array as it is, and copies any other
_MOST_KEPT: Final = 8
_MOST_KEPT_BYTES: Final = 64 << 20
_OFTEN: Final = 2  # runs of one form after which a run is prepared, which takes as long as some
_FREE: Final = 3  # references to an array that is kept, looked at, and nobody's
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
        self._kept: list[Any] = []
        self._form: object = None
        self._times = 0
        self._prepared: Any = None
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

    def copied(self, data: memoryview, kind: Any, shape: tuple[int, ...]) -> Any:
        """Return a copy of a guest's bytes as an array.

        Raises
        ------
        ValueError
            When they do not make such an array.
        """
        memory = self._memory(len(data))
        memory[:] = np.frombuffer(data, np.uint8)
        return memory.view(kind).reshape(shape)

    def _memory(self, size: int) -> Any:
        """Return aligned bytes, if possible those of an input that nobody needs any more.

        New ones cost a page fault for every 4 KiB, and the library as long again to align them.  It holds a reference
        to an array for as long as it, or a result, needs its memory.
        """
        for kept in self._kept:
            if len(kept) == size + _ALIGNED and sys.getrefcount(kept) == _FREE:
                break
        else:
            kept = np.empty(size + _ALIGNED, np.uint8)
            if len(self._kept) < _MOST_KEPT and sum(map(len, self._kept)) + len(kept) <= _MOST_KEPT_BYTES:
                self._kept.append(kept)
        start = -kept.ctypes.data % _ALIGNED
        return kept[start : start + size]

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
        for name, value in zip(self.outputs, self._compute(feeds, tuple(self.outputs)), strict=True):
            number = next(self._numbers)
            array = np.asarray(value)
            self._results[number] = b"" if array.dtype.kind in "OSU" else np.ascontiguousarray(array).tobytes()
            self._found.setdefault(name, number)

    def _compute(self, feeds: dict[str, Any], outputs: tuple[str, ...]) -> Sequence[Any]:
        """Return the outputs.

        The library looks names, forms and types up in each run, for as long as a small model takes.  What worked twice
        is prepared, once, and then run without.
        """
        form = outputs, tuple((name, value.shape, value.dtype) for name, value in feeds.items())
        if form != self._form:
            self._form, self._times, self._prepared = form, 0, None
        if self._times == _OFTEN and self._may_be_prepared(feeds, outputs):
            options = CallableOptions(feed=list(feeds), fetch=outputs)
            self._prepared = self._session._make_callable_from_options(options)
        results: Sequence[Any]
        if self._prepared is not None:
            results = self._prepared(*feeds.values())
        else:
            results = self._session.run(list(outputs), feeds)
        self._times += 1
        return results

    def _may_be_prepared(self, feeds: dict[str, Any], outputs: tuple[str, ...]) -> bool:
        """Tell whether nothing is done for a run in Python: an input converted, an output put in twice."""
        if not outputs or len({*outputs, *feeds}) < len(outputs) + len(feeds):
            return False
        kinds = {name: self._graph.get_tensor_by_name(name).dtype.as_numpy_dtype for name in feeds}
        plain = all(value.dtype == kinds[name] for name, value in feeds.items())
        return plain and hasattr(self._session, "_make_callable_from_options")  # no public function takes inputs

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
        self._prepared = None
        self._session.close()


def _operations(definition: Any) -> Iterator[str]:
    nodes = (definition.node, *(function.node_def for function in definition.library.function))
    return (str(node.op) for each in nodes for node in each)
