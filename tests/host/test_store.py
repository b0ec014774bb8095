"""The store on disk: whole files or none, for this person alone."""

from __future__ import annotations

import mmap
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from ssvm_kernel.host import store

KEY = "0123456789abcdef"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("SSVM_CACHE_DIR", str(folder))
    return folder


def files(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if path.is_file())


def test_a_written_entry_is_read_back():
    assert store.read("things", KEY) is None
    assert store.write("things", KEY, b"content")
    assert store.read("things", KEY) == b"content"
    assert store.read("others", KEY) is None


def test_an_empty_entry_is_an_entry():
    assert store.write("things", KEY, b"")
    assert store.read("things", KEY) == b""


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 200])
def test_a_torn_or_changed_file_is_a_miss(cache: Path, damage: bytes):
    store.write("things", KEY, b"content" * 10)
    (file,) = files(cache)
    file.write_bytes(damage)
    assert store.read("things", KEY) is None
    assert store.write("things", KEY, b"again")
    assert store.read("things", KEY) == b"again"


@pytest.mark.parametrize("key", ["../../../etc/passwd", "", "ABCDEF0123456789", "0123456789abcdef\n", "a/b"])
def test_a_key_is_hexadecimal_and_nothing_else(key: str):
    with pytest.raises(ValueError, match="key"):
        store.write("things", key, b"")


@pytest.mark.parametrize("kind", ["", "..", "a/b", "A", ".hidden", "x" * 41])
def test_a_kind_is_a_plain_name(kind: str):
    with pytest.raises(ValueError, match="name"):
        store.write(kind, KEY, b"")


def test_everything_is_for_this_person_alone(cache: Path):
    path = store.store_blob("code", KEY, b"machine code")
    store.write("things", KEY, b"content")
    assert path is not None
    for file in files(cache):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert stat.S_IMODE((cache / store.LAYOUT).stat().st_mode) == 0o700


def test_a_blob_is_a_file_of_exactly_its_bytes():
    assert store.load_blob("code", KEY) is None
    path = store.store_blob("code", KEY, b"machine code")
    assert path is not None
    assert path.read_bytes() == b"machine code"
    assert store.load_blob("code", KEY) == path


@pytest.mark.parametrize("damage", [b"machine c0de", b"machine", b""])
def test_a_damaged_blob_is_a_miss_and_is_replaced(damage: bytes):
    path = store.store_blob("code", KEY, b"machine code")
    assert path is not None
    assert store.load_blob("code", KEY) == path
    path.write_bytes(damage)
    os.utime(path, ns=(1, 1))
    assert store.load_blob("code", KEY) is None
    assert store.store_blob("code", KEY, b"machine code") == path
    assert path.read_bytes() == b"machine code"


def test_a_mapped_blob_never_changes_under_its_reader():
    """Writing into a mapped file would end the process with SIGBUS or run half-written code (pitfall 1)."""
    first = store.store_blob("code", KEY, b"a" * 8192)
    assert first is not None
    with first.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        second = store.store_blob("code", KEY, b"b" * 100)
        first.unlink()
        store.store_blob("code", KEY, b"a" * 8192)
        assert mapped[:] == b"a" * 8192
    assert second is not None
    assert second != first
    assert store.load_blob("code", KEY) == first


def test_a_folder_that_others_can_change_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("SSVM_CACHE_DIR", str(shared))
    assert not store.write("things", KEY, b"content")
    assert store.read("things", KEY) is None
    assert store.store_blob("code", KEY, b"x") is None
    assert store.folder("sysroot") is None
    assert list(shared.iterdir()) == [shared / store.LAYOUT]


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    elsewhere, base = tmp_path / "elsewhere", tmp_path / "base"
    elsewhere.mkdir()
    base.mkdir(mode=0o700)
    (base / store.LAYOUT).symlink_to(elsewhere)
    monkeypatch.setenv("SSVM_CACHE_DIR", str(base))
    assert not store.write("things", KEY, b"content")
    assert not list(elsewhere.iterdir())


def test_a_folder_that_cannot_be_made_costs_only_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert not store.write("things", KEY, b"content")
    assert store.read("things", KEY) is None


def test_a_full_disk_is_no_error(cache: Path, monkeypatch: pytest.MonkeyPatch):
    store.write("things", KEY, b"before")

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store.os, "fdopen", full)
        assert not store.write("things", KEY, b"after")
    assert store.read("things", KEY) == b"before"
    assert len(files(cache)) == 1


def test_an_interrupt_while_writing_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch):
    class Interrupted(type(Path())):
        def replace(self, _target):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "Path", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.write("things", KEY, b"content")
    assert not files(cache)
    assert store.read("things", KEY) is None


def test_the_store_comes_back_after_somebody_removed_it(cache: Path):
    import shutil

    store.write("things", KEY, b"content")
    shutil.rmtree(cache)
    assert store.read("things", KEY) is None
    assert store.write("things", KEY, b"content")
    assert store.read("things", KEY) == b"content"


def test_many_writers_of_one_key_leave_one_whole_entry(cache: Path):
    contents = [bytes([letter]) * 50_000 for letter in range(8)]
    seen: list[bytes | None] = []

    def work(content: bytes) -> None:
        for _ in range(20):
            store.write("things", KEY, content)
            seen.append(store.read("things", KEY))

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) <= set(contents)
    assert len(files(cache)) == 1


def test_the_oldest_go_first_when_there_is_too_much(cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store, "LIMIT", 1000)
    keys = [f"{number:016x}" for number in range(5)]
    for number, key in enumerate(keys):
        store.write("things", key, b"x" * 300)
        os.utime(cache / store.LAYOUT / "things" / key, (number, number))
    assert all(store.read("things", key) for key in keys[2:])
    for number, key in enumerate(keys):  # reading marks as used; the order is to be the one above
        os.utime(cache / store.LAYOUT / "things" / key, (number, number))
    store._writes.clear()
    store.write("things", "f" * 16, b"x" * 300)
    kept = {path.name for path in files(cache)}
    assert kept == {keys[3], keys[4], "f" * 16}


def test_what_an_ended_writer_left_is_removed_later(cache: Path):
    store.write("things", KEY, b"content")
    folder = cache / store.LAYOUT / "things"
    old, young = folder / f"{store._TEMPORARY}old", folder / f"{store._TEMPORARY}young"
    old.touch()
    young.touch()
    os.utime(old, (time.time() - 2 * 3600,) * 2)
    store._writes.clear()
    store.write("things", KEY, b"content")
    assert not old.exists()
    assert young.exists()


def test_an_entry_that_is_used_becomes_young_again(cache: Path):
    store.write("things", KEY, b"content")
    (file,) = files(cache)
    os.utime(file, (1, 1))
    store.read("things", KEY)
    assert time.time() - file.stat().st_mtime < 3600
