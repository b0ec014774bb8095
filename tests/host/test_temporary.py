"""What killed kernels leave in the temporary folder goes, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ssvm_kernel.host.temporary import prefix_of, sweep


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def gone() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left(folder: Path, days: float = 2) -> Path:
    folder.mkdir(mode=0o700)
    (folder / "data").write_text("x")
    then = folder.stat().st_mtime - days * 86_400
    os.utime(folder, (then, then))
    return folder


def test_what_a_process_left_that_is_gone(temporary, gone) -> None:
    outside = temporary / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folders = [left(temporary / f"ssvm-{kind}-{gone}-abcd_123") for kind in ("cwd", "vars", "compile")]
    (folders[0] / "link").symlink_to(outside)
    then = outside.stat().st_mtime - 200_000
    os.utime(folders[0], (then, then))
    assert sweep() == 3
    assert list(temporary.iterdir()) == [outside]
    assert (outside / "kept").exists()


def test_what_somebody_may_need(temporary, gone) -> None:
    kept = {
        left(temporary / f"ssvm-cwd-{os.getpid()}-abcd1234"),
        left(temporary / f"ssvm-cwd-{gone}-abcd1234", days=0.5),
        left(temporary / f"ssvm-cwd-{gone}-abcd1234-mine"),
        left(temporary / "ssvm-cwd-abcd1234"),
        left(temporary / f"my-ssvm-cwd-{gone}-abcd1234"),
    }
    shared = left(temporary / f"ssvm-cwd-{gone}-abcd1235")
    shared.chmod(0o777)  # not as we make them
    link = temporary / f"ssvm-cwd-{gone}-abcd1236"
    link.symlink_to(left(temporary / "other"))
    file = temporary / f"ssvm-cwd-{gone}-abcd1237"
    file.touch(0o700)
    assert sweep() == 0
    assert set(temporary.iterdir()) == {*kept, shared, link, file, temporary / "other"}


def test_the_names_that_we_give_are_those_that_are_looked_for(temporary, gone, monkeypatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: gone)
    folder = tempfile.mkdtemp(prefix=prefix_of("cwd"))
    assert sweep() == 0
    assert sweep(age=-1) == 1
    assert not Path(folder).exists()


def test_a_session_that_ends_sweeps(temporary, gone) -> None:
    from ssvm_kernel.session import Session

    folder = left(temporary / f"ssvm-cwd-{gone}-abcd1234")
    Session().close()
    assert not folder.exists()
