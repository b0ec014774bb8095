"""What the attacks share."""

from __future__ import annotations

import pytest

from .play import ENGINES, Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory):
    """A session without grants, in this process, with real workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        for name in ("CONFIG", "DATA", "STATE"):  # grants of the person who runs the tests are not for them
            patch.setenv(f"XDG_{name}_HOME", str(tmp_path_factory.mktemp(name.lower())))
        stage = Stage()
        yield stage
        stage.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine: the same rules hold in both."""
    return str(request.param)
