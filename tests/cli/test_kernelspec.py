"""``ssvm kernel install`` and ``uninstall``: what Jupyter finds afterwards."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpecManager

from ssvm_kernel.cli.main import main


def specs(folder: Path) -> KernelSpecManager:
    return KernelSpecManager(kernel_dirs=[str(folder / "share/jupyter/kernels")], ensure_native_kernel=False)


def test_a_kernel_is_installed_under_a_prefix_and_removed(tmp_path, monkeypatch, capsys) -> None:
    assert main(["kernel", "install", "--prefix", str(tmp_path)]) == 0
    assert str(tmp_path) in capsys.readouterr().out
    spec = specs(tmp_path).get_kernel_spec("ssvm")
    assert (spec.argv[:2], spec.argv[3:]) == ([sys.executable, "-c"], ["-f", "{connection_file}"])
    assert (spec.language, spec.display_name) == ("ssvm", "SSVM (WebAssembly)")
    # what this ipykernel can do to protect the connection is used; the description in the wheel cannot know
    assert spec.metadata.get("supported_encryption") == get_kernel_dict()["metadata"].get("supported_encryption")
    assert {path.name for path in Path(spec.resource_dir).iterdir()} == {
        "kernel.json",
        "logo-32x32.png",
        "logo-64x64.png",
        "logo-svg.svg",
    }
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share/jupyter"))
    assert main(["kernel", "uninstall"]) == 0
    assert not Path(spec.resource_dir).exists()


def test_name_language_and_display_name(tmp_path) -> None:
    options = ["--prefix", str(tmp_path), "--name", "ssvm-c", "--language", "c"]
    assert main(["kernel", "install", *options]) == 0
    spec = specs(tmp_path).get_kernel_spec("ssvm-c")
    assert spec.argv[-1] == "--language=c"
    assert spec.display_name == "SSVM (c)"
    assert main(["kernel", "install", *options, "--display-name", "C in a box"]) == 0
    assert specs(tmp_path).get_kernel_spec("ssvm-c").display_name == "C in a box"


def test_it_goes_where_the_person_says(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "mine"))
    assert main(["kernel", "install", "--user"]) == 0
    assert (tmp_path / "mine/kernels/ssvm/kernel.json").exists()
    monkeypatch.setattr("ssvm_kernel.cli.kernelspec.sys.prefix", str(tmp_path / "env"))
    assert main(["kernel", "install"]) == 0
    assert (tmp_path / "env/share/jupyter/kernels/ssvm/kernel.json").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["install", "--user", "--prefix", "x"], "one of --user"),
        (["install", "--name", "a/b"], "cannot be a kernel's name"),
        (["install", "--language", "rustt"], "did you mean 'rust'"),
        (["install", "--usr"], "did you mean --user"),
        (["instal"], "install|uninstall"),
        ([], "usage"),
        (["uninstall", "--name", "no-such-kernel"], "no kernel"),
    ],
)
def test_what_makes_no_sense_is_said(words, says, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["kernel", *words]) == 1
    assert says in capsys.readouterr().err


def test_the_kernel_of_others_is_not_removed(tmp_path, monkeypatch, capsys) -> None:
    place = tmp_path / "kernels/other"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps({"argv": ["python", "-m", "other"], "display_name": "Other"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert main(["kernel", "uninstall", "--name", "other"]) == 1
    assert "not an SSVM kernel" in capsys.readouterr().err
    assert place.exists()


def test_help_tells_every_option(capsys) -> None:
    assert main(["kernel", "--help"]) == 0
    text = capsys.readouterr().out
    for option in ("--user", "--sys-prefix", "--prefix", "--name", "--display-name", "--language"):
        assert option in text
