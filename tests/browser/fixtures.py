"""Fixtures for browser tests; without a browser they are skipped loudly, and fail where ``CI`` is set."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

# The test modules import Playwright at their top; with CI set, that import fails and so do the tests.
collect_ignore_glob = [] if os.environ.get("CI") or importlib.util.find_spec("playwright") else ["test_*.py"]
ARTIFACTS = Path(__file__).parents[1] / "artifacts"


def pytest_terminal_summary(terminalreporter):
    if collect_ignore_glob:
        terminalreporter.write_line("BROWSER TESTS DID NOT RUN: pip install playwright", red=True)


def missing(what: str) -> None:
    """Skip loudly what cannot be tested here, or fail with ``CI``."""
    message = f"BROWSER TESTS DID NOT RUN: {what}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    from .harness import find_chromium, launch

    if find_chromium() is None:
        missing("no Chromium found; on Debian: apt install chromium")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """JupyterLab whose questions are asked by the widget, as where the extension is missing."""
    from .harness import LabServer

    with LabServer(tmp_path_factory.mktemp("lab"), disabled=["ssvm-kernel:prompts"]) as server:
        yield server


@pytest.fixture
def notebook(browser, lab):
    """A function that opens a notebook with given cells in a browser context of its own."""
    from .harness import NotebookPage

    contexts, pages = [], []

    def open_notebook(name, cells=None, *, viewport=(1100, 800)):
        context = browser.new_context(viewport={"width": viewport[0], "height": viewport[1]})
        contexts.append(context)
        page = NotebookPage(lab, context)
        pages.append(page)
        return page.open(name, cells)

    yield open_notebook
    for page in pages:
        page.close()
    for context in contexts:
        context.close()


@pytest.fixture
def artifacts():
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS
