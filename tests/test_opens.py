"""What a failed path means, and that the line beside it grants just that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssvm_kernel.capabilities.model import Access, FolderGrant
from ssvm_kernel.capabilities.parse import parse_dir
from ssvm_kernel.host.resolve import resolve_folder
from ssvm_kernel.opens import missed_paths
from ssvm_kernel.options import split_line
from ssvm_kernel.sandbox.protocol import Attempt

EPERM, ENOENT, EEXIST = 63, 44, 20


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "out dir").mkdir()
    (tmp_path / "out dir/f").write_text("x")
    (tmp_path / "in/link").symlink_to(tmp_path / "out dir/f")
    (tmp_path / "in/root").symlink_to("/etc-of-nobody")
    return tmp_path


def missed(place: Path, function: str, path: bytes, error: int, access: Access = Access.READ, guest: str = "data"):
    (found,) = missed_paths([Attempt(function, 3, path, error)], [FolderGrant(str(place / "in"), guest, access)])
    return found


def granted(line: str) -> FolderGrant:
    flag, value = split_line(line)
    assert flag == "--dir"
    return parse_dir(value, resolve_folder)


def test_reading_only_is_widened_by_its_line(place: Path) -> None:
    found = missed(place, "path_open", b"sub/new", EPERM)
    assert (found.path, found.why, found.refused) == ("data/sub/new", "it may only be read", True)
    assert granted(found.grant_line) == FolderGrant(str(place / "in"), "data", Access.READ_WRITE)


@pytest.mark.parametrize("guest", ["data", "."])
@pytest.mark.parametrize(("function", "access"), [("path_open", Access.READ), ("path_unlink_file", Access.READ_WRITE)])
def test_w03_a_path_that_climbs_out(place: Path, guest: str, function: str, access: Access) -> None:
    found = missed(place, function, b"../out dir/f", EPERM, guest=guest)
    assert found.why == "it lies outside of what is granted"
    name = "../out dir" if guest == "." else "data/../out dir"
    assert granted(found.grant_line) == FolderGrant(str(place / "out dir"), name, access)


def test_w01_a_link_that_leads_out_names_where(place: Path) -> None:
    found = missed(place, "path_open", b"link", EPERM)
    assert found.why == "it is a link that leads out of data"
    assert granted(found.grant_line).host == str(place / "out dir")


def test_w11_nothing_grants_the_root_folder(place: Path) -> None:
    found = missed(place, "path_open", b"root", EPERM)
    assert found.refused
    assert found.grant_line == ""


def test_what_is_not_there_is_no_refusal(place: Path) -> None:
    found = missed(place, "path_open", b"gone", ENOENT)
    assert (found.why, found.refused, found.grant_line) == ("there is no such file", False, "")


def test_ordinary_errors_are_not_told(place: Path) -> None:
    folder = FolderGrant(str(place / "in"), "data")
    assert missed_paths([Attempt("path_create_directory", 3, b"sub", EEXIST)], [folder]) == ()


@pytest.mark.parametrize("number", [-(2**31), 0, 2, 4, 99, 2**31])
@pytest.mark.parametrize("path", [b"a\x1b[2K\xe2\x80\xae", b"\0", b"\xff" * 1024, b""])
def test_a_hostile_process_gets_its_words_shown_and_nothing_else(place: Path, number: int, path: bytes) -> None:
    for function in ("path_open", "\x1b[31m", "x" * 100):
        folder = FolderGrant(str(place / "in"), "data")
        (found,) = missed_paths([Attempt(function, number, path, EPERM, -5)], [folder])
        assert "\x1b" not in found.path
        assert len(found.path) < 500
        assert found.grant_line == ""


def test_each_path_is_told_once(place: Path) -> None:
    folder = FolderGrant(str(place / "in"), "data", Access.READ_WRITE)
    attempts = [Attempt("path_open", 3, b"../a", EPERM), Attempt("path_filestat_get", 3, b"../a", EPERM)]
    assert len(missed_paths(attempts, [folder])) == 1
    assert os.sep not in missed_paths(attempts, [folder])[0].why
