"""Models for the tests, and the libraries that compute them."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

from ssvm_kernel.host.lending import Lent, lend
from tests.tensorflow.calls import Calls

HERE = Path(__file__).parent
NEEDED = {"tflite": "ai_edge_litert", "tensorflow": "tensorflow", "images": "PIL", "onnx": "onnxruntime"}


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these in one process: each that loads TensorFlow takes half a gigabyte."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("tensorflow"))
            item.add_marker(pytest.mark.timeout(600))  # the first of them makes the models


def need(*extras: str) -> None:
    """Go on only with libraries: a loud skip on somebody's machine, a failure where all is promised."""
    missing = [extra for extra in extras if find_spec(NEEDED[extra]) is None]
    if missing:
        message = f"NOT TESTED, models need: pip install 'ssvm-kernel[{','.join(missing)}]'"
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """The folder of `build_models`."""
    need("tflite", "tensorflow", "images")
    folder = tmp_path_factory.mktemp("models")
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run(
        [sys.executable, HERE / "build_models.py", folder], check=True, env=quiet, capture_output=True, timeout=600
    )
    return folder


@pytest.fixture(scope="session")
def libraries() -> Lent:
    """What a worker would be lent, in this process: to call each function, no guest is needed."""
    need("tflite", "tensorflow", "images")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lent = lend(["tflite", "tensorflow", "images"])
    assert not lent.problems
    return lent


@pytest.fixture
def calls(libraries):
    """Makes a guest of one interface."""
    return lambda module, lent=libraries, **more: Calls(module, lent, **more)
