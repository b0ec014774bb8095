"""A known cell begins before IPython has read it, and nobody can tell but by the clock."""

from __future__ import annotations

import pytest

from .guests import HELLO, cell

AHEAD = "get_ipython().magics_manager.registry['SsvmMagics'].session.runtime.runner.ahead"
NOTE = """
from ssvm_kernel.sandbox.headstart import HeadStarts
begun, _begin = [], HeadStarts.begin
def _noting(self, typed, name):
    _begin(self, typed, name)
    begun.append(len(self._begun))
HeadStarts.begin = _noting
"""
REJECT = """
import ast
from IPython.core.error import InputRejected
class _Reject(ast.NodeTransformer):
    def visit(self, node):
        if "ssvm" in ast.dump(node):
            raise InputRejected("not today")
        return node
reject = _Reject()
get_ipython().ast_transformers.append(reject)
"""


@pytest.fixture
def noted(cells):
    cells.run(NOTE)
    yield cells
    cells.run("HeadStarts.begin = _begin")


def test_the_second_time_it_begins_ahead_and_looks_the_same(noted) -> None:
    source = f"%%ssvm wat\n{HELLO}"
    texts = [noted.run(source) for _ in range(3)]
    assert all(text.startswith("hello\n") and text.count("hello") == 1 for text in texts)
    assert noted.run("print(begun[-2:])") == "[1, 1]\n"


def test_options_and_status_are_the_cells_own(noted) -> None:
    source = cell("--name mine", "(call $exit (i32.const 3))")
    assert all("<error GuestExit:" in noted.run(source) for _ in range(2))  # what fails is not begun ahead
    assert noted.run("print(begun)") == "[0]\n"


def test_a_cell_that_is_not_run_after_all_leaves_nothing(noted) -> None:
    source = f"%%ssvm wat\n{HELLO}"
    noted.run(source)
    noted.run(source)
    noted.run(REJECT)
    assert "hello" not in noted.run(source)
    assert noted.run(f"print(begun[-2:], len({AHEAD}._begun))") == "[1, 1] 0\n"
    noted.run("get_ipython().ast_transformers.remove(reject)")
    assert noted.run(source).startswith("hello\n")
