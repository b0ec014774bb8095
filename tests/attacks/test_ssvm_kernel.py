"""Attacks on the SSVM kernel itself: a front end that asks about what is typed."""

from __future__ import annotations

import time

import psutil
import pytest

from tests.ssvmkernel.conftest import running
from tests.ssvmkernel.test_questions import ask


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    yield from running(tmp_path_factory, "current")


def test_p34_questions_run_nothing(kernel) -> None:
    """Neither a command, nor a compiler, nor Python, nor a guest, whatever is typed."""
    folder = kernel.folder / "watched"
    folder.mkdir()
    mark = folder / "mark"
    python = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    kernel.run(f"%%python\nclass Trap:\n    @property\n    def x(self): {python}\ntrap = Trap()")
    process = psutil.Process(kernel._manager.provisioner.process.pid)
    deadline = time.monotonic() + 60
    while not process.children() and time.monotonic() < deadline:
        time.sleep(0.05)  # the worker for the first guest is started a moment after the kernel
    before = {child.pid for child in process.children(recursive=True)}
    for text in (
        f"%%rust --env $(touch {mark})",
        f"%%rust --allow-command `touch {mark}`",
        f"%ssvm load $(touch {mark})",
        f"%ssvm load {{{python}}}",
        f"%ssvm run !touch {mark}",
        f"!touch {mark}",
        f"%%python $(touch {mark})",
        "trap.x",
        "%ssvm run trap.x",
        f"%lang rust\nbuild!({python}",
    ):
        for cursor in range(len(text) + 1):
            ask(kernel, "complete", {"code": text, "cursor_pos": cursor})
            ask(kernel, "inspect", {"code": text, "cursor_pos": cursor, "detail_level": 1})
        ask(kernel, "is_complete", {"code": text})
    assert list(folder.iterdir()) == []
    assert {child.pid for child in process.children(recursive=True)} <= before
    kernel.expect_whole()
