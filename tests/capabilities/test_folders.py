"""Overlapping folder grants have one meaning (W13)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.folders import access_to, covers, effective_folders, overlaps, writable_folders
from ssvm_kernel.capabilities.model import Access
from tests.capabilities.build import folder, quick

RO, RW = Access.READ, Access.READ_WRITE
paths = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=3).map(lambda parts: "/" + "/".join(parts))
folder_sets = st.lists(st.builds(folder, paths, st.sampled_from(Access)), max_size=5)


@pytest.mark.parametrize(
    ("outer", "path", "inside"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b", True),
        ("/a", "/ab", False),
        ("/", "/a", True),
        ("/a/b", "/a", False),
    ],
)
def test_covers(outer, path, inside):
    assert covers(outer, path) is inside


@pytest.mark.parametrize(
    ("grants", "path", "access"),
    [
        ([], "/a", None),
        ([("/a", RW)], "/b", None),
        ([("/a", RW)], "/a/x", RW),
        ([("/a", RW), ("/a/b", RO)], "/a/b/x", RO),  # the most specific path decides
        ([("/a", RO), ("/a/b", RW)], "/a/b/x", RW),
        ([("/a", RO), ("/a/b", RW)], "/a/x", RO),
        ([("/a", RW), ("/a", RO)], "/a/x", RO),  # then the most restrictive
        ([("/a", RO), ("/a/b", RW), ("/a/b", RO)], "/a/b", RO),
        ([("/a", RW), ("/ab", RO)], "/ab/x", RO),
    ],
)
def test_w13_the_most_specific_path_decides_then_the_most_restrictive(grants, path, access):
    folders = [folder(host, each) for host, each in grants]
    assert access_to(path, folders) is access
    assert access_to(path, folders[::-1]) is access


@quick
@given(folder_sets, paths)
def test_w13_order_never_matters(folders, path):
    assert access_to(path, folders) == access_to(path, sorted(folders, key=repr))


@quick
@given(folder_sets)
def test_w13_what_is_opened_is_what_the_rule_says(folders):
    """Unless a set is refused as overlapping, no open folder lets a guest write where the rule says read."""
    effective = effective_folders(folders)
    if overlaps(folders):
        return
    for inner in effective:
        reached_writing = any(outer.access is RW and covers(outer.host, inner.host) for outer in effective)
        assert not (reached_writing and access_to(inner.host, folders) is RO)


def test_w13_a_read_only_folder_in_a_writable_one_is_found():
    outer, inner = folder("/a", RW), folder("/a/b", RO)
    assert overlaps([inner, outer]) == ((outer, inner),)
    assert overlaps([folder("/a", RO), folder("/a/b", RW)]) == ()
    assert overlaps([folder("/a", RW), folder("/ab", RO)]) == ()


def test_writable_folders_are_those_in_force():
    twice = [folder("/a", RW), folder("/a", RO), folder("/b", RW)]
    assert [each.host for each in writable_folders(twice)] == ["/b"]
