"""The folders that would give the session away are found, wherever they are (rule 9, W11, P42)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from jupyter_core import paths

import ssvm_kernel
from ssvm_kernel.capabilities.dangers import Danger, check_grants, dangers_of
from ssvm_kernel.capabilities.model import Access, FolderGrant, Grants
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.special import special_folders


def grant(path, access=Access.READ):
    return Grants(folders=(FolderGrant(os.path.realpath(path), "x", access),))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, with Jupyter's folders where they are by default."""
    for name in [name for name in os.environ if name.startswith(("JUPYTER", "IPYTHON", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", os.path.realpath(tmp_path))
    return Path(os.path.realpath(tmp_path))


SPECIAL = {
    "root": lambda: "/",
    "proc": lambda: "/proc",
    "sys": lambda: "/sys",
    "dev": lambda: "/dev",
    "runtime": paths.jupyter_runtime_dir,
    "config": paths.jupyter_config_dir,
    "data": paths.jupyter_data_dir,
    "kernels": lambda: Path(paths.jupyter_data_dir()) / "kernels",
    "home": Path.home,
    "above the home": lambda: Path.home().parent,
    "ipython": lambda: Path.home() / ".ipython",
    "startup": lambda: Path.home() / ".ipython/profile_default/startup",
}


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("find", SPECIAL.values(), ids=SPECIAL.keys())
def test_w11_these_are_refused_for_reading_too(home, find, access):
    with pytest.raises(GrantError, match="cannot be granted"):
        check_grants(grant(find(), access), special_folders())


def test_a_folder_of_data_in_the_home_is_not_refused(home):
    assert check_grants(grant(home / "data", Access.READ_WRITE), special_folders()) == ()


KEYS = [
    ".ssh",
    ".gnupg",
    ".gnupg/private-keys-v1.d",
    ".password-store/work",
    ".local/share/keyrings",
    ".pki",
    "Library/Keychains",
    ".aws",
    ".azure",
    ".config/gcloud",
    ".kube",
    ".docker",
    ".config/gh",
]


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("path", KEYS)
def test_w11_your_keys_are_refused_for_reading_too(home, path, access):
    (home / path).mkdir(parents=True)
    with pytest.raises(GrantError, match="where your keys are"):
        check_grants(grant(home / path, access), special_folders())


@pytest.mark.parametrize(
    "variable",
    ["GNUPGHOME", "PASSWORD_STORE_DIR", "AZURE_CONFIG_DIR", "CLOUDSDK_CONFIG", "DOCKER_CONFIG", "GH_CONFIG_DIR"],
)
def test_w11_keys_that_were_moved_are_found(home, monkeypatch, variable):
    (home / "elsewhere" / "keys" / "x").mkdir(parents=True)
    monkeypatch.setenv(variable, str(home / "elsewhere" / "keys"))
    for path in ("elsewhere", "elsewhere/keys", "elsewhere/keys/x"):
        with pytest.raises(GrantError, match="where your keys are"):
            check_grants(grant(home / path), special_folders())
    assert check_grants(grant(home / "elsewhere" / "data"), special_folders()) == ()


MOVED = [
    "JUPYTER_RUNTIME_DIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "IPYTHONDIR",
    "SSVM_CONFIG_DIR",
    "SSVM_CACHE_DIR",
]


@pytest.mark.parametrize("variable", MOVED)
def test_w11_folders_that_were_moved_are_found(home, monkeypatch, variable):
    moved = home / "elsewhere" / "deep"
    moved.mkdir(parents=True)
    monkeypatch.setenv(variable, str(moved))
    for path in (moved, moved / "x", moved.parent):
        with pytest.raises(GrantError, match="cannot be granted"):
            check_grants(grant(path), special_folders())


def test_w11_a_link_to_a_special_folder_is_that_folder(home, monkeypatch):
    real = home / "real"
    real.mkdir()
    (home / "link").symlink_to(real)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "link"))
    with pytest.raises(GrantError, match="keys of running kernels"):
        check_grants(grant(real), special_folders())


@pytest.mark.parametrize(
    "path",
    [Path(ssvm_kernel.__file__).parent, Path(pytest.__file__).parents[1], Path(os.__file__).parent, Path(sys.prefix)],
    ids=["ssvm_kernel", "site-packages", "stdlib", "prefix"],
)
def test_p42_the_kernels_own_programs_may_be_read_but_not_written(path):
    special = special_folders()
    assert not [each for each in dangers_of(grant(path), special) if each.danger is Danger.REFUSED]
    with pytest.raises(GrantError, match="add :ro"):
        check_grants(grant(path, Access.READ_WRITE), special)


def test_p42_a_folder_of_path_may_not_be_written(home, monkeypatch):
    tools = home / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}/usr/bin")
    with pytest.raises(GrantError, match="folders in PATH"):
        check_grants(grant(tools, Access.READ_WRITE), special_folders())


def test_p42_the_folder_that_modules_are_imported_from_is_warned_of(home, monkeypatch):
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    (home / "notes").mkdir()
    monkeypatch.chdir(home / "notes")
    (problem,) = check_grants(grant(home / "notes", Access.READ_WRITE), special_folders())
    assert "imports Python modules from" in problem.message
    assert check_grants(grant(home / "notes"), special_folders()) == ()


def test_a_working_folder_that_was_deleted_breaks_no_grant(home, monkeypatch):
    (home / "gone").mkdir()
    (home / "data").mkdir()
    monkeypatch.chdir(home / "gone")
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    (home / "gone").rmdir()
    assert check_grants(grant(home / "data", Access.READ_WRITE), special_folders()) == ()
    with pytest.raises(GrantError, match="cannot be granted"):
        check_grants(grant(home), special_folders())


def test_w11_a_key_file_that_the_front_end_put_elsewhere_is_found(home, request):
    from ipykernel.kernelapp import IPKernelApp

    folder = home / "front-end"
    folder.mkdir()
    (folder / "kernel-1.json").write_text("{}")
    application = IPKernelApp.instance(connection_file=str(folder / "kernel-1.json"))
    request.addfinalizer(IPKernelApp.clear_instance)
    assert application.abs_connection_file == str(folder / "kernel-1.json")
    with pytest.raises(GrantError, match="key of this kernel"):
        check_grants(grant(folder), special_folders())
    assert check_grants(grant(folder / "data"), special_folders()) == ()  # it may be /tmp itself


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="no mountinfo")
def test_w11_every_mount_of_the_kernels_file_systems_is_found():
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    places = {line.split()[4] for line in mounts if line.split(" - ")[1].split()[0] in ("proc", "sysfs", "devpts")}
    assert places
    assert places <= {each.path for each in special_folders()}


def test_every_path_is_absolute_and_stands_once():
    found = [each.path for each in special_folders()]
    assert all(map(os.path.isabs, found))
    assert len(found) == len(set(found))
