"""The types of tensors, by the numbers of TensorFlow's C interface."""

from __future__ import annotations

DTYPES = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10, "uint16": 17,
    "uint32": 22, "uint64": 23, "float16": 19, "bfloat16": 14, "complex64": 8, "complex128": 18,
}  # fmt: skip
LITE_DTYPES = ("float32", "float64", "int32", "uint8", "int16", "int8", "int64", "bool", "uint16", "uint32", "uint64")
