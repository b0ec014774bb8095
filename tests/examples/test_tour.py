"""The tour, run as a person without a browser would run it; its outputs are asserted, not only its end."""

from __future__ import annotations

import re

import pytest

from tests.examples.running import texts_of
from tests.toolchains.conftest import require


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> list[str]:
    """The text of each code cell's outputs."""
    require("c")
    require("rust")
    folder = tmp_path_factory.mktemp("tour")
    texts = texts_of("00-tour.ipynb", folder)
    assert not (folder / "tour-data/mine.txt").exists(), "a read-only folder was written"
    return texts


def test_hello(outputs) -> None:
    assert "Hello from WebAssembly!" in outputs[1]
    assert re.search(r"ssvm · cell-\d+ · jit · exit 0 · compile .* · instantiate .* · run .* · host", outputs[1])


def test_a_folder_is_not_there_and_then_it_is(outputs) -> None:
    assert "data: " in outputs[3]
    assert "GuestExit: the guest exited with status 1" in outputs[3]
    for line in ("pears.txt: three pears", "plums.txt: seven plums", "and it cannot write there"):
        assert line in outputs[4]


def test_a_command_is_denied_and_then_it_runs(outputs) -> None:
    assert 'Permission denied: Command "sort" is not in the white list.' in outputs[5]
    assert "DeniedError" in outputs[5]
    assert '--allow-command "sort -r"' in outputs[5]
    assert "│ plum\n│ pear\n│ apple" in outputs[6]
    assert "sort ended with 0\nplum\npear\napple" in outputs[6]


def test_the_engines_are_compared(outputs) -> None:
    assert "52527 takes the longest way to 1: 339 steps" in outputs[7]
    ratio = re.search(r"JIT is ([\d.]+)x faster per run \(95 % interval", outputs[7])
    assert ratio
    assert float(ratio[1]) > 5
