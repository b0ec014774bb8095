"""Python's values as bytes for a guest, and back: as they are, text, JSON, or a table in Arrow's format.

What comes back was written by the guest: it becomes data, never code, and a broken one an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, Final

from ssvm_kernel.errors import UsageError

__all__ = ["from_bytes", "to_bytes"]

_INSTALL: Final = "tables travel in Arrow's format, which needs pyarrow: pip install pyarrow"


def to_bytes(value: Any, suffix: str) -> bytes:
    """Return a value in the format of a file's suffix; without a known one, in that of its type.

    Parameters
    ----------
    value : object
        Bytes, text, a table of pandas or Arrow, an array, or what JSON can say.
    suffix : str
        With its dot, e.g. ``".json"``; or empty.

    Raises
    ------
    UsageError
        When the value cannot be written in that format.
    """
    writer = _WRITERS.get(suffix)
    if writer is not None:
        return writer(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if _is_table(value):
        return _arrow(value)
    if isinstance(value, dict | list | tuple | int | float | bool | None):
        return _json(value)
    try:
        return bytes(memoryview(value))  # an array: its elements, as they lie in memory
    except (TypeError, BufferError, ValueError):
        kind = type(value).__name__
        raise UsageError(f"{kind} has no form for a guest: give bytes, text, a table, or what JSON can say") from None


def from_bytes(data: bytes, suffix: str) -> Any:
    """Return what a guest wrote as a value, by the suffix of its file; without a known one as text, or else bytes.

    Raises
    ------
    UsageError
        When it is not in that format.
    """
    reader = _READERS.get(suffix)
    if reader is not None:
        return reader(data)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _is_table(value: Any) -> bool:
    return hasattr(value, "__arrow_c_stream__") or (type(value).__name__ == "DataFrame" and hasattr(value, "to_csv"))


def _json(value: Any) -> bytes:
    if _is_table(value) and hasattr(value, "to_json"):
        return str(value.to_json(orient="records")).encode()
    plain = value.tolist() if hasattr(value, "tolist") else value
    try:
        return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{type(value).__name__} cannot be written as JSON: {error}") from None


def _from_json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the guest wrote no JSON: {error}") from None


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    raise UsageError(f"{type(value).__name__} is no text")


def _from_text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _csv(value: Any) -> bytes:
    if _is_table(value) and hasattr(value, "to_csv"):
        return str(value.to_csv(index=False)).encode()
    return _text(value)


def _arrow(value: Any) -> bytes:
    if find_spec("pyarrow") is None:
        raise UsageError(_INSTALL)
    import pyarrow as pa

    try:
        table = pa.table(value) if isinstance(value, dict) or not hasattr(value, "to_csv") else _of_pandas(pa, value)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(f"{type(value).__name__} cannot be written as a table of Arrow: {error}") from None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _of_pandas(pa: Any, frame: Any) -> Any:
    return pa.Table.from_pandas(frame, preserve_index=False)


def _from_arrow(data: bytes) -> Any:
    """Return a table: a DataFrame where pandas is installed."""
    if find_spec("pyarrow") is None:
        raise UsageError(_INSTALL)
    import pyarrow as pa

    source = pa.BufferReader(data)
    try:
        reader = pa.ipc.open_file(source) if data[:6] == b"ARROW1" else pa.ipc.open_stream(source)
        table = reader.read_all()
        table.validate(full=True)  # offsets that lead out of it would be read where they lead
        return table.to_pandas() if find_spec("pandas") is not None else table
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UsageError(f"the guest wrote no table of Arrow: {error}") from None


_WRITERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    ".json": _json,
    ".arrow": _arrow,
    ".csv": _csv,
    ".txt": _text,
}
_READERS: Final[Mapping[str, Callable[[bytes], Any]]] = {
    ".json": _from_json,
    ".arrow": _from_arrow,
    ".csv": _from_text,
    ".txt": _from_text,
    ".bin": bytes,
}
