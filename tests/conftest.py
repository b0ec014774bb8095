"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jupyter_client.connect import LocalPortCache

from tests.browser.fixtures import artifacts, browser, lab, notebook  # noqa: F401  (fixtures; one browser for all tests)
from tests.ports import free_port

TESTS = Path(__file__).parent
settings.register_profile("no clock decides", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock decides")


@pytest.fixture(scope="session", autouse=True)
def no_answers_of_the_person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the developer's own answers for always out of the tests, and those of the tests out of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session", autouse=True)
def ports_of_this_process() -> Iterator[None]:
    """Give the kernels that are started here ports that the other process which runs tests does not give to its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalPortCache, "find_available_port", lambda _, ip: free_port(ip))
        yield


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in an order in which they can share two worker processes (`PYTEST_ARGS` of the Makefile).

    Those of `host` come first: they look whether this process has children left, and a browser is one. Then come the
    browser tests, all in one worker: they take longest, and a small machine is too slow for two browsers at once.
    """

    def place(item: pytest.Item) -> int:
        folders = item.path.parents
        return 0 if TESTS / "host" in folders else 1 if TESTS / "browser" in folders else 2

    items.sort(key=place)
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()) or TESTS / "browser" in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))
