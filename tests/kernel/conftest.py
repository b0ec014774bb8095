"""Real kernels over ZMQ with the extension loaded: the current one, and the oldest that is supported."""

from __future__ import annotations

import os
import sys

import pytest

from tests.deciders.frontend import PATIENT, FrontEnd


def _python(which: str) -> str:
    if which == "current":
        return sys.executable
    python = os.environ.get("SSVM_OLDEST_PYTHON", "")
    if not python:
        message = "THE OLDEST SUPPORTED VERSIONS WERE NOT TESTED: set SSVM_OLDEST_PYTHON, as 'make test' does"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return python


@pytest.fixture(scope="module", params=["current", "oldest"])
def kernel(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_TEST_KERNEL_PYTHON", _python(request.param))
        patch.setenv("SSVM_CACHE_DIR", str(folder / "cache"))
        patch.setenv("SSVM_CONFIG_DIR", str(folder / "config"))
        with FrontEnd(folder) as front_end:
            front_end.run(f"import os; os.chdir({str(folder)!r})")
            assert "rror" not in front_end.run("%load_ext ssvm_kernel\nkept = 42")
            yield front_end


@pytest.fixture
def cells(kernel):
    """The kernel with a front end that can show prompts, and a session without grants."""
    kernel.answers_ping = kernel.has_widgets = kernel.renders = True
    kernel.subshell = None
    kernel.run(f"%reload_ext ssvm_kernel\n{PATIENT}")
    yield kernel
    assert kernel.run("print(kept)") == "42\n", "the kernel lost its state"
