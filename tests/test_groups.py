"""The groups of tests that share a worker process are kept: with pytest 9.2 they are lost without a word."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("kept")
def test_a_group_is_kept_by_the_scheduler(request: pytest.FixtureRequest) -> None:
    # Tests of one notebook, one cluster or one browser rely on it; pytest-xdist issue 1386 is how it was lost.
    grouped = "PYTEST_XDIST_WORKER" in os.environ and request.config.getoption("loadgroup", False)
    assert request.node.nodeid.endswith("@kept") == bool(grouped)


def test_all_browser_tests_are_in_one_group(request: pytest.FixtureRequest) -> None:
    # A mark that is added after the scheduler has looked is there, and does nothing.
    grouped = "PYTEST_XDIST_WORKER" in os.environ and request.config.getoption("loadgroup", False)
    ids = [item.nodeid for item in request.session.items if "browser" in getattr(item, "fixturenames", ())]
    assert {name.endswith("@browser") for name in ids} <= {bool(grouped)}
