"""Guests that have models computed, in whole cells and on the command line: granted, not granted, broken."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains.base import CompileOptions
from ssvm_kernel.toolchains.cache import compile_cached
from tests.cli.conftest import START
from tests.deciders.frontend import FrontEnd
from tests.tensorflow import guests
from tests.tensorflow.test_images import picture
from tests.toolchains.conftest import require

pytestmark = pytest.mark.xdist_group("models")  # the cells are those of one notebook, one after the other

ANSWER = "0.6275 0.3137\n"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory, models):
    folder = tmp_path_factory.mktemp("kernel")
    (models / "picture.png").write_bytes(picture("PNG"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_TEST_KERNEL_PYTHON", sys.executable)
        patch.setenv("SSVM_CACHE_DIR", str(folder / "cache"))
        patch.setenv("SSVM_CONFIG_DIR", str(folder / "config"))
        with FrontEnd(folder) as front_end:
            front_end.run(f"import os; os.chdir({str(models)!r})")
            assert "rror" not in front_end.run("%load_ext ssvm_kernel\nkept = 42")
            yield front_end


@pytest.fixture
def cells(kernel):
    yield kernel
    assert kernel.run("print(kept)") == "42\n", "the kernel lost its state"


@pytest.fixture(scope="module", params=["ssvm", "wasmedge"])
def old_guest(request) -> bytes:
    require("c")
    return compile_cached(
        registry.get("c"), guests.OF_THAT_TIME.replace("PREFIX", request.param), CompileOptions("", ())
    ).wasm


def test_in_rust_a_model_is_computed_where_it_is_granted(cells) -> None:
    require("rust")
    text = cells.run(f"%%ssvm rust --name sees --dir .:.:ro --allow-models -o it\n{guests.IN_RUST}")
    assert ANSWER in text, text
    assert "was lent: --allow-models (by option)" in text
    assert "[ssvm] sees: the picture cannot be used" in text
    told = cells.run("print([(l.request.kind, l.request.argv, l.outcome.kind) for l in it.ledger])")
    assert told == "[('models', ['tflite'], 'lent'), ('models', ['images'], 'lent')]\n"
    assert "can have models computed and pictures decoded, if you grant it" in cells.run("%ssvm inspect sees")
    assert "tflite" in cells.run("%ssvm ledger")


def test_without_the_grant_it_is_denied_with_the_option_that_gives_it(cells) -> None:
    require("c")
    source = guests.OF_THAT_TIME.replace("PREFIX", "wasmedge")
    text = cells.run(f"%%ssvm c --name old --dir .:.:ro\n{source}")
    text = cells.run("%ssvm run old --dir .:.:ro -- several.tflite picture.png")
    assert "no session, picture 1\n" in text, text
    assert "<error DeniedError: old may not use TensorFlow Lite: it was not granted to have models computed" in text
    assert "to grant it: --allow-models" in text
    assert cells.run("%ssvm run old --dir .:.:ro --allow-models -- several.tflite picture.png").startswith(
        f"0 {ANSWER}"
    )
    assert "dry run: old tried this" in cells.run(
        "%ssvm run old --dir .:.:ro --allow-models --deny-all -- several.tflite picture.png"
    )


def test_an_administrator_can_forbid_it(cells, tmp_path) -> None:
    text = cells.run(
        "from pathlib import Path\n"
        "from ssvm_kernel.host.ceilingfile import read_ceiling\n"
        "from ssvm_kernel.capabilities.model import Grants, ModelGrant\n"
        f'file = Path({str(tmp_path / "ceiling.json")!r}); file.write_text(\'{{"version": 1, "models": false}}\')\n'
        "read_ceiling([file]).check(Grants(models=(ModelGrant(),)))"
    )
    assert "GrantError" in text
    assert "does not allow models" in text


def test_graphs_in_c_and_in_rust(cells) -> None:
    require("c")
    require("rust")
    assert "10 5\n" in cells.run(f"%%ssvm c --dir .:.:ro --allow-models\n{guests.GRAPH_IN_C}")
    text = cells.run(f"%%ssvm rust --name graph --dir .:.:ro --allow-models\n{guests.GRAPH_IN_RUST}")
    assert "[ssvm] TensorFlow is loaded into the guest's process" in text
    assert "TensorFlow is loaded" not in cells.run("%ssvm run graph --dir .:.:ro --allow-models"), "only once"
    assert "[10.0, 5.0] [3.0, 4.0] [8.0]\n" in text, text


def test_a_library_that_is_not_installed_is_named_with_the_command_that_installs_it(cells) -> None:
    require("c")
    cells.run(
        "import ssvm_kernel.modeling as modeling\n"
        "known = modeling.find_spec\n"
        "modeling.find_spec = lambda name: None if name == 'ai_edge_litert' else known(name)"
    )
    try:
        text = cells.run("%ssvm run old --dir .:.:ro --allow-models --no-raise -- several.tflite picture.png")
    finally:
        cells.run("modeling.find_spec = known")
    assert "no session, picture 0\n" in text, text
    assert 'old wants TensorFlow Lite, which is not installed. To install it: pip install "ssvm-kernel[tflite]"' in text


def test_a_guest_of_that_time_runs_unchanged_on_the_command_line(old_guest, kernel, models, tmp_path) -> None:
    (models / "guest.wasm").write_bytes(old_guest)
    environment = {**os.environ, "SSVM_CACHE_DIR": str(tmp_path), "SSVM_CONFIG_DIR": str(tmp_path)}

    def ssvm(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*START, *words], capture_output=True, text=True, cwd=models, env=environment, timeout=120, check=False
        )

    ended = ssvm("--dir", ".:.", "guest.wasm", "several.tflite", "picture.png")
    assert (ended.returncode, ended.stdout) == (0, f"0 {ANSWER}")
    assert "ssvm:" not in ended.stderr
    ended = ssvm("--dir", ".:.", "--deny-models", "guest.wasm", "several.tflite", "picture.png")
    assert (ended.returncode, ended.stdout) == (3, "no session, picture 1\n")
    assert "ssvm: guest.wasm may not use TensorFlow Lite: --deny-models was given" in ended.stderr
    ended = ssvm("--dir", ".:.", "guest.wasm", "picture.png", "several.tflite")
    assert (ended.returncode, ended.stdout) == (3, "no session, picture 1\n")
    assert "ssvm: guest.wasm: the model cannot be used: " in ended.stderr


def test_the_doctor_tells_which_libraries_there_are(cells) -> None:
    text = cells.run("%ssvm doctor")
    assert re.search(r"models: TensorFlow Lite +installed", text), text
    assert re.search(r"models: TensorFlow +installed", text), text


def test_both_engines_have_the_same_computed(cells) -> None:
    require("c")
    text = cells.run(
        "%ssvm run old --engine both --samples 5 --seconds 20 --dir .:.:ro --allow-models -- several.tflite picture.png"
    )
    assert f"0 {ANSWER}" in text, text
    assert "No ratio" not in text
    assert "rror" not in text


def test_a_called_function_has_models_too(cells) -> None:
    wat = (
        '(module (import "wasmedge_tensorflowlite" "wasmedge_tensorflowlite_create_session"'
        ' (func $c (param i32 i32) (result i64))) (memory (export "memory") 1)'
        ' (func (export "session") (result i64) (call $c (i32.const 0) (i32.const 0))))'
    )
    text = cells.run(f"%%ssvm wat --name called --call session --allow-models\n{wat}")
    assert "0\n" in text, text
    assert "[ssvm] called: the model is empty" in text
