"""Every attack that is a guest: a folder ``ID_name`` with its source and, in ``case.toml``, what must come of it.

Of a case: ``options`` and ``answers`` of the person; ``[[run]]`` with the guest's ``args``; ``raises`` and ``says`` of
the error; ``guest``, all lines that the guest printed; ``ledger``, how each request ended; ``shown`` and ``hidden``
texts of the whole output; ``same``, files that must not have changed.  A case may have ``[files]``, ``[programs]``,
``[links]`` and ``[environment]``.  ``{tmp}`` is its own folder; no attack may ever make ``{tmp}/pwned``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

if __import__("sys").version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from .play import ENGINES, Played, Stage

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/case.toml"))
KEYS = {"raises", "says", "guest", "ledger", "shown", "hidden", "args", "answers", "options", "asked"}


def test_every_folder_has_its_case_and_its_guest() -> None:
    folders = {path for path in HERE.iterdir() if re.match(r"[A-Z]\d\d_", path.name)}
    assert folders == set(CASES)
    assert all((folder / "guest.wat").is_file() for folder in folders)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("folder", CASES, ids=[path.name for path in CASES])
def test_guest(folder: Path, engine: str, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path.resolve()
    case = _filled(tomllib.loads((folder / "case.toml").read_text()), str(place))
    build(case, place, monkeypatch)
    before = {name: (place / name).read_bytes() for name in case.get("same", [])}
    source = (folder / "guest.wat").read_text()
    shared = {key: case[key] for key in case.keys() & KEYS}
    for run in case.get("run", [{}]):
        wanted = {**shared, **run}
        build(case, place, monkeypatch)
        assert wanted.keys() <= KEYS
        played = stage.play(
            source,
            wanted.get("options", ()),
            args=wanted.get("args", ()),
            answers=wanted.get("answers", ()),
            engine=engine,
            whole="\n(module" in source,
        )
        check(played, wanted)
        assert not (place / "pwned").exists()
        assert {name: (place / name).read_bytes() for name in before} == before


def check(played: Played, wanted: dict[str, Any]) -> None:
    """Compare all that came of a run with what should have."""
    everything = played.everything
    assert played.raised == wanted.get("raises", ""), everything
    if "says" in wanted:
        assert re.search(wanted["says"], str(played.error)), everything
    if "guest" in wanted:
        assert played.guest == wanted["guest"], everything
    if "ledger" in wanted:
        assert played.ends == wanted["ledger"], everything
    for text in wanted.get("shown", ()):
        assert text in everything
    for text in wanted.get("hidden", ()):
        assert text not in everything
    assert len(played.questions) == wanted.get("asked", len(wanted.get("answers", ()))), everything


def build(case: dict[str, Any], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the files of a case."""
    for kind, mode in (("files", 0o644), ("programs", 0o755)):
        for name, text in case.get(kind, {}).items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(mode)
    for name, target in case.get("links", {}).items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)
    for name, value in case.get("environment", {}).items():
        monkeypatch.setenv(name, value)
    if "programs" in case and "PATH" not in case.get("environment", {}):
        monkeypatch.setenv("PATH", os.pathsep.join([str(place / "bin"), "/usr/bin", "/bin"]))


def _filled(value: Any, place: str) -> Any:
    if isinstance(value, str):
        return value.replace("{tmp}", place)
    if isinstance(value, list):
        return [_filled(item, place) for item in value]
    if isinstance(value, dict):
        return {_filled(key, place): _filled(item, place) for key, item in value.items()}
    return value
