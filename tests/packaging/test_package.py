"""What a person gets who installs the package: its metadata and its files."""

from __future__ import annotations

import email
import importlib.util
import json
import re
import subprocess
import tarfile
import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import ssvm_kernel

from .conftest import ROOT, build

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

LABEXTENSION = re.compile(r".*\.data/data/share/jupyter/labextensions/ssvm-kernel/(.*)")
PAGE_LIMIT = 48_000  # bytes of JavaScript that every page load of JupyterLab fetches
BUNDLE_LIMIT = 256_000  # and with what is fetched when a part is used for the first time


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


@pytest.fixture(scope="module")
def labextension(wheel) -> dict[str, bytes]:
    """The files of the JupyterLab extension by their names in its folder."""
    found = ((LABEXTENSION.fullmatch(name), name) for name in wheel.namelist())
    return {match[1]: wheel.read(name) for match, name in found if match}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_metadata(metadata):
    assert metadata["Name"] == "ssvm-kernel"
    assert metadata["Version"] == ssvm_kernel.__version__
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert Version("3.10") in SpecifierSet(metadata["Requires-Python"])
    assert "Framework :: Jupyter :: JupyterLab :: Extensions :: Prebuilt" in metadata.get_all("Classifier")
    assert {"c", "all", "dev", "lint", "test"} <= set(metadata.get_all("Provides-Extra"))
    requires = {Requirement(line).name: Requirement(line) for line in metadata.get_all("Requires-Dist")}
    assert {"ipykernel", "ipywidgets", "jupyterlab", "traitlets", "wasmtime"} <= set(requires)
    # The engine's C functions are called directly: another major version is another interface.
    assert Version("51.0.0") not in requires["wasmtime"].specifier


def test_version_is_that_of_the_extension(labextension):
    assert json.loads(labextension["package.json"])["version"] == ssvm_kernel.__version__


def test_all_of_the_package_is_shipped_and_nothing_else(wheel):
    listed = subprocess.run(
        ["git", "ls-files", "ssvm_kernel"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    shipped = {name for name in wheel.namelist() if name.startswith("ssvm_kernel/")}
    assert "ssvm_kernel/py.typed" in shipped
    assert set(listed) <= shipped
    outside = [
        name for name in wheel.namelist() if not re.match(r"ssvm_kernel/|ssvm_kernel-[^/]*\.(data|dist-info)/", name)
    ]
    assert outside == []
    assert [name for name in shipped if name.startswith("ssvm_kernel/labextension/")] == []  # it is shared data
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.namelist())


def test_extension_is_where_jupyterlab_looks(labextension):
    package = json.loads(labextension["package.json"])
    built = package["jupyterlab"]["_build"]
    assert package["name"] == "ssvm-kernel"
    assert built["extension"] == "./extension"
    assert built["style"] == "./style"
    assert built["load"] in labextension
    install = json.loads(labextension["install.json"])
    assert install["packageManager"] == "python"
    assert install["packageName"] == "ssvm-kernel"


def test_extension_is_small_and_brings_no_copy_of_the_editor(labextension):
    scripts = {name: content for name, content in labextension.items() if name.endswith(".js")}
    entry = next(content for name, content in scripts.items() if name.startswith("static/remoteEntry.")).decode()
    exposed = re.findall(r'"\./(?:extension|style)":.*?\.then\(', entry, re.DOTALL)
    chunks = {chunk for load in exposed for chunk in re.findall(r'\.e\("?(\w+)"?\)', load)}
    first = [content for name, content in scripts.items() if name.removeprefix("static/").partition(".")[0] in chunks]
    assert len(first) >= 2
    assert 1000 < len(entry) + sum(map(len, first)) < PAGE_LIMIT
    assert sum(map(len, scripts.values())) < BUNDLE_LIMIT
    licenses = json.loads(labextension["static/third-party-licenses.json"])
    bundled = {package["name"] for package in licenses["packages"]}
    assert not [name for name in bundled if name.startswith(("@codemirror", "@lezer", "@jupyterlab", "@lumino"))]


def test_c_library_for_cells_is_shipped(wheel):
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("the package was built without ziglang")
    names = {name.rpartition("/")[2] for name in wheel.namelist() if name.startswith("ssvm_kernel/sdk/sysroot/zig-")}
    assert {"manifest.json", "libc.a", "crt1-command.o", "crt1-reactor.o", "LICENSES.txt"} <= names
    assert {"libc++.a", "libc++abi.a"} <= names


def test_wheel_from_the_sdist_needs_no_node_and_no_compiler(wheel, tmp_path):
    sdist = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(tmp_path / "unpacked")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert (source / "tests").is_dir()
    assert not (source / "labextension/node_modules").exists()
    if importlib.util.find_spec("ziglang") is not None:
        assert list(source.glob("ssvm_kernel/sdk/sysroot/zig-*/manifest.json"))
    (tmp_path / "empty").mkdir()
    again = build("wheel", source, tmp_path / "wheel", PATH=str(tmp_path / "empty"), PYTHONPATH="")
    with zipfile.ZipFile(again) as archive:
        assert sorted(archive.namelist()) == sorted(wheel.namelist())


def test_oldest_versions_are_the_lower_bounds(project):
    pins = {}
    for line in (ROOT / "tests/oldest-requirements.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (pin,) = requirement.specifier
            pins[requirement.name] = Version(pin.version)
    required = {Requirement(line).name: Requirement(line) for line in project["project"]["dependencies"]}
    assert set(pins) == set(required)
    for name, requirement in required.items():
        (bound,) = (Version(part.version) for part in requirement.specifier if part.operator == ">=")
        assert pins[name] in requirement.specifier
        assert pins[name].release[: len(bound.release)] == bound.release, name


def test_build_in_a_kept_environment_has_what_an_isolated_build_gets(project):
    group = {Requirement(line).name: Requirement(line) for line in project["dependency-groups"]["build"]}
    for line in [*project["build-system"]["requires"], *project["project"]["optional-dependencies"]["c"]]:
        requirement = Requirement(line)
        assert group[requirement.name].specifier == requirement.specifier
