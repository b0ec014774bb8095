"""The documentation builds without a warning, and its page of options has every option."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ssvm_kernel import commands
from ssvm_kernel.cli.options import RunLine
from ssvm_kernel.options import CompileTraits, flags_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """The pages, without running the notebooks: `tests/examples` does that."""
    # A tree of its own: the notebooks are copied into the folder of the sources, and another worker may build too.
    tree, folder = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "docs", tree / "docs", ignore=shutil.ignore_patterns("_build", "tutorials", "__pycache__"))
    for name in ("examples", "benchmarks", "SECURITY.md", "CHANGELOG.md"):
        (tree / name).symlink_to(ROOT / name)
    argv = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-D", "nb_execution_mode=off"]
    done = subprocess.run([*argv, tree / "docs", folder], capture_output=True, text=True, cwd=tree)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def text_of(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def test_every_option_is_documented(pages) -> None:
    text = text_of(pages / "options.html")
    every = [CompileTraits, RunLine, *(commands.find(name).traits for name in commands.NAMES)]
    missing = {flag for traits in every for flag in flags_of(traits) if f"{flag}" not in text}
    assert missing == set()


def test_every_example_is_a_page(pages) -> None:
    names = {path.stem for path in (ROOT / "examples").glob("*.ipynb")}
    assert {path.stem for path in (pages / "tutorials").glob("*.html")} == {*names, "index"}


def test_no_page_loads_from_elsewhere(pages) -> None:
    outside = re.compile(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="https?://[^"]+"')
    found = {page.name: outside.findall(page.read_text(encoding="utf-8")) for page in pages.rglob("*.html")}
    assert {name: urls for name, urls in found.items() if urls} == {}
