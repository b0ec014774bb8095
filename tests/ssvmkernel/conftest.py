"""Running SSVM kernels over ZMQ, with a front end that can show prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ssvm_kernel.kernel
from tests.deciders.frontend import PATIENT, FrontEnd
from tests.kernel.conftest import _python


def started_by() -> tuple[str, ...]:
    """Return what the kernelspec gives Python to start the kernel."""
    argv = json.loads((Path(ssvm_kernel.kernel.__file__).parent / "spec/kernel.json").read_text())["argv"]
    return tuple(argv[1 : argv.index("-f")])


class SsvmFrontEnd(FrontEnd):
    """A client of an SSVM kernel whose cells are WAT, so that no compiler is needed."""

    program = (*started_by(), "--language=wat")
    setup = "%%python\nkept = 42"

    def expect_whole(self) -> None:
        """Assert that the kernel has lost nothing."""
        assert self.run("%%python\nprint(kept)") == "42\n", "the kernel lost its state"


def running(tmp_path_factory, which: str):
    """Give a kernel of one environment with a cache and a configuration of its own."""
    folder = tmp_path_factory.mktemp("kernel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_TEST_KERNEL_PYTHON", _python(which))
        patch.setenv("SSVM_CACHE_DIR", str(folder / "cache"))
        patch.setenv("SSVM_CONFIG_DIR", str(folder / "config"))
        with SsvmFrontEnd(folder) as front_end:
            front_end.run(f"%%python\nimport os; os.chdir({str(folder)!r}); {PATIENT}")
            front_end.folder = folder
            yield front_end


@pytest.fixture(scope="module", params=["current", "oldest"])
def both(request, tmp_path_factory):
    """The current kernel, then the oldest that is supported."""
    yield from running(tmp_path_factory, request.param)


@pytest.fixture(scope="module")
def current(tmp_path_factory):
    """The current kernel alone."""
    yield from running(tmp_path_factory, "current")
