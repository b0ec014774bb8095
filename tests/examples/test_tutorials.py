"""The tutorials with host commands: what each cell is there to show is in its output."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.examples.running import EXAMPLES, need_tutorial_packages, texts_of
from tests.tensorflow.conftest import need
from tests.toolchains.conftest import require

GRAPH = "3.png is a 3 score 0.9" if find_spec("tensorflow") else "TensorFlow is not installed"

# The number of a code cell, and what is to be seen below it.
SHOWN: dict[str, dict[int, list[str]]] = {
    "10-http-proxy.ipynb": {
        4: [
            "http_proxy ended with -1: Permission denied",
            "DeniedError: mailer may not run http_proxy post http://127.0.0.1:",
            "to grant it: --allow-command 'http_proxy post http://127.0.0.1:",
        ],
        6: ['{"accepted": "ada@example.org"}\n', "└ exit 0 · ", " · 31 B out · 130 B in"],
        7: ["Dear Ada,\\nthis guest has no network."],
        8: ["DeniedError: mailer may not run http_proxy post http://127.0.0.1:", "/somebody/else"],
        11: ["no rates: status -1"],
        12: ["100 EUR are 94.00 CHF"],
        13: ["mailer In [4]", "denied", "exited 0", "130 B"],
    },
    "11-image-classification.ipynb": {
        3: ["of the unseen digits are read right"],
        5: ["model.npz: ", "GuestExit: the guest exited with status 1", "--pick lets you pick a folder"],
        6: ["DeniedError: classify may not run mobilenet_v2 "],
        7: ["3.ppm is a 3, confidence very high\n", "7.ppm is a 7, confidence "],
        8: [" of 8 are right"],
        9: ["status 1, and it says: mobilenet_v2: the model is neither an .npz file"],
    },
    "12-object-boxes.ipynb": {
        4: ["windows, model of "],
        5: ["DeniedError: finder may not run mtcnn ", '"min_size": [20]'],
        6: [" objects are in it\n", "└ exit 0 · "],
        7: ["and its box share"],
        8: ["GrantError: ", "mtcnn is run from ", "which the guest could replace"],
    },
    "13-ocr.ipynb": {
        3: ["DeniedError: reader may not run tesseract page.png stdout --dpi 70 -l eng"],
        4: ["this letter is a picture.\n", "16 words"],
        5: ["DeniedError: reader may not run tesseract page.png ../mail/forged"],
        7: ["['forged.txt', 'letter.png']"],
    },
    "40-models.ipynb": {
        3: ["of the unseen digits are read right", "model.npz", "model.tflite"],
        4: ["3.png: no scores", "DeniedError: in_rust may not use TensorFlow Lite", "to grant it: --allow-models"],
        5: ["3.png is a 3 score 0.9", "7.png is a 7 score 0.9", "was lent: --allow-models (by option)"],
        7: ["tflite", "denied", "lent"],
        9: ["3.png is a 3 score 0.9"],
        10: [GRAPH],
        11: ["mobilenet_v2 ", "└ exit 0 · ", "3.png is a 3 score 0.9"],
        12: ["Python, TensorFlow Lite", "Rust guest, TensorFlow Lite", "Rust guest, a program", "all agree"],
        13: ["[ssvm] in_c: the model cannot be used: ", "exit 1"],
    },
}


def test_every_tutorial_is_tried() -> None:
    assert set(SHOWN) == {path.name for path in EXAMPLES.glob("[14]*.ipynb")}


@pytest.mark.parametrize("name", SHOWN)
def test_each_cell_shows_what_it_is_there_for(name: str, tmp_path: Path, monkeypatch) -> None:
    require("c")
    if "ocr" in name:
        _need_tesseract()
    else:
        require("rust")
    need_tutorial_packages()
    if "models" in name:
        need("tflite", "images")
    for name_of_proxy in ("http_proxy", "HTTP_PROXY", "no_proxy"):
        monkeypatch.setenv(name_of_proxy, "http://127.0.0.1:1")  # a request that would not go where it is sent fails
    texts = texts_of(name, tmp_path, beside=("commands",))
    for number, wanted in SHOWN[name].items():
        missing = [text for text in wanted if text not in texts[number - 1]]
        assert not missing, f"cell {number} of {name} shows:\n{texts[number - 1]}"


def _need_tesseract() -> None:
    if shutil.which("tesseract") is None:
        message = "THE OCR TUTORIAL WAS NOT TESTED: it needs tesseract (tools/setup-system.sh tesseract)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
