"""`ProgramFinder`: the same answer as a new search, whatever happened since the last one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssvm_kernel.host import resolve as module
from ssvm_kernel.host.resolve import ProgramFinder, resolve_program


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two folders of a PATH, a program ``tool`` in the second, and a link to it."""
    for folder in ("first", "second", "other"):
        (tmp_path / folder).mkdir()
    for folder in ("second", "other"):
        (tmp_path / folder / "tool").write_text(f"#!/bin/sh\necho {folder}\n")
        (tmp_path / folder / "tool").chmod(0o755)
    (tmp_path / "link").symlink_to(tmp_path / "second")
    return tmp_path


def search_path(place: Path) -> str:
    return f"{place}/first:relative:{place}/link"


def again(place: Path, name: bytes = b"tool") -> ProgramFinder:
    """Return a finder that has found `name`, and gives it from memory."""
    finder = ProgramFinder()
    found = finder.find(name, search_path(place))
    assert found.program is not None
    assert finder.find(name, search_path(place)) is found
    return finder


def test_what_was_found_is_what_a_search_finds(place: Path) -> None:
    for name in (b"tool", bytes(place / "link/tool"), bytes(place / "second/../link/tool")):
        finder = again(place, name)
        kept = finder.find(name, search_path(place))
        new = resolve_program(name, search_path(place))
        assert (kept, kept.program.via) == (new, new.program.via)


def earlier(place: Path) -> None:
    (place / "first/tool").symlink_to(place / "other/tool")


def dangling(place: Path) -> None:
    (place / "first/tool").symlink_to(place / "nothing")


def turned(place: Path) -> None:
    (place / "link").unlink()
    (place / "link").symlink_to(place / "other")


def swapped(place: Path) -> None:
    (place / "other/tool").replace(place / "second/tool")


def moved_folder(place: Path) -> None:
    (place / "second").rename(place / "away")
    (place / "second").symlink_to(place / "away")


def hard_linked(place: Path) -> None:
    """The very same file, now reached through another link."""
    (place / "deep").mkdir()
    os.link(place / "second/tool", place / "deep/tool")
    (place / "link").unlink()
    (place / "link").symlink_to(place / "deep")


def written(place: Path) -> None:
    (place / "second/tool").write_text("#!/bin/sh\necho changed\n")


def not_executable(place: Path) -> None:
    (place / "second/tool").chmod(0o644)


def gone(place: Path) -> None:
    (place / "second/tool").unlink()


@pytest.mark.parametrize(
    "change", [earlier, dangling, turned, swapped, moved_folder, hard_linked, written, not_executable, gone]
)
@pytest.mark.parametrize("absolute", [False, True])
def test_p01_p27_any_change_on_the_way_is_seen(place: Path, change, absolute: bool) -> None:
    name = bytes(place / "link/tool") if absolute else b"tool"
    finder = again(place, name)
    before = finder.find(name, search_path(place))
    change(place)
    new = resolve_program(name, search_path(place))
    found = finder.find(name, search_path(place))
    assert found == new
    assert (found.program and found.program.via) == (new.program and new.program.via)
    if change is not dangling and not (absolute and change is earlier):
        assert (found, found.program and found.program.via) != (before, before.program.via)


def test_another_search_path_is_another_search(place: Path) -> None:
    finder = again(place)
    assert finder.find(b"tool", str(place / "other")).program.path == str(place / "other/tool")
    assert finder.find(b"tool", str(place / "first")).program is None


def test_a_change_while_the_state_is_taken_is_not_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = module.resolve_program

    def hasty(name: bytes, path: str):
        found = search(name, path)
        if (place / "second/tool").stat().st_size == found.program.identity.size:
            turned(place)
        return found

    monkeypatch.setattr(module, "resolve_program", hasty)
    finder = ProgramFinder()
    assert finder.find(b"tool", search_path(place)).program.path == str(place / "second/tool")
    monkeypatch.undo()
    assert finder.find(b"tool", search_path(place)).program.path == str(place / "other/tool")


def test_memory_is_bounded(place: Path) -> None:
    finder = ProgramFinder()
    for number in range(200):
        assert finder.find(b"/" + b"./" * number + b"bin/sh", "").program is not None
    assert 0 < len(finder._found) <= 64
    assert finder.find(b"/" + b"./" * 3000 + b"bin/sh", "").program is not None
    assert all(len(name) <= 4096 for name, _ in finder._found)
