"""What Binder does first, and the check of it: both must be able to fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TAKES = "taken = b'x' * 300_000_000"
START = """
import sys
from pathlib import Path
from tools import binder_check
binder_check.MOST_BYTES = 150_000_000
if sys.argv[3:]:
    binder_check._proportional_bytes = lambda pid: 0
place = binder_check.Place(Path(sys.argv[1]))
place.as_person = {}
place.repository.mkdir()
place.run(sys.executable, "-c", sys.argv[2])
print(place.peak)
"""


@pytest.fixture
def check(tmp_path):
    """A function that runs Python code as the check does, with room for half of what `TAKES` takes.

    It is a process of its own, because what a process had at most begins with what its parent has.
    """

    def run(code: str, *blind: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-c", START, str(tmp_path), code, *blind]
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)

    return run


def in_a_child(code: str) -> str:
    return f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"


def test_what_fits_and_ends_well_is_no_failure(check):
    done = check("taken = b'x' * 30_000_000")
    assert done.returncode == 0, done.stderr
    assert 30_000_000 < int(done.stdout) < 150_000_000


def test_what_fails_is_a_failure(check):
    done = check("raise SystemExit(3)")
    assert done.returncode == 1
    assert "ended with 3" in done.stderr


def test_what_needs_more_memory_is_ended_while_it_runs(check, tmp_path):
    done = check(in_a_child(f"import time; {TAKES}; time.sleep(100); open('late', 'w')"))
    assert done.returncode == 1
    assert " GB, and a Binder has " in done.stderr
    assert list((tmp_path / "repository").iterdir()) == []


def test_a_short_peak_is_seen_too(check):
    done = check(in_a_child(TAKES), "as if the peak came between two looks")
    assert done.returncode == 1
    assert "needs 0.3" in done.stderr


@pytest.fixture
def post_build(tmp_path):
    """A function that runs the script with these programs in the place of ``ssvm`` and ``python``."""
    (tmp_path / "binder").mkdir()
    shutil.copy(ROOT / "binder/postBuild", tmp_path / "binder")
    for name in ("00-a.ipynb", "10-b.ipynb"):
        (tmp_path / "examples").mkdir(exist_ok=True)
        (tmp_path / "examples" / name).write_text("{}")
    log = tmp_path / "log"

    def run(**programs: str) -> tuple[int, list[str]]:
        (tmp_path / "programs").mkdir()
        for name, code in programs.items():
            program = tmp_path / "programs" / name
            program.write_text(f'#!/bin/sh\necho {name} "$@" >> {log}\n{code}\n')
            program.chmod(0o755)
        path = f"{tmp_path / 'programs'}{os.pathsep}{os.defpath}"
        done = subprocess.run([tmp_path / "binder/postBuild"], env={"PATH": path}, check=False, timeout=60)
        return done.returncode, log.read_text().splitlines()

    return run


def test_every_notebook_is_warmed_in_a_copy(post_build, tmp_path):
    status, calls = post_build(ssvm="", python='touch "$(dirname "$2")/tour-data"')
    assert status == 0
    assert calls[0] == "ssvm warm"
    assert [Path(call).name for call in calls[1:]] == ["00-a.ipynb", "10-b.ipynb"]
    assert sorted(path.name for path in (tmp_path / "examples").iterdir()) == ["00-a.ipynb", "10-b.ipynb"]
    assert not Path(calls[1].split()[2]).exists()


def test_it_stops_at_the_first_error(post_build):
    assert post_build(ssvm="exit 4", python="") == (4, ["ssvm warm"])


def test_it_stops_at_the_first_notebook_that_fails(post_build):
    status, calls = post_build(ssvm="", python="exit 5")
    assert (status, len(calls)) == (5, 2)
