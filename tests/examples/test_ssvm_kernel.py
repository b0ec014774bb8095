"""The notebook in the SSVM kernel: each cell shows what it is there to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssvm_kernel.cli.main import main
from tests.examples.running import texts_of
from tests.toolchains.conftest import require

SHOWN = {
    0: ["Hello from a cell without a magic!\n", "jit", "exit 0"],
    1: ["1 + 2 + ... + 100 = 5050\n", "counting"],
    2: ["cells are guests in: c --name counting"],
    4: ["42\n", "answer"],
    5: ["the command said: granted\n", "echo granted"],
    6: ["42\n", "answer can print", "fd_write"],
    7: ["CPython\n0 squared is 0\n1 squared is 1\n2 squared is 4\n"],
    8: ["UsageError", "%%python"],
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory) -> list[str]:
    require("c")
    require("rust")
    folder: Path = tmp_path_factory.mktemp("ssvm-kernel")
    with pytest.MonkeyPatch.context() as patch:
        # as the person does who has it from a wheel; a developer's environment may be older than the kernel
        assert main(["kernel", "install", "--prefix", str(folder)]) == 0
        patch.setenv("JUPYTER_PATH", str(folder / "share/jupyter"))
        return texts_of("06-ssvm-kernel.ipynb", folder)


@pytest.mark.parametrize("number", SHOWN)
def test_a_cell_shows_what_it_is_there_for(texts, number) -> None:
    for shown in SHOWN[number]:
        assert shown in texts[number]


def test_a_cell_of_comments_shows_nothing(texts) -> None:
    assert texts[3] == ""
