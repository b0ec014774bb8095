"""Models as they come on stdin: a small network of numpy arrays, or a frozen graph of TensorFlow.

No pickle is read: whoever sends the model is a guest, and a pickle can run any code.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

_ZIP = b"PK\x03\x04"  # how an .npz file begins
_GRAPH = b"\n"  # how a GraphDef begins: its first field, a node


class ModelError(Exception):
    """The model or what it was given is no good; the message says why."""


class Model(Protocol):
    """What a program asks of a model."""

    def run(self, inputs: Mapping[str, np.ndarray], output: str) -> np.ndarray:
        """Return an output by its name."""


class Network:
    """Layers of a fully connected network; the last one gives logits.

    The file has the arrays ``names`` (input and output), and ``w0``, ``b0``, ``w1``, ``b1`` …
    """

    def __init__(self, data: bytes) -> None:
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                self.names = tuple(str(name) for name in arrays["names"])
                count = sum(name.startswith("w") for name in arrays.files)
                self.layers = [(arrays[f"w{index}"], arrays[f"b{index}"]) for index in range(count)]
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError(f"the model is no network of numpy arrays: {error}") from None

    def check(self, *names: str) -> None:
        """Refuse the names of operations that the model does not have, as TensorFlow does."""
        for name in names:
            if name not in self.names:
                raise ModelError(f"the model has no operation {name} (it has: {', '.join(self.names)})")

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """Return the last layer's sums for each row."""
        for weights, bias in self.layers[:-1]:
            rows = np.maximum(rows @ weights + bias, 0)
        weights, bias = self.layers[-1]
        return rows @ weights + bias


class Graph:
    """A frozen graph of TensorFlow, run by TensorFlow."""

    def __init__(self, data: bytes) -> None:
        try:
            import tensorflow
        except ImportError:
            raise ModelError(
                f"the model is a graph of TensorFlow, which is not installed: {sys.executable} -m pip install "
                "tensorflow-cpu"
            ) from None
        self._tf = tensorflow.compat.v1
        self._graph = tensorflow.Graph()
        try:
            definition = self._tf.GraphDef.FromString(data)
            with self._graph.as_default():
                tensorflow.import_graph_def(definition, name="")
        except Exception as error:  # noqa: BLE001 - protobuf and TensorFlow have errors of many kinds
            raise ModelError(f"TensorFlow cannot read the model: {error}") from None

    def run(self, inputs: Mapping[str, np.ndarray], output: str) -> np.ndarray:
        """Return an output by the name of its operation."""
        feeds = {f"{name}:0": value for name, value in inputs.items()}
        try:
            with self._tf.Session(graph=self._graph) as session:
                return session.run(f"{output}:0", feeds)
        except Exception as error:  # noqa: BLE001 - as above
            raise ModelError(f"TensorFlow cannot run the model: {error}") from None


def load(data: bytes, network: Callable[[bytes], Model]) -> Model:
    """Return the model in `data`; `network` makes one of numpy arrays.

    Raises
    ------
    ModelError
        When it is neither, or needs what is not installed.
    """
    if data.startswith(_ZIP):
        return network(data)
    if data.startswith(_GRAPH):
        return Graph(data)
    raise ModelError("the model is neither an .npz file of numpy nor a frozen graph of TensorFlow")


def split(data: bytes, model_bytes: str, width: str, height: str) -> tuple[bytes, np.ndarray]:
    """Return the model and the picture of height, width and three colours that stdin held.

    Raises
    ------
    ModelError
        When there are too few or too many bytes.
    """
    try:
        cut, shape = int(model_bytes), (int(height), int(width), 3)
    except ValueError:
        raise ModelError(f"{model_bytes}, {width} and {height} are not all numbers") from None
    if cut < 0 or min(shape) < 1 or len(data) != cut + int(np.prod(shape)):
        raise ModelError(
            f"{len(data)} bytes came, not {cut} of the model and {shape[1]} x {shape[0]} x 3 of the picture"
        )
    return data[:cut], np.frombuffer(data, np.uint8, offset=cut).reshape(shape)


def serve(usage: str, count: int, compute: Callable[[list[str], bytes], np.ndarray]) -> int:
    """Run a program: print what it computes from its arguments and stdin as a JSON array, and return its status."""
    words = sys.argv[1:]
    if len(words) != count:
        print(usage, file=sys.stderr)
        return 1
    try:
        numbers = compute(words, sys.stdin.buffer.read())
    except ModelError as error:
        print(f"{usage.split()[1]}: {error}", file=sys.stderr)
        return 1
    print(json.dumps([float(number) for number in np.ravel(numbers)]))
    return 0
