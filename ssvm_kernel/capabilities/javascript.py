"""Imports that a guest has of JavaScript, as wasm-bindgen writes them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_of_javascript"]

_MODULES: Final = re.compile(r"wbg|__wbindgen_\w+|(?:\./)?[\w-]+_bg(?:\.js)?", re.ASCII)


def is_of_javascript(module: str) -> bool:
    """Tell whether functions of an import module are JavaScript's, or of the glue around it."""
    return _MODULES.fullmatch(module) is not None
