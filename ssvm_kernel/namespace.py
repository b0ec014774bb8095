"""The person's own Python variables, where a run takes its input from one and leaves its result in one."""

from __future__ import annotations

import keyword
import sys
from typing import Any

from ssvm_kernel.errors import UsageError

__all__ = ["assign", "check_name", "shell", "variable"]


def shell() -> Any:
    """Return IPython's shell, or None outside of it; without importing IPython for that."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def check_name(name: str) -> str:
    """Return `name` if it can be a variable's.

    Raises
    ------
    UsageError
        When it cannot, or there are no variables here.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(f"{name!r} is no name of a Python variable")
    if shell() is None:
        raise UsageError("there are no Python variables here: this option is for notebooks and IPython")
    return name


def variable(name: str) -> Any:
    """Return the value of a variable.

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    variables = shell().user_ns if check_name(name) else {}
    if name not in variables:
        raise UsageError(f"there is no Python variable {name!r}")
    return variables[name]


def assign(name: str, value: object) -> None:
    """Put a value into a variable.

    Raises
    ------
    UsageError
        As `check_name`.
    """
    shell().push({check_name(name): value}, interactive=True)
