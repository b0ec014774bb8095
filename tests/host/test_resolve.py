"""What a name means is settled once, on real files (P01, P02, P11, P15, P26, P27, W11)."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssvm_kernel.capabilities.dangers import held_by
from ssvm_kernel.capabilities.model import Access, FolderGrant
from ssvm_kernel.capabilities.resolved import Trouble
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.resolve import identity, resolve_folder, resolve_program, sha256_of, unchanged


@pytest.fixture
def root(tmp_path):
    return Path(os.path.realpath(tmp_path))


def tool(path, text="#!/bin/sh\n", mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def found(name, *folders):
    resolved = resolve_program(os.fsencode(name), os.pathsep.join(map(str, folders)))
    assert resolved.trouble is None, resolved.detail
    return resolved.program


def trouble(name, *folders, **options):
    resolved = resolve_program(os.fsencode(name), os.pathsep.join(map(str, folders)), **options)
    assert resolved.program is None
    assert resolved.detail.isprintable()
    return resolved.trouble


def test_p01_the_first_folder_wins_when_it_is_asked(root):
    first, second = tool(root / "a/ls"), tool(root / "b/ls")
    assert found("ls", root / "a", root / "b").path == str(first)
    assert found("ls", root / "b", root / "a").path == str(second)


def test_p01_a_later_program_earlier_in_path_is_not_the_one_that_was_granted(root):
    granted = found("ls", root / "evil", tool(root / "b/ls").parent)
    tool(root / "evil/ls")
    now = found("ls", root / "evil", root / "b")
    assert now.path != granted.path
    assert unchanged(granted)  # and the granted one is still what runs by its path


def test_a_name_means_the_file_at_the_end_of_all_links(root):
    real = tool(root / "opt/git-2.40/bin/git")
    link(root / "opt/git", "git-2.40")
    link(root / "alternatives/git", root / "opt/git/bin/git")
    link(root / "bin/git", "../alternatives/git")
    program = found("git", root / "bin")
    assert program.path == str(real)
    for place in ("bin/git", "alternatives/git", "opt/git", "opt/git-2.40/bin", "opt/git-2.40/bin/git"):
        assert str(root / place) in program.via


@pytest.mark.parametrize("writable", ["bin", "alternatives", "opt", "opt/git-2.40", "opt/git-2.40/bin"])
def test_p02_every_place_on_the_way_is_known(root, writable):
    tool(root / "opt/git-2.40/bin/git")
    link(root / "opt/git", "git-2.40")
    link(root / "alternatives/git", root / "opt/git/bin/git")
    link(root / "bin/git", "../alternatives/git")
    (root / "other").mkdir()
    program = found("git", root / "bin")
    grant = FolderGrant(str(root / writable), "x", Access.READ_WRITE)
    assert list(held_by(program, [grant]))
    assert not list(held_by(program, [FolderGrant(str(root / "other"), "x", Access.READ_WRITE)]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_p02_real_paths_are_the_systems_own(tmp_path_factory, data):
    """Whatever folders and links lie on the way, the result is what the system itself makes of it."""
    root = Path(os.path.realpath(tmp_path_factory.mktemp("links")))
    tool(root / "real/deep/tool")
    names = ["a", "b", "c"]
    for name in names:
        target = data.draw(
            st.sampled_from(["real", "real/deep", "./real//deep/", "a", "b/..", "../" + root.name + "/b"])
        )
        link(root / name, target if data.draw(st.booleans()) else root / target)
    parts = data.draw(st.lists(st.sampled_from([*names, "real", "deep", "..", "."]), max_size=4))
    path = f"{root}/" + "/".join([*parts, "tool"])
    resolved = resolve_program(os.fsencode(path), "")
    try:
        expected = os.path.realpath(path, strict=True)
    except OSError:
        expected = None
    assert (resolved.program.path if resolved.program else None) == expected


@pytest.mark.parametrize("name", ["./tool", "bin/tool", "../bin/tool", "./", "tool/"])
def test_p26_a_relative_path_is_refused(root, monkeypatch, name):
    tool(root / "tool")
    tool(root / "bin/tool")
    monkeypatch.chdir(root)
    assert trouble(name, root, root / "bin") is Trouble.RELATIVE


@pytest.mark.parametrize("search", ["", ".", "bin", ":", "::", "./bin:"])
def test_p26_empty_and_relative_folders_of_path_are_passed_over(root, monkeypatch, search):
    tool(root / "tool")
    tool(root / "bin/tool")
    monkeypatch.chdir(root)
    assert resolve_program(b"tool", search).trouble is Trouble.NOT_FOUND


def test_p26_a_relative_folder_of_path_does_not_mean_one_below_the_root(root):
    tool(root / "tool")
    assert resolve_program(b"tool", str(root).lstrip("/")).trouble is Trouble.NOT_FOUND


@pytest.mark.parametrize("name", ["", "a\0b", "\0"])
def test_p15_an_empty_name_or_a_nul_is_refused(name):
    assert trouble(name, "/bin") is Trouble.INVALID


@pytest.mark.parametrize("name", ["x.bat", "X.BAT", "x.Cmd", "x.bat ", "x.exe.", "x.bat::$DATA", "c:\\x.cmd", "x.ps1"])
def test_p11_batch_files_are_refused_on_windows(name):
    assert trouble(name, "/bin", windows=True) is Trouble.BATCH
    assert trouble(name, "/bin", windows=False) is Trouble.NOT_FOUND


@pytest.mark.parametrize("name", ["git", "git.exe", "batch", "c:\\git.exe"])
def test_p11_other_names_are_not(name):
    assert resolve_program(name.encode(), "", windows=True).trouble is not Trouble.BATCH


def test_what_cannot_be_run_is_told_from_what_is_not_there(root):
    tool(root / "a/text", mode=0o644)
    (root / "a/folder").mkdir()
    os.mkfifo(root / "a/pipe", 0o755)
    link(root / "a/broken", "nowhere")
    link(root / "a/loop", "loop")
    for name in ("text", "folder", "pipe"):
        assert trouble(name, root / "a") is Trouble.NOT_EXECUTABLE
        assert trouble(root / "a" / name) is Trouble.NOT_EXECUTABLE
    for name in ("broken", "loop", "nothing"):
        assert trouble(name, root / "a") is Trouble.NOT_FOUND
        assert trouble(root / "a" / name) is Trouble.NOT_FOUND
    tool(root / "b/text")
    assert found("text", root / "a", root / "b").path == str(root / "b/text")  # as a shell passes it over


@pytest.mark.parametrize("name", ["tool/", "tool/.", "tool/..", "tool/x"])
def test_a_file_is_no_folder(root, name):
    tool(root / "tool")
    resolved = resolve_program(os.fsencode(f"{root}/{name}"), "")
    assert resolved.program is None


def test_names_need_not_be_utf8(root):
    path = os.fsencode(root) + b"/t\xffl"
    Path(os.fsdecode(path)).write_text("")
    Path(os.fsdecode(path)).chmod(0o755)
    program = resolve_program(b"t\xffl", str(root)).program
    assert os.fsencode(program.path) == path


def test_u01_details_show_names_plainly(root):
    bad = tool(root / "x\x1b[2K\u202e", mode=0o644)
    assert "\\x1b" in resolve_program(os.fsencode(bad), "").detail


@pytest.mark.parametrize("change", ["text", "touch", "replace", "remove", "link", "folder"])
def test_p27_a_changed_program_is_noticed(root, change):
    path = tool(root / "tool", "#!/bin/sh\ntrue\n")
    program = found("tool", root)
    assert unchanged(program)
    if change == "text":
        path.write_text("#!/bin/sh\nevil\n")
        os.utime(path, ns=(0, program.identity.mtime_ns + 1))
    elif change == "touch":
        os.utime(path, ns=(0, 0))
    elif change == "replace":
        tool(root / "new", "#!/bin/sh\nevil\n").rename(path)
    else:
        path.rename(root / "kept")
        if change == "link":
            path.symlink_to(root / "kept")
        elif change == "folder":
            path.mkdir()
    assert not unchanged(program)


def test_identity_and_hash(root):
    path = tool(root / "tool", "x" * 3_000_000)
    info = path.stat()
    assert identity(str(path)).size == 3_000_000
    assert (identity(str(path)).inode, identity(str(path)).mtime_ns) == (info.st_ino, info.st_mtime_ns)
    assert sha256_of(str(path)) == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    with pytest.raises(FileNotFoundError):
        identity(str(root / "nothing"))


def test_a_folder_is_granted_by_its_real_path(root, monkeypatch):
    (root / "real").mkdir()
    link(root / "link", "real")
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(root))
    for path in (str(root / "link"), "link", "./real/", "~/link", "real/../link"):
        assert resolve_folder(path) == str(root / "real")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nothing", "No such file"),
        ("file", "is not a folder"),
        ("a\0b", "cannot be granted"),
        ("~nobody-of-this-name/x", "cannot be granted"),
        ("x\x1b", "x\\\\x1b"),
    ],
)
def test_what_is_no_folder_is_refused(root, monkeypatch, path, says):
    monkeypatch.chdir(root)
    (root / "file").write_text("")
    with pytest.raises(GrantError, match=says) as caught:
        resolve_folder(path)
    assert str(caught.value).isprintable()


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="no /proc is mounted")
@pytest.mark.parametrize("path", ["/proc", "/proc/self", "/proc/self/fd"])
def test_w11_the_kernels_file_systems_are_refused_by_device(root, path):
    link(root / "innocent", path)
    for name in (path, str(root / "innocent")):
        with pytest.raises(GrantError, match="file system of the kernel"):
            resolve_folder(name)


def test_w11_a_link_out_of_them_does_not_help(root):
    """``/proc/self/cwd`` and ``root`` are links: what they lead to is judged, by its real path."""
    assert resolve_folder("/proc/self/cwd") == os.path.realpath(".")
    assert resolve_folder("/proc/self/root") == "/"  # which `check_grants` then refuses
