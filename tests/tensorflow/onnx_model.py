"""An ONNX model, written out field by field: ``y = x @ [[1, 0.5]] * 4``."""

from __future__ import annotations

import struct


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3]) + _varint(value)


def _bytes(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return bytes([field << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _value(name: str, *dims: int) -> bytes:
    shape = b"".join(_bytes(1, _number(1, dim)) for dim in dims)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, 1) + _bytes(2, shape)))


_WEIGHTS = _number(1, 4) + _number(1, 2) + _number(2, 1) + _bytes(8, "w") + _bytes(9, struct.pack("<8f", *[1, 0.5] * 4))
_NODE = _bytes(1, "x") + _bytes(1, "w") + _bytes(2, "y") + _bytes(4, "MatMul")
_GRAPH = (
    _bytes(1, _NODE)
    + _bytes(2, "g")
    + _bytes(5, _WEIGHTS)
    + _bytes(11, _value("x", 1, 4))
    + _bytes(12, _value("y", 1, 2))
)
MODEL = _number(1, 8) + _bytes(7, _GRAPH) + _bytes(8, _bytes(1, "") + _number(2, 17))
