"""Badges: one for each example, in its place, and the same however often they are written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tools import badges

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path, monkeypatch) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "README.md", tmp_path)
    monkeypatch.setattr(badges, "ROOT", tmp_path)
    return tmp_path


def test_every_example_has_one_that_opens_it(copy):
    names = [path.name for path in (copy / "examples").glob("*.ipynb")]
    assert badges.write("me/mine", "me/mine", "HEAD") == len(names) + 1
    for name in names:
        notebook = json.loads((copy / "examples" / name).read_text())
        text = "".join(notebook["cells"][0]["source"])
        assert text.startswith("# ")
        target = text.partition("](https://mybinder.org/v2")[2].partition(")")[0]
        assert parse_qs(urlsplit(target).query) == {"labpath": [f"examples/{name}"]}
    assert "me/mine/HEAD?labpath=examples%2F00-tour.ipynb" in (copy / "README.md").read_text()


def test_again_changes_nothing_and_another_place_replaces(copy):
    badges.write("me/mine", "me/mine", "HEAD")
    before = {path: path.read_text() for path in copy.rglob("*.ipynb")}
    badges.write("me/mine", "me/mine", "HEAD")
    assert {path: path.read_text() for path in copy.rglob("*.ipynb")} == before
    badges.write("you/yours", "you/lessons", "main")
    text = (copy / "examples/00-tour.ipynb").read_text()
    assert text.count("badge_logo") == 1
    assert "gh/you/yours/main" in text
    assert "you%252Flessons" in text
    assert "me/mine" not in text
