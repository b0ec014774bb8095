"""What one kernel does at a time: another one waits, says so, and gives up with a reason."""

from __future__ import annotations

import fcntl

import pytest

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.toolchains import _alone
from ssvm_kernel.toolchains._alone import alone


def test_a_lock_that_another_holds(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(_alone, "_PATIENCE", 0.05)
    said: list[str] = []
    place = tmp_path / "project"
    with (tmp_path / "project.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        why = pytest.raises(ToolchainMissing, match="another kernel is still building, after 0 s")
        with why, alone(place, "building", said.append, seconds=0.2):
            pytest.fail("two at a time")
        assert said == ["waiting for another kernel, which is building"]

        def let_go(text: str) -> None:
            fcntl.flock(other, fcntl.LOCK_UN)

        third = (tmp_path / "project.lock").open("w")
        with alone(place, "building", let_go), third, pytest.raises(BlockingIOError):
            fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with alone(place, "building", said.append):
        assert len(said) == 1


def test_its_own_errors_are_not_taken_for_the_locks(tmp_path) -> None:
    with pytest.raises(TimeoutError, match="mine"), alone(tmp_path / "x", "building", None):
        raise TimeoutError("mine")


def test_where_no_lock_can_be(tmp_path) -> None:
    (tmp_path / "file").touch()
    why = pytest.raises(ToolchainMissing, match=r"x\.lock cannot be written")
    with why, alone(tmp_path / "file" / "x", "building", None):
        pytest.fail("no lock")
