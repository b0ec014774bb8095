"""A grant speaks about the very program, name and arguments that it was given for (P01, P08, P10, P12, P27, P39)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.matching import changed, matches, rule_covers, same_program
from ssvm_kernel.capabilities.model import AnyArguments, Effect, ExactArguments, FileIdentity, PrefixArguments
from tests.capabilities.build import grant, nasty_bytes, program, quick, request

arguments = st.lists(nasty_bytes, max_size=4).map(tuple)


@quick
@given(arguments, arguments)
def test_p10_exact_arguments_are_compared_item_by_item(granted, asked):
    assert rule_covers(ExactArguments(granted), asked) == (granted == asked)


@quick
@given(arguments, arguments)
def test_p10_first_arguments_are_whole_items(first, asked):
    covered = rule_covers(PrefixArguments(first), asked)
    assert covered == (len(asked) >= len(first) and all(a == b for a, b in zip(first, asked, strict=False)))
    assert rule_covers(PrefixArguments(first), first + asked)


@quick
@given(arguments)
def test_any_arguments(asked):
    assert rule_covers(AnyArguments(), asked)


@pytest.mark.parametrize(
    "argv",
    [
        ("git", "-c", "core.pager=id", "status"),
        ("git", "status", "&&", "curl"),
        ("git", "status && curl"),
        ("git", "status", ""),
        ("git", "Status"),
        ("git",),
        ("git", "stat", "us"),
    ],
)
def test_p08_argument_injection(argv):
    allowed = grant("git", ExactArguments((b"status",)))
    assert matches(allowed, request("git", "status"))
    assert not matches(allowed, request(*argv))


@pytest.mark.parametrize("argv", [("git", "logs"), ("git", "lo", "g"), ("git", "-C", "/", "log"), ("git", "log --all")])
def test_p10_prefix_is_of_items_not_of_text(argv):
    allowed = grant("git", PrefixArguments((b"log",)))
    assert matches(allowed, request("git", "log", "--oneline"))
    assert not matches(allowed, request(*argv))


def test_p01_another_program_of_the_same_name_is_not_granted():
    assert not matches(grant("ls"), request("ls", path="/tmp/evil/ls"))
    assert not matches(grant("ls"), request("/tmp/evil/ls", path="/tmp/evil/ls"))


def test_p01_the_same_program_by_its_path_is_granted():
    assert matches(grant("ls"), request("/usr/bin/ls", path="/usr/bin/ls"))


@pytest.mark.parametrize("field", ["device", "inode", "size", "mtime_ns"])
def test_p27_a_changed_program_is_not_granted(field):
    allowed = grant("git")
    identity = replace(allowed.program.identity, **{field: 999})
    asked = request("git", program=replace(allowed.program, identity=identity))
    assert not matches(allowed, asked)
    assert changed(allowed, asked)
    assert not changed(allowed, request("git"))


def test_p27_a_grant_with_a_hash_is_bound_to_the_bytes():
    granted = program("/usr/bin/git", sha256="11")
    touched = replace(granted, identity=FileIdentity(9, 9, 9, 9))
    assert same_program(granted, touched)
    assert not same_program(granted, replace(granted, sha256="22"))
    assert not same_program(granted, replace(granted, sha256=""))
    assert not same_program(granted, replace(granted, path="/usr/bin/other"))


def test_p39_one_file_that_is_many_programs_is_granted_as_one_of_them():
    busybox = program("/bin/busybox")
    allowed = grant("ls", program=busybox)
    assert matches(allowed, request("ls", program=busybox))
    assert matches(allowed, request("/opt/links/ls", program=busybox))
    for other in ("sh", "busybox", "ls2", "xls", "/bin/ls/", "LS"):
        assert not matches(allowed, request(other, program=busybox))


def test_p12_a_denied_program_is_denied_by_any_of_its_names():
    denied = grant("rm", effect=Effect.DENY)
    assert matches(denied, request("/usr/bin/rm", path="/usr/bin/rm"))
    assert matches(denied, request("link-to-rm", path="/usr/bin/rm"))
    hard_link = program("/home/me/innocent", identity=denied.program.identity)
    assert matches(denied, request("innocent", program=hard_link))
    touched = replace(denied.program, identity=replace(denied.program.identity, size=1))
    assert matches(denied, request("rm", program=touched))
    assert not matches(denied, request("ls"))


def test_a_grant_for_one_module_is_for_that_module():
    assert not matches(grant("git", module_sha256="cd" * 32), request("git"))
    assert matches(grant("git", module_sha256="ab" * 32), request("git"))
