"""Which folders can be picked: judged together with what is granted already."""

from __future__ import annotations

import os
import sys

import pytest

from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    Asker,
    CommandGrant,
    Effect,
    FileIdentity,
    FolderGrant,
    Grants,
    Origin,
    Program,
    Scope,
)
from ssvm_kernel.deciders.places import PickQuestion, Places, above
from ssvm_kernel.errors import GrantError

ASKER = Asker("hello", "0123456789abcdef" * 4)


def places(tmp_path, *folders, commands=()):
    return Places(PickQuestion(ASKER, str(tmp_path), Grants(folders=folders, commands=commands)))


def test_an_ordinary_folder_is_granted_for_the_session_and_this_module(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    there = places(tmp_path)
    assert there.judge(str(data), Access.READ_WRITE) == ("", "")
    grant = there.grant(str(data), Access.READ, "in")
    assert (grant.host, grant.guest, grant.access) == (str(data), "in", Access.READ)
    assert (grant.scope, grant.origin, grant.module_sha256) == (Scope.SESSION, Origin.PERSON, ASKER.module_sha256)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own file systems are Linux's")
@pytest.mark.parametrize("path", ["/", "/proc", "/dev", "/sys"])
def test_w11_dangerous_folders_say_why(tmp_path, path):
    there = places(tmp_path)
    for access in Access:
        refused, _ = there.judge(path, access)
        assert "cannot be granted" in refused
        with pytest.raises(GrantError, match="cannot be granted"):
            there.grant(path, access, "x")


def test_p42_a_folder_of_programs_may_be_read_only(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    there = places(tmp_path)
    assert there.judge(str(tmp_path), Access.READ) == ("", "")
    refused, _ = there.judge(str(tmp_path), Access.READ_WRITE)
    assert "PATH" in refused


def test_p02_a_folder_that_holds_a_granted_program_may_not_be_written(tmp_path):
    tool = tmp_path / "bin" / "tool"
    program = Program(str(tool), FileIdentity(1, 2, 3, 4))
    command = CommandGrant(Effect.ALLOW, b"tool", program, AnyArguments())
    tool.parent.mkdir()
    there = places(tmp_path, commands=(command,))
    assert there.judge(str(tmp_path), Access.READ)[0] == ""
    assert there.judge(str(tmp_path), Access.READ_WRITE)[0]
    with pytest.raises(GrantError):
        there.grant(str(tmp_path), Access.READ_WRITE, "x")


@pytest.mark.parametrize("name", ["", " x", "a\nb", "a\0b", "\u202ex", "../x", "a/..", "x" * 256, "\ud800"])
def test_a_name_that_deceives_is_refused(tmp_path, name):
    with pytest.raises(GrantError, match="name for the guest"):
        places(tmp_path).grant(str(tmp_path), Access.READ, name)


def test_p27_what_became_a_link_is_not_granted(tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "data").symlink_to("secret")
    with pytest.raises(GrantError, match="has become a link"):
        places(tmp_path).grant(str(tmp_path / "data"), Access.READ, "data")


def test_a_name_that_is_taken_is_not_suggested_and_not_granted(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "data").mkdir(parents=True)
    first, second = str(tmp_path / "one" / "data"), str(tmp_path / "two" / "data")
    there = places(tmp_path, FolderGrant(first, "data"))
    assert there.suggested(second) == "data-2"
    with pytest.raises(GrantError, match="would mean both"):
        there.grant(second, Access.READ, "data")


def test_the_same_folder_can_be_picked_again_for_more(tmp_path):
    before = FolderGrant(str(tmp_path), "a", Access.READ, Scope.SESSION, Origin.PERSON, ASKER.module_sha256)
    there = places(tmp_path, before)
    assert there.grant(str(tmp_path), Access.READ_WRITE, "b").access is Access.READ_WRITE


def test_names_that_cannot_be_typed(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    there = places(tmp_path)
    assert "UTF-8" in there.judge(path, Access.READ)[0]
    assert there.suggested(path) == "folder"
    with pytest.raises(GrantError, match="UTF-8"):
        there.grant(path, Access.READ, "x")
    assert there.suggested(str(tmp_path / "a\x1b[2K")) == "folder"
    assert there.suggested(str(tmp_path / "<img src=x>")) == "<img src=x>"


def test_above():
    assert above("/a/b/c") == ("/", "/a", "/a/b")
    assert above("/") == ()


def test_it_says_that_picking_is_granting(tmp_path):
    meaning = PickQuestion(ASKER, str(tmp_path)).meaning
    for word in ("Picking is granting", "hello", "until the kernel ends", "%ssvm grants", "other code"):
        assert word in meaning
