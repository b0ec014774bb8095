"""Find the function of a WAT text that a validator complains about, which knows only an offset into the binary.

Validation runs on the binary, so its messages say ``(at offset 0x21)`` and nothing more.  The bodies of the code
section stand in the order of the text's own functions: the offset gives the body, its number gives the ``(func``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from ssvm_kernel.capabilities.reader import Reader
from ssvm_kernel.errors import LoadError
from ssvm_kernel.toolchains.base import place_in

__all__ = ["function_at"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|;;[^\n]*|\(;|\(|\)', re.DOTALL)
_COMMENT = re.compile(r"\(;|;\)")
_FIELD = re.compile(r"\(\s*([a-z][a-z0-9_.]*)")
_HEADER_SIZE = 8
_CODE_SECTION = 10


def function_at(source: str, wasm: bytes, offset: int) -> tuple[int, int] | None:
    """Return line and column of the function in `source` whose body holds byte `offset` of `wasm`, or None."""
    number = _body_at(wasm, offset)
    if number is None:
        return None
    for index, place in enumerate(_functions(source)):
        if index == number:
            return place_in(source, place)
    return None


def _body_at(wasm: bytes, offset: int) -> int | None:
    """Return the number of the code section's body around `offset`."""
    module = Reader(wasm, _HEADER_SIZE)
    with contextlib.suppress(LoadError):  # more functions than the reader takes: then the place stays unknown
        while module.at < module.end:
            section, content = module.byte(), module.part()
            if section == _CODE_SECTION:
                bodies = content.items("functions", content.part)
                return next((number for number, body in enumerate(bodies) if body.at <= offset < body.end), None)
    return None


def _functions(source: str) -> Iterator[int]:
    """Give the position of each function that has a body, in order."""
    opened: list[tuple[str, int]] = []
    imported = False
    for place, bracket in _brackets(source):
        if bracket == ")":
            if not opened:
                return
            name, start = opened.pop()
            outer = [field for field, _ in opened]
            if name == "import" and outer in (["func"], ["module", "func"]):
                imported = True
            elif name == "func" and outer in ([], ["module"]):
                if not imported:
                    yield start
                imported = False
        else:
            field = _FIELD.match(source, place)
            opened.append((field[1] if field else "", place))


def _brackets(source: str) -> Iterator[tuple[int, str]]:
    """Give position and kind of each bracket outside of strings and comments."""
    at = 0
    while token := _TOKEN.search(source, at):
        at = token.end()
        if token[0] == "(;":
            depth = 1
            while depth and (mark := _COMMENT.search(source, at)):
                depth += 1 if mark[0] == "(;" else -1
                at = mark.end()
            if depth:
                return
        elif token[0] in "()":
            yield token.start(), token[0]
