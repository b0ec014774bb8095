"""Listing the folders of a folder, with names and links as they come."""

from __future__ import annotations

import os

from ssvm_kernel.host import listing
from ssvm_kernel.host.listing import Folder, Listing, list_folders

HOSTILE = "<img src=x onerror=alert(1)>"


def test_only_folders_and_only_the_opened_one(tmp_path):
    for name in ("b", "A", ".hidden", HOSTILE):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "deeper").mkdir()
    (tmp_path / "file").write_text("")
    found = list_folders(str(tmp_path))
    assert [folder.name for folder in found.folders] == [HOSTILE, "A", "b", ".hidden"]
    assert found.complete
    assert found.trouble == ""


def test_a_link_has_the_path_of_what_it_leads_to(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    real = str(tmp_path / "real")
    assert list_folders(str(tmp_path)).folders == (Folder("link", real, link=True), Folder("real", real))
    assert list_folders(str(tmp_path / "link")).path == real


def test_a_name_that_is_not_utf8_is_kept(tmp_path):
    (tmp_path / os.fsdecode(b"\xff")).mkdir()
    [folder] = list_folders(str(tmp_path)).folders
    assert os.fsencode(folder.path) == os.fsencode(tmp_path) + b"/\xff"


def test_a_long_list_is_cut_and_says_so(tmp_path, monkeypatch):
    for number in range(8):
        (tmp_path / str(number)).mkdir()
    cut = list_folders(str(tmp_path), most=5)
    assert [folder.name for folder in cut.folders] == list("01234")
    assert not cut.complete
    assert list_folders(str(tmp_path), most=8).complete
    monkeypatch.setattr(listing, "_MOST_LOOKED_AT", 3)
    few = list_folders(str(tmp_path))
    assert len(few.folders) == 3
    assert not few.complete


def test_what_cannot_be_read_says_why(tmp_path):
    gone = str(tmp_path / "gone")
    assert list_folders(gone) == Listing(gone, trouble="No such file or directory")
