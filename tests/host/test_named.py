"""Files that the person names: what may be written, and that nothing else is lost."""

from __future__ import annotations

import os
import stat

import pytest

from ssvm_kernel.errors import UsageError
from ssvm_kernel.host.named import named_path, own_content, write_whole


def ours(data: bytes) -> bool:
    return data.startswith(b"ours")


def test_a_new_file_and_one_of_ours_may_be_written(tmp_path) -> None:
    path = tmp_path / "a.json"
    assert own_content(path, "it", ours, (".json",)) == b""
    path.write_bytes(b"ours, before")
    path.chmod(0o644)
    assert own_content(path, "it", ours, (".json",)) == b"ours, before"
    write_whole(path, b"ours, now", "it")
    assert path.read_bytes() == b"ours, now"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_an_empty_file_holds_nothing_to_lose(tmp_path) -> None:
    (tmp_path / "a").touch()
    assert own_content(tmp_path / "a", "it", ours) == b""


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling link", "pipe", "device", "no folder", "suffix"])
def test_anything_else_may_not(tmp_path, kind: str) -> None:
    path, why = tmp_path / "a.json", "it is not a file"
    (tmp_path / "other").write_bytes(b"ours, elsewhere")
    if kind == "file":
        path.write_bytes(b"theirs")
        why = "something else; remove it first"
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("other")
        why = "it is a link"
    elif kind == "dangling link":
        path.symlink_to("nowhere")
        why = "it is a link"
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = path.__class__(os.devnull)
    elif kind == "no folder":
        path = tmp_path / "no" / "a.json"
        why = "no such folder"
    else:
        path = tmp_path / ".profile"
        why = "has to end in .json or .jsonl"
    with pytest.raises(UsageError, match=why):
        own_content(path, "it", ours, (".json", ".jsonl") if kind == "suffix" else ())
    assert not (tmp_path / "nowhere").exists()


def test_a_link_that_was_put_there_since_is_replaced_not_followed(tmp_path) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "a").symlink_to("theirs")
    write_whole(tmp_path / "a", b"ours", "it")
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert (tmp_path / "a").read_bytes() == b"ours"
    assert not (tmp_path / "a").is_symlink()


def test_what_cannot_be_written_leaves_nothing(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(UsageError, match=r"it cannot be written to .*: Is a directory"):
        write_whole(tmp_path / "a", b"ours", "it")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("text", ["~nobody-of-that-name/x", "a\0b"])
def test_no_path(text: str) -> None:
    with pytest.raises(UsageError, match="is no path"):
        named_path(text)
