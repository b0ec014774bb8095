"""The libraries that a worker may lend to guests, loaded before it is locked: no file of theirs opens afterwards.

Nothing of a guest is touched here.  Each library is used once, on something of ours, because much is loaded and looked
up only then.  None may leave a thread running: on many systems it would keep what the lock takes from the others.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Final

__all__ = ["Lent", "files_of", "lend"]

_MODULES: Final[Mapping[str, str]] = {
    "tflite": "models_tflite",
    "tensorflow": "models_tensorflow",
    "images": "images",
    "onnx": "models_onnx",
}
# NumPy's linear algebra starts threads when it is imported, and ONNX Runtime one that reports home, unless told not to.
_SETTINGS: Final = {
    "ORT_DISABLE_TELEMETRY": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "2",
    "MKL_NUM_THREADS": "1",
}
# Keras, inside TensorFlow, imports these where they are installed; pyarrow starts threads then, and none is needed.
_LEFT_OUT: Final = ("pandas", "pyarrow", "sklearn")


@dataclass(frozen=True)
class Lent:
    """What is lent.

    Parameters
    ----------
    modules : mapping of str to module
        Our module for each library, by the name of its extra.
    problems : mapping of str to str
        Why one that was wanted could not be loaded.
    """

    modules: Mapping[str, ModuleType] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def lend(extras: Iterable[str]) -> Lent:
    """Load and warm up libraries; one that cannot be loaded is no error, but a problem to be told when it is wanted."""
    modules: dict[str, ModuleType] = {}
    problems: dict[str, str] = {}
    os.environ.update(_SETTINGS)
    for extra in extras:
        found = _load(_MODULES[extra])
        if isinstance(found, str):
            problems[extra] = found
        else:
            modules[extra] = found
    return Lent(modules, problems)


def _load(name: str) -> ModuleType | str:
    """Return one of our modules, warm; why not, where that fails: others are lent all the same."""
    try:
        with _without(_LEFT_OUT):
            module = importlib.import_module(f"ssvm_kernel.host.{name}")
            module.warm_up()
    except Exception as error:  # noqa: BLE001  (libraries raise what they like)
        return f"{type(error).__name__}: {error}"
    return module


def files_of(lent: Lent) -> tuple[str, ...]:
    """Return the files that stay readable, since a library ends the process where it cannot read them.

    TensorFlow takes random numbers from the system's file, and looks whether this process is Python.  Neither holds
    anything that a guest must not know.
    """
    return ("/dev/urandom", f"/proc/{os.getpid()}/cmdline") if "tensorflow" in lent.modules else ()


@contextmanager
def _without(names: Iterable[str]) -> Iterator[None]:
    """Let packages that are not loaded yet look as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]  # None stops an import
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            modules.pop(name, None)
