"""Fixtures for browser tests; without a browser they are skipped loudly, and fail where ``CI`` is set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ARTIFACTS = Path(__file__).parents[1] / "artifacts"


def _missing(what: str) -> None:
    message = f"BROWSER TESTS DID NOT RUN: {what}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("the Python package 'playwright' is not installed")
    from .harness import find_chromium, launch

    if find_chromium() is None:
        _missing("no Chromium found; on Debian: apt install chromium")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    from .harness import LabServer

    with LabServer(tmp_path_factory.mktemp("lab")) as server:
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
