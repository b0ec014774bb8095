"""Sets of grants that would give away more than they say (rule 9, P02, P29, P40 to P42, W11, W13)."""

from __future__ import annotations

import pytest

from ssvm_kernel.capabilities.dangers import Danger, SpecialFolder, check_grants, dangers_of, held_by
from ssvm_kernel.capabilities.model import Access, AnyArguments, Effect, ExactArguments, Grants, PrefixArguments
from ssvm_kernel.errors import GrantError
from tests.capabilities.build import blanket, folder, grant, program

RO, RW = Access.READ, Access.READ_WRITE
SPECIAL = (
    SpecialFolder("/proc", "where the kernel shows every process"),
    SpecialFolder("/sys", "where the kernel shows the system"),
    SpecialFolder("/dev", "where the devices are"),
    SpecialFolder("/home/me/.local/share/jupyter/runtime", "where Jupyter keeps the keys of running kernels"),
    SpecialFolder("/home/me/.jupyter", "your configuration of Jupyter"),
    SpecialFolder("/home/me/.cache/ssvm-kernel", "where ssvm-kernel keeps compiled guests"),
    SpecialFolder("/home/me/.ssh", "where your keys are"),
    SpecialFolder("/home/me/project/.venv/lib/site-packages", "where this kernel's packages are", readable=True),
    SpecialFolder("/usr/bin", "one of the folders in PATH", readable=True, inside=False),
    SpecialFolder("/home/me/notes", "a folder that Python imports from", readable=True, inside=False, warn=True),
)


def problems(*grants, special=SPECIAL):
    commands = tuple(each for each in grants if hasattr(each, "rule"))
    folders = tuple(each for each in grants if hasattr(each, "host"))
    return dangers_of(Grants(commands, folders), special)


def refused(*grants):
    return [problem for problem in problems(*grants) if problem.danger is Danger.REFUSED]


def warned(*grants):
    return [problem for problem in problems(*grants) if problem.danger is Danger.WARNING]


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize(
    "host",
    [
        "/",
        "/proc",
        "/proc/self",
        "/sys/fs/cgroup",
        "/dev",
        "/dev/shm",
        "/home",
        "/home/me",
        "/home/me/.local",
        "/home/me/.jupyter",
        "/home/me/.jupyter/custom",
        "/home/me/.cache/ssvm-kernel/a",
        "/home/me/.ssh",
    ],
)
def test_w11_special_folders_are_refused(host, access):
    found = refused(folder(host, access))
    assert len(found) == 1
    assert host in found[0].message
    assert "cannot be granted" in found[0].message


@pytest.mark.parametrize("host", ["/data", "/home/me/data", "/processes", "/home/me/.jupyterlab", "/home/me/.sshd"])
def test_other_folders_are_not_refused(host):
    assert refused(folder(host, RW)) == []


def test_p42_what_the_kernel_imports_may_be_read_but_not_written():
    for host in ("/home/me/project", "/home/me/project/.venv/lib/site-packages/numpy"):
        assert refused(folder(host, RO)) == []
        assert [problem.attack for problem in refused(folder(host, RW))] == ["P42"]
        assert ":ro" in refused(folder(host, RW))[0].message


def test_p42_a_folder_of_path_may_not_be_written_but_one_inside_it_may():
    assert refused(folder("/usr/bin", RW))
    assert refused(folder("/usr", RW))
    assert not refused(folder("/usr/bin/data", RW))


def test_p42_the_folder_of_the_notebook_is_given_with_a_warning():
    assert refused(folder("/home/me/notes", RW)) == []
    assert [problem.attack for problem in warned(folder("/home/me/notes", RW))] == ["P42"]
    assert warned(folder("/home/me/notes/data", RW)) == []
    assert warned(folder("/home/me/notes", RO)) == []


@pytest.mark.parametrize(
    ("host", "bad"),
    [
        ("/opt/tool/bin", True),  # the folder of the program
        ("/opt", True),  # one above it
        ("/opt/tool/bin/git", True),  # the file itself
        ("/links", True),  # a link on the way
        ("/links/deep", False),
        ("/opt/tool/binary", False),
        ("/srv", False),
    ],
)
def test_p02_a_granted_program_in_a_writable_folder_is_refused(host, bad):
    found = program("/opt/tool/bin/git", via=("/links", "/links/git", "/opt", "/opt/tool", "/opt/tool/bin/git"))
    command = grant("git", program=found)
    assert bool(refused(command, folder(host, RW))) is bad
    assert not refused(command, folder(host, RO))
    assert [each.host for _, each in held_by(found, [folder(host, RW)])] == ([host] if bad else [])
    if bad:
        assert refused(command, folder(host, RW))[0].attack == "P02"


def test_p02_the_access_that_counts_is_the_one_in_force():
    command = grant("git", path="/opt/git")
    assert not refused(command, folder("/opt", RW), folder("/opt", RO))


def test_p02_a_program_that_is_only_denied_or_asked_about_is_no_danger():
    assert not refused(grant("git", path="/opt/git", effect=Effect.DENY), folder("/opt", RW))


def test_p29_granting_everything_beside_a_folder_is_said_and_not_refused():
    assert refused(blanket(), folder("/data", RW)) == []
    assert [problem.attack for problem in warned(blanket(), folder("/data", RW))] == ["P29"]
    assert warned(blanket(), folder("/data", RO)) == []


@pytest.mark.parametrize(("name", "warns"), [("git", True), ("make", True), ("python3", True), ("convert", False)])
def test_p40_a_program_that_obeys_files_is_not_limited_by_its_arguments(name, warns):
    narrow = grant(name, ExactArguments((b"status",)))
    assert bool([each for each in warned(narrow, folder("/data", RW)) if each.attack == "P40"]) is warns
    assert not [each for each in warned(narrow, folder("/data", RO)) if each.attack == "P40"]
    assert not warned(grant(name, AnyArguments()), folder("/data", RW))  # that one says itself that it is wide


@pytest.mark.parametrize(
    ("name", "rule", "warns"),
    [
        ("sh", ExactArguments(), True),
        ("python3", ExactArguments((b"-",)), True),
        ("bash", ExactArguments((b"-s",)), True),
        ("python3", PrefixArguments((b"-u",)), True),
        ("python3", ExactArguments((b"report.py",)), False),
        ("cat", ExactArguments(), False),
        ("sh", AnyArguments(), False),
    ],
)
def test_p41_a_program_that_reads_its_program_from_its_input_is_named(name, rule, warns):
    assert bool([each for each in warned(grant(name, rule)) if each.attack == "P41"]) is warns


def test_w13_one_guest_path_for_two_folders_is_refused():
    assert refused(folder("/a", RO, guest="x"), folder("/b", RO, guest="x"))
    assert not refused(folder("/a", RO, guest="x"), folder("/a", RW, guest="x"))


def test_w13_a_read_only_folder_in_a_writable_one_is_refused():
    found = refused(folder("/a", RW), folder("/a/b", RO))
    assert [problem.attack for problem in found] == ["W13"]
    assert "/a/b" in found[0].message


def test_check_grants_refuses_by_an_error_and_returns_what_to_say():
    with pytest.raises(GrantError, match="/proc cannot be granted"):
        check_grants(Grants(folders=(folder("/proc"),)), SPECIAL)
    said = check_grants(Grants((blanket(),), (folder("/data", RW),)), SPECIAL)
    assert [problem.attack for problem in said] == ["P29"]
    assert check_grants(Grants(), SPECIAL) == ()


def test_u01_messages_show_paths_plainly():
    found = refused(folder("/proc/\x1b[2Ka\u202e"))
    assert found[0].message.isprintable()
    assert "\\x1b" in found[0].message
