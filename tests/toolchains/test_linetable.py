"""Lines of a cell from a module's debug information, and modules that lie."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains.base import CompileOptions
from ssvm_kernel.toolchains.cache import compile_cached
from ssvm_kernel.toolchains.linetable import function_lines

from .conftest import require

SOURCE = """#include <stdio.h>

__attribute__((noinline)) static int twice(int number) {
    return 2 * number;
}

int main(int argc, char **argv) {
    printf("%d\\n", twice(argc));
}
"""


@pytest.fixture(scope="module", params=["-gdwarf-4", "-gdwarf-5"])
def module(request) -> bytes:
    require("c")
    return compile_cached(registry.get("c"), SOURCE, CompileOptions(flags=(request.param,)), line_offset=1).wasm


def test_functions_of_the_cell_have_their_lines_and_those_of_the_library_none(module) -> None:
    lines = function_lines(module, "cell.c")
    assert lines["twice"] == 4
    assert lines.get("__main_argc_argv", lines.get("main")) == 8
    assert not {"printf", "_start"} & lines.keys()


def test_no_lines_of_another_file_or_without_a_source(module) -> None:
    assert function_lines(module, "other.c") == {}
    assert function_lines(module, "") == {}
    assert function_lines(b"\0asm\1\0\0\0", "cell.c") == {}
    assert function_lines(b"no module", "cell.c") == {}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_module_that_lies_gives_lines_or_none(module, data) -> None:
    broken = bytearray(module)
    start = module.index(b".debug_line")
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(start, min(len(broken), start + 700) - 1))] = data.draw(st.integers(0, 255))
    found = function_lines(bytes(broken[: data.draw(st.integers(start, len(broken)))]), "cell.c")
    assert all(line > 0 for line in found.values())


def test_a_number_as_long_as_the_module_is_not_read() -> None:
    program = b"\x03" + b"\x80" * 5_000_000 + b"\1"
    after = bytes([1, 1, 1, 0, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0]) + b"cell.c\0\0\0\0\0"
    table = b"\4\0" + len(after).to_bytes(4, "little") + after + program
    content = b"\x0b.debug_line" + len(table).to_bytes(4, "little") + table
    size = bytes([len(content) >> shift & 0x7F | (0x80 if shift < 21 else 0) for shift in (0, 7, 14, 21)])
    assert function_lines(b"\0asm\1\0\0\0\0" + size + content, "cell.c") == {}
