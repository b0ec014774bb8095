"""What the store keeps, counted and removed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ssvm_kernel.host import store
from ssvm_kernel.host.tidy import Kept, bound, clear, kept


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_kept_is_counted_by_kind_largest_first():
    assert kept() == ()
    store.write("small", "a" * 16, b"x")
    blob = store.store_blob("large", "b" * 16, b"y" * 5000)
    folder = store.folder("tool")
    assert folder is not None
    assert blob is not None
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_bytes(b"z" * 200)
    assert kept() == (
        Kept("large-data", 1, 5000),
        Kept("tool", 1, 200),
        Kept("large", 1, 64),
        Kept("small", 1, 33),
    )


def test_only_the_kinds_named_are_removed_and_the_store_works_on(cache):
    for kind in ("one", "two"):
        store.write(kind, "a" * 16, b"text")
    assert clear(["one", "nothing"]) == 36
    assert store.read("one", "a" * 16) is None
    assert store.read("two", "a" * 16) == b"text"
    assert [path.name for path in (cache / store.LAYOUT).iterdir()] == ["two"]
    assert store.write("one", "a" * 16, b"again")
    assert store.read("one", "a" * 16) == b"again"


def test_an_open_file_outlives_its_removal():
    path = store.store_blob("code", "c" * 16, b"machine code")
    assert path is not None
    with path.open("rb") as file:
        assert clear(["code", "code-data"]) == 12 + 64
        assert file.read() == b"machine code"
    assert store.load_blob("code", "c" * 16) is None


def test_where_nothing_is_kept_there_is_nothing_to_remove(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "file"))
    assert kept() == ()
    assert clear(["one"]) == 0


def test_a_tool_s_folder_is_emptied_when_it_has_grown_too_large(monkeypatch):
    folder = store.folder("tool")
    assert folder is not None
    (folder / "file").write_bytes(b"x" * 1000)
    bound("tool")
    assert (folder / "file").exists()
    monkeypatch.setattr(store, "LIMIT", 999)
    bound("tool")
    assert not folder.exists()
    assert store.folder("tool") == folder


def test_the_command_tells_what_each_kind_is():
    """Each name that the store is given somewhere in the sources."""
    from ssvm_kernel.commands.cache import _MEANS

    sources = "\n".join(path.read_text("utf-8") for path in Path(store.__file__).parents[1].rglob("*.py"))
    takes_a_name = r"\b(?:store\.(?:read|write)|folder|folder_or_temporary|load_blob|store_blob)"
    named = re.findall(takes_a_name + r"\(\"([a-z-]+)\"", sources)
    named += re.findall(r"^_KIND(?:: Final)? = \"([a-z-]+)\"", sources, re.MULTILINE)
    assert len(set(named)) > 8
    assert set(named) - _MEANS.keys() == set()
