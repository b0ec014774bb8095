"""The files of an administrator: the strictest rule holds, and one that is not understood grants nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.ceilingfile import NAME, read_ceiling


def write(folder: Path, **said) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / NAME
    path.write_text(json.dumps({"version": 1, **said}))
    return path


def test_no_file_says_nothing(tmp_path):
    assert read_ceiling([tmp_path / NAME]) is None


def test_programs_and_folders_are_real_ones(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    path = write(tmp_path / "etc", commands=["/bin/sh", "/nowhere/tool"], folders=[str(tmp_path / "link")])
    ceiling = read_ceiling([path])
    assert ceiling is not None
    assert ceiling.commands == (os.path.realpath("/bin/sh"),)
    assert ceiling.folders == (str(tmp_path / "real"),)
    assert ceiling.sources == (str(path),)


def test_a_home_of_nobody_is_told(tmp_path):
    file = tmp_path / "ceiling.json"
    file.write_text('{"version": 1, "folders": ["~nobody-of-that-name/x"]}')
    with pytest.raises(GrantError, match="nobody's home"):
        read_ceiling([file])


def test_the_persons_file_can_add_nothing(tmp_path):
    system = write(tmp_path / "system", commands=["/bin/sh"], all_commands=False)
    person = write(tmp_path / "person", commands=None, all_commands=True, always=False)
    ceiling = read_ceiling([person, system])
    assert ceiling is not None
    assert ceiling.commands == (os.path.realpath("/bin/sh"),)
    assert not ceiling.all_commands
    assert not ceiling.always


BROKEN = {
    "no JSON": "{",
    "no UTF-8": "\udcff",
    "no version": "{}",
    "a later version": '{"version": 2}',
    "an unknown rule": '{"version": 1, "comands": []}',
    "a wrong type": '{"version": 1, "always": "no"}',
    "a bare name": '{"version": 1, "commands": ["git"]}',
    "a relative folder": '{"version": 1, "folders": ["data"]}',
    "endless": '{"version": 1, "environment": ["' + "x" * (1 << 20) + '"]}',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_u23_a_file_that_is_not_understood_grants_nothing(tmp_path, text):
    path = tmp_path / NAME
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(GrantError, match="Nothing is granted until that is mended") as caught:
        read_ceiling([path])
    assert str(path) in str(caught.value)


def test_u23_a_file_that_cannot_be_read_grants_nothing(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(GrantError, match="Nothing is granted"):
        read_ceiling([tmp_path / NAME])
