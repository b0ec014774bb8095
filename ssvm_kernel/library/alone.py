"""Guests as libraries without a notebook: ``ssvm_kernel.load("file.wasm")``."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssvm_kernel.library.face import Library
    from ssvm_kernel.session import Session

__all__ = ["load"]


@functools.cache
def _session() -> Session:
    from ssvm_kernel.session import Session

    return Session()


def load(path: str | os.PathLike[str], *, name: str = "", **options: Any) -> Library:
    """Load a module from a file, as a library.

    Parameters
    ----------
    path : path
        The file, ``.wasm``.
    name : str
        Its name in prompts and messages; by default the file's.
    **options
        What is granted to it, and its limits; see `ssvm_kernel.library.face.Library.open`.

    Raises
    ------
    LoadError
        When the file cannot be read or is no module.
    UsageError
        For an option that there is not.
    """
    from ssvm_kernel.library.face import Library

    session = _session()
    library = Library(session, session.load(Path(path), name), cell="ssvm_kernel.load")
    return library.open(**options) if options else library
