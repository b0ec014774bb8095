"""Imports that a guest has of JavaScript, as wasm-bindgen writes them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MODULES", "is_of_javascript"]

MODULES: Final = re.compile(r"wbg|__wbindgen_\w+|(?:\./)?[\w-]+_bg(?:\.js)?", re.ASCII)
"""Their modules' names, whole; a pattern that JavaScript reads in the same way."""


def is_of_javascript(module: str) -> bool:
    """Tell whether functions of an import module are JavaScript's, or of the glue around it."""
    return MODULES.fullmatch(module) is not None
