"""`ssvm` in a notebook: there after ``%load_ext``, unless the person has one."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import ssvm_kernel

CELL = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))  # it would be written at the very end
    yield shell
    ssvm_kernel.unload_ipython_extension(shell)
    InteractiveShell.clear_instance()


def test_guests_by_name(shell):
    ssvm_kernel.load_ipython_extension(shell)
    guests = shell.user_ns["ssvm"]
    assert (list(guests), repr(guests)) == ([], "<guests of this session: none yet>")
    assert "session" not in vars(shell._ssvm_magics)  # nothing was made for it
    shell.run_cell_magic("ssvm", "wat --name sums", CELL)
    assert shell.ev('ssvm["sums"].add(40, 2)') == 42
    assert guests["sums"] is guests["sums"]
    shell.run_cell_magic("ssvm", "wat --name sums", CELL)
    kept = guests["sums"]
    shell.run_cell_magic("ssvm", "wat --name sums", CELL.replace("i32.add", "i32.sub"))
    assert guests["sums"] is not kept
    assert guests["sums"].add(40, 2) == 38
    assert guests._ipython_key_completions_() == ["sums"]
    for mistake, shown in (
        (lambda: guests["sum"], "KeyError: there is no guest called 'sum' in this session (there are: sums)"),
        (lambda: guests.sums, "AttributeError: a guest is found by its name in brackets: ssvm['sums']"),
        (lambda: guests["sums"].ad, "AttributeError: the guest sums has no 'ad'; did you mean add?"),
    ):
        with pytest.raises((KeyError, AttributeError)) as raised:
            mistake()
        assert raised.value._render_traceback_() == [shown]
    assert not hasattr(guests, "sum")
    assert not hasattr(guests, "_sums")
    found = shell.object_inspect("kept") if "kept" in shell.user_ns else shell.inspector.info(guests["sums"].add)
    assert "a0: i32" in str(found)
    ssvm_kernel.unload_ipython_extension(shell)
    assert "ssvm" not in shell.user_ns


def test_a_variable_of_the_person_stays(shell):
    shell.user_ns["ssvm"] = 1
    ssvm_kernel.load_ipython_extension(shell)
    ssvm_kernel.unload_ipython_extension(shell)
    assert shell.user_ns["ssvm"] == 1
