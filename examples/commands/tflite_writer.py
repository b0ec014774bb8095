"""Writes a small network as a TensorFlow Lite file, field by field, for a machine without TensorFlow.

With TensorFlow, ``tf.lite.TFLiteConverter`` does it, and much more.
"""

from __future__ import annotations

from collections.abc import Sequence

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_FULLY_CONNECTED, _SOFTMAX = schema.BuiltinOperator.FULLY_CONNECTED, schema.BuiltinOperator.SOFTMAX


def classifier(layers: Sequence[tuple[np.ndarray, np.ndarray]], shape: Sequence[int]) -> bytes:
    """Return the file of a fully connected network with ``input`` of a shape, and ``scores`` that add up to 1.

    `layers` are weights (inputs by outputs) and biases; all but the last are followed by a rectifier.
    """
    model = schema.ModelT()
    model.version, model.description = 3, "a small classifier"
    model.buffers = [_buffer(None)]
    model.operatorCodes = [_code(_FULLY_CONNECTED), _code(_SOFTMAX)]
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = [], []

    def tensor(name: str, shape: Sequence[int], values: np.ndarray | None = None) -> int:
        new = schema.TensorT()
        new.name, new.shape, new.type = name, np.array(shape, np.int32), schema.TensorType.FLOAT32
        if values is not None:
            model.buffers.append(_buffer(np.ascontiguousarray(values, np.float32).tobytes()))
            new.buffer = len(model.buffers) - 1
        graph.tensors.append(new)
        return len(graph.tensors) - 1

    at = first = tensor("input", shape)
    for number, (weights, bias) in enumerate(layers):
        options = schema.FullyConnectedOptionsT()
        last = number == len(layers) - 1
        options.fusedActivationFunction = (
            schema.ActivationFunctionType.NONE if last else schema.ActivationFunctionType.RELU
        )
        inputs = [at, tensor(f"w{number}", weights.T.shape, weights.T), tensor(f"b{number}", bias.shape, bias)]
        at = tensor(f"layer{number}", (1, len(bias)))
        graph.operators.append(_operator(0, inputs, at, schema.BuiltinOptions.FullyConnectedOptions, options))
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    scores = tensor("scores", (1, len(layers[-1][1])))
    graph.operators.append(_operator(1, [at], scores, schema.BuiltinOptions.SoftmaxOptions, softmax))
    graph.inputs, graph.outputs = np.array([first], np.int32), np.array([scores], np.int32)
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _buffer(data: bytes | None) -> schema.BufferT:
    new = schema.BufferT()
    new.data = None if data is None else np.frombuffer(data, np.uint8)
    return new


def _code(operator: int) -> schema.OperatorCodeT:
    new = schema.OperatorCodeT()
    new.builtinCode = new.deprecatedBuiltinCode = operator
    new.version = 1
    return new


def _operator(code: int, inputs: list[int], output: int, kind: int, options: object) -> schema.OperatorT:
    new = schema.OperatorT()
    new.opcodeIndex, new.builtinOptionsType, new.builtinOptions = code, kind, options
    new.inputs, new.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
    return new
